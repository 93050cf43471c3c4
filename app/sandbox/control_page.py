"""The control page: the same controls as the API, for a person at a screen. Plain forms, no
script."""

import time
from typing import Any

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.sandbox import (
    bank,
    bank_accounts,
    bank_api,
    cards,
    control,
    faults,
    idempotency,
    record,
    transfers_api,
    wallets,
)
from app.sandbox.adyen import shown as adyen
from app.sandbox.declines import DECLINES
from app.sandbox.errors import Json
from app.sandbox.store import Transaction
from app.sandbox.wire_money import show
from app.sandbox.world import World, current_world

blueprint = Blueprint("control_page", __name__)

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# What people do most, as one button each.
QUICK: tuple[tuple[str, str, Json], ...] = (
    ("Decline the next card", "The issuer refuses: insufficient funds.",
     {"kind": "decline", "decline_code": "insufficient_funds"}),
    ("Drop the reply before charging", "The line is cut; no money moves.", {"kind": "drop_before"}),
    ("Drop the reply after charging", "Money moves; nobody is told.", {"kind": "drop_after"}),
    ("500 before charging", "An error that is stored under the key.", {"kind": "error_before"}),
    ("500 after charging", "Money moves; the answer is an error.", {"kind": "error_after"}),
    ("Answer 8 seconds late", "The charge happens first.", {"kind": "delay_after", "seconds": 8}),
    ("429, retry later", "Nothing is executed.", {"kind": "rate_limit", "retry_after": 2}),
    ("Lie about the amount", "The reply says one unit more.", {"kind": "wrong_amount", "delta": 1}),
    ("Unknown status", "The reply carries a status nobody knows.", {"kind": "unknown_status"}),
    ("Mute webhooks", "Until disarmed; deliver them later.",
     {"kind": "mute_webhooks", "count": None}),
    ("Deliver webhooks twice", "Until disarmed.", {"kind": "duplicate_webhooks", "count": None}),
    ("Shuffle webhooks", "Until disarmed; latest first.",
     {"kind": "shuffle_webhooks", "window_seconds": 2, "count": None}),
    ("Fail the next refund", "Pending first, then failed.",
     {"kind": "refund_outcome", "outcome": "pending_then_failed"}),
    ("Adyen has no connection", "Nothing is sent; the key may be sent again.",
     {"kind": "no_connection"}),
    ("Adyen loses the bank's answer", "Money moves; only a notification will tell.",
     {"kind": "ioexception"}),
    ("Refuse the next capture", "Adyen receives it, then tells that it failed.",
     {"kind": "capture_outcome", "outcome": "refused"}),
    ("Drop the bank's reply", "The next transfer leaves; nobody is told.",
     {"kind": "drop_after", "route": "POST /bank/v1/transfers"}),
    ("Send the next transfer back", "It leaves and comes back: account closed.",
     {"kind": "transfer_outcome", "outcome": "returned", "code": "account_closed"}),
)  # fmt: skip
SHOWN = 25
_NUMBERS = ("seconds", "retry_after", "delta", "copies", "window_seconds")


THREE_D_WORDS = {
    "required": "asks for 3D Secure",
    "required_off_session_too": "always asks for 3D Secure",
    "enrolled_off_session": "asks for 3D Secure when the customer is there",
    "optional": "can do 3D Secure, does not ask for it",
    "lookup_error": "3D Secure fails technically, declined",
    "attempt_error": "3D Secure fails technically when tried",
}


def purpose(card: cards.Card) -> str:
    """What a test card is for, in a few words."""
    words = [THREE_D_WORDS[card.three_d]] if card.three_d in THREE_D_WORDS else []
    if card.decline:
        words.append(f"declined: {card.decline.replace('_', ' ')}")
    if card.checks and not card.decline:
        words.append(", ".join(f"{name} check {how}" for name, how in card.checks.items()))
    if card.risk != "normal":
        words.append(f"risk {card.risk}")
    if card.refund != "now":
        words.append(f"refunds {card.refund.replace('_', ' ')}")
    if card.bypasses_pending:
        words.append("available at once")
    if card.dispute:
        words.append("succeeds (disputes come later)")
    return ", then ".join(words) or f"succeeds ({card.brand} {card.funding}, {card.country})"


def _when(seconds: int) -> str:
    return time.strftime("%d %b %H:%M:%S", time.gmtime(seconds))


def _charges(unit: Transaction) -> list[Json]:
    rows = unit.run(
        "SELECT account, body FROM objects WHERE kind = 'charge' ORDER BY seq DESC LIMIT ?",
        (SHOWN,),
    ).fetchall()
    found = []
    for account, text in rows:
        charge = orjson.loads(text)
        kind = charge["payment_method_details"]["type"]
        method = charge["payment_method_details"][kind]
        if charge["disputed"]:
            word, tone = "taken back", "bad"
        elif charge["status"] == "pending":
            word, tone = "waits for the bank", "soft"
        elif charge["status"] == "failed":
            word, tone = charge["failure_code"].replace("_", " "), "bad"
        elif charge["amount_refunded"]:
            word, tone = "refunded" if charge["refunded"] else "partly refunded", "soft"
        elif charge["captured"]:
            word, tone = "captured", "good"
        else:
            word, tone = "authorised", "soft"
        found.append(
            {
                "account": account,
                "amount": show(charge["amount"], charge["currency"]),
                "created": charge["created"],
                "card": _paid_with(kind, method),
                "id": charge["id"],
                "intent": charge["payment_intent"],
                "tone": tone,
                "word": word,
            }
        )
    return found


def _payments(unit: Transaction) -> list[Json]:
    """The latest charges of either processor."""
    rows = [*_charges(unit), *adyen.latest(unit, SHOWN)]
    rows.sort(key=lambda row: -row["created"])
    return [row | {"when": _when(row["created"])} for row in rows[:SHOWN]]


def _paid_with(kind: str, method: Json) -> str:
    wallet = (method.get("wallet") or {}).get("type")
    text = f"{method.get('brand', kind)} ···· {method.get('last4', '')}"
    return f"{text} · {wallets.TITLES[wallet]}" if wallet else text


def _context(world: World) -> dict[str, Any]:
    with world.store.transaction() as unit:
        deliveries = control.deliveries(unit, None, SHOWN)
        return {
            "accounts": record.accounts(unit),
            "armed": [fault.as_json() for fault in faults.armed(unit)],
            "bank_accounts": bank_accounts.shown(),
            "cards": [(_spaced(card.number), purpose(card)) for card in cards.CARDS],
            "adyen_cards": [(_spaced(number), text) for number, text in adyen.numbers()],
            "charges": _payments(unit),
            "declines": sorted(DECLINES),
            "deliveries": [row | {"when": _when(row["created"])} for row in deliveries],
            "kinds": faults.KINDS,
            "now": _when(world.clock.now()),
            "offset": world.clock.offset_seconds,
            "quick": [(title, text) for title, text, _ in QUICK],
            "route": faults.DEFAULT_ROUTE,
            "incoming": transfers_api.shown(unit, record.accounts(unit)),
            "wallets": [
                (name, title, name in wallets.offered(unit))
                for name, title in wallets.TITLES.items()
            ],
            "transfers": [row | {"when": _when(row["created"])} for row in bank.latest(unit)],
        }


def _spaced(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def _fault_of(form: dict[str, str]) -> Json:
    account = form.get("account") or None
    if form.get("quick", "").isdigit():
        return {**QUICK[int(form["quick"]) % len(QUICK)][2], "account": account}
    body: Json = {"kind": form.get("kind"), "account": account, "route": form.get("route") or None}
    count = form.get("count", "1")
    body["count"] = int(count) if count.isdigit() else None
    allowed = faults.KINDS.get(str(body["kind"]), ())
    for name in allowed:
        value = form.get(name, "")
        if value and name in _NUMBERS and value.isdigit():
            body[name] = int(value)
        elif value and name not in _NUMBERS:
            body[name] = value
    return body


@blueprint.get("/control")
def control_page() -> Response:
    response = Response(render_template("control/page.html", **_context(current_world())))
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/")
def home() -> AnyResponse:
    return redirect("/control")


def _own_page_only() -> None:
    # Another site's page must not arm faults through the browser of whoever runs the sandbox.
    if request.headers.get("Origin", request.host_url.rstrip("/")) != request.host_url.rstrip("/"):
        raise control.BadControlError("forms are taken from the control page only")


@blueprint.post("/control/do/wallets")
def choose_wallets() -> AnyResponse:
    _own_page_only()
    with current_world().store.transaction() as unit:
        wallets.offer(unit, request.form.getlist("offered"))
    return redirect("/control", 303)


@blueprint.post("/control/do/transfer")
def transfer() -> AnyResponse:
    _own_page_only()
    form = request.form.to_dict()
    account, _, intent = form.get("to", "").partition(" ")
    amount = transfers_api.units(form.get("amount", ""))
    told = {"account": account, "payment_intent": intent, "amount": amount}
    transfers_api.arrives(current_world(), told | {"reference": form.get("reference", "")})
    return redirect("/control", 303)


@blueprint.post("/control/do/<what>")
def act(what: str) -> AnyResponse:
    _own_page_only()
    form = request.form.to_dict()
    if what == "arm":
        control.arm(current_world(), _fault_of(form))
    elif what == "disarm":
        number = form.get("id", "")
        with current_world().store.transaction() as unit:
            faults.disarm(unit, int(number) if number.isdigit() else None)
    elif what == "redeliver":
        control.redeliver(current_world(), {"event": form.get("event") or None})
    elif what == "advance":
        hours = form.get("hours", "")
        current_world().advance(int(hours) * 3600 if hours.isdigit() and len(hours) < 5 else 0)
    elif what == "settle":
        bank_api.hurry()
    elif what == "prune":
        with current_world().store.transaction() as unit:
            idempotency.prune(unit, None, current_world().clock.now())
    return redirect("/control", 303)
