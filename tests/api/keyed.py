"""Every POST of the API, once each way it can go: how it is asked, and what it makes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.api.client import Api, basket, order
from tests.api.possessions import DAYS_UNTIL_PAYOUT, HOOK, connected_seller, good
from tests.factories import VISA

Json = dict[str, Any]
PAYMENT = ("payment.intent_recorded", "payment.processor_answered", "payment.outcome_recorded")
REFUND = ("refund.intent_recorded", "refund.processor_answered")
INTENTS, ENDPOINTS = "/v1/payment_intents", "/v1/webhook_endpoints"
# No parameter of any call: refused before the key is looked at.
UNKNOWN = {"no_such_parameter": "x"}


@dataclass(frozen=True)
class Ask:
    """One request on objects made for it. `other` changes its body to another one that would do;
    `wrong` are changes for which it is refused before anything is done.
    """

    path: str
    body: Json = field(default_factory=dict)
    other: Json = field(default_factory=lambda: {"metadata": {"other": "yes"}})
    wrong: tuple[Json, ...] = ()

    def refused(self) -> Iterable[Json]:
        """Bodies that are not valid."""
        return [merged(self.body, change) for change in (UNKNOWN, *self.wrong)]


@dataclass(frozen=True)
class Case:
    """One way that a route can go.

    `makes`: table → rows. `calls`: what the processor is asked to do. `dies_at`: the named places on
    the way. `status`: what the first request is answered. `is_money`: it is known for ever. `after`: how
    long after everything else it can be asked.
    """

    route: str
    prepare: Callable[[Api], Ask]
    makes: dict[str, int] = field(default_factory=dict)
    calls: tuple[str, ...] = ()
    dies_at: tuple[str, ...] = ()
    status: int = 200
    is_money: bool = False
    how: str = ""
    after: timedelta = timedelta()

    @property
    def name(self) -> str:
        """The route, and which way it goes where there are several."""
        return f"{self.route} {self.how}".strip()


def merged(body: Json, change: Json) -> Json:
    """The body with some parameters changed; None leaves one out."""
    return {name: value for name, value in (body | change).items() if value is not None}


def paying(path: str, **more: Any) -> Callable[[Api], Ask]:
    """A payment of its own."""
    return lambda api: Ask(path, order(**more), {"amount": 5001}, ({"amount": 1},))


def customer(api: Api) -> str:
    """A customer without a card."""
    return str(good(api.post("/v1/customers", {"name": "Ada"}))["id"])


def kept(api: Api) -> tuple[str, str]:
    """A customer and the card that they keep."""
    owner = customer(api)
    return owner, good(api.post(f"/v1/payment_methods/{VISA}/attach", {"customer": owner}))["id"]


def intent(api: Api, **more: Any) -> Json:
    """A payment, tried if `confirm` says so."""
    found: Json = good(api.post(INTENTS, order(**more)))
    return found


def refund(api: Api) -> str:
    """A refund of a part."""
    body = {"payment_intent": intent(api, confirm=True)["id"], "amount": 100}
    return str(good(api.post("/v1/refunds", body))["id"])


def session(api: Api) -> str:
    """An open checkout."""
    return str(good(api.post("/v1/checkout/sessions", basket()))["id"])


def endpoint(api: Api) -> str:
    """An endpoint; the others go, since an account has only so many."""
    for known in good(api.get(f"{ENDPOINTS}?limit=100"))["data"]:
        path = f"{ENDPOINTS}/{known['id']}"
        api.open("DELETE", path, {"Authorization": f"Bearer {api.secret_key}"})
    return str(good(api.post(ENDPOINTS, {"url": HOOK, "enabled_events": ["*"]}))["id"])


def updating_intent(api: Api) -> Ask:
    path = f"{INTENTS}/{intent(api)['id']}"
    return Ask(path, {"description": "changed"}, wrong=({"amount": 1},))


def confirming(api: Api) -> Ask:
    _, foreign = kept(api)
    path = f"{INTENTS}/{intent(api)['id']}/confirm"
    other = {"receipt_email": "other@example.com"}
    return Ask(path, {"payment_method": VISA}, other, ({"payment_method": foreign},))


def capturing(api: Api) -> Ask:
    held = intent(api, confirm=True, capture_method="manual")["id"]
    wrong = ({"amount_to_capture": 0}, {"final_capture": "perhaps"})
    return Ask(f"{INTENTS}/{held}/capture", {}, {"amount_to_capture": 100}, wrong)


def canceling(**more: Any) -> Callable[[Api], Ask]:
    """A cancellation of a payment that is held, or that was not tried."""

    def prepare(api: Api) -> Ask:
        path = f"{INTENTS}/{intent(api, **more)['id']}/cancel"
        wrong = {"cancellation_reason": "no reason"}
        return Ask(path, {}, {"cancellation_reason": "duplicate"}, (wrong,))

    return prepare


def refunding(**more: Any) -> Callable[[Api], Ask]:
    """A refund, of all that is left if no amount is said."""

    def prepare(api: Api) -> Ask:
        paid, another = intent(api, confirm=True), intent(api, confirm=True)
        wrong = (
            {"charge": another["latest_charge"]},
            {"payment_intent": "pi_of_nobody"},
            {"payment_intent": None, "charge": "ch_of_nobody"},
            {"amount": 0},
        )
        body = {"payment_intent": paid["id"], **more}
        return Ask("/v1/refunds", body, {"amount": 101}, wrong)

    return prepare


def refunding_sent_on(api: Api) -> Ask:
    plan = {"transfer_data": {"destination": connected_seller(api)}, "application_fee_amount": 500}
    body = {"payment_intent": intent(api, confirm=True, **plan)["id"], "reverse_transfer": True}
    return Ask("/v1/refunds", body | {"refund_application_fee": True}, {"amount": 101})


def updating_customer(api: Api) -> Ask:
    _, foreign = kept(api)
    wrong = {"invoice_settings": {"default_payment_method": foreign}}
    return Ask(f"/v1/customers/{customer(api)}", {"name": "Eve"}, wrong=(wrong,))


def creating_customer(**more: Any) -> Callable[[Api], Ask]:
    """A customer, with a card that is kept from the start if one is named."""
    wrong = {"invoice_settings": {"default_payment_method": "pm_of_nobody"}}
    return lambda api: Ask("/v1/customers", {"name": "Eve", **more}, wrong=(wrong,))


def attaching(api: Api) -> Ask:
    path = f"/v1/payment_methods/{VISA}/attach"
    return Ask(path, {"customer": customer(api)}, {"expand": ["customer"]}, ({"customer": None},))


def detaching(api: Api) -> Ask:
    _, method = kept(api)
    return Ask(f"/v1/payment_methods/{method}/detach", {}, {"expand": ["customer"]})


def opening_session(api: Api) -> Ask:
    return Ask(
        "/v1/checkout/sessions",
        basket(),
        wrong=({"currency": "eur"}, {"customer": "cus_of_nobody"}),
    )


def expiring(api: Api) -> Ask:
    path = f"/v1/checkout/sessions/{session(api)}/expire"
    return Ask(path, {}, {"expand": ["line_items"]})


def creating_endpoint(api: Api) -> Ask:
    endpoint(api)
    body = {"url": HOOK, "enabled_events": ["*"]}
    wrong = ({"enabled_events": ["*", "charge.refunded"]}, {"url": "http://192.0.2.1/hook"})
    return Ask(ENDPOINTS, body, wrong=wrong)


def updating_endpoint(api: Api) -> Ask:
    path = f"{ENDPOINTS}/{endpoint(api)}"
    return Ask(path, {"description": "changed"}, wrong=({"url": "http://192.0.2.1/hook"},))


def noting(make: Callable[[Api], str], path: str) -> Callable[[Api], Ask]:
    """A change of metadata alone."""
    body = {"metadata": {"changed": "yes"}}
    return lambda api: Ask(path.format(make(api)), body, wrong=({"metadata": "words"},))


def held(api: Api) -> Json:
    """A payment that is held for a seller."""
    return intent(api, confirm=True, escrow={"enabled": True})


def transferring(api: Api) -> Ask:
    body = {
        "amount": 900,
        "currency": "usd",
        "destination": connected_seller(api),
        "source_transaction": held(api)["latest_charge"],
    }
    return Ask(
        "/v1/transfers", body, {"amount": 901}, ({"amount": 0}, {"destination": "acct_of_nobody"})
    )


def transfer(api: Api) -> str:
    """A part of a held payment that was released."""
    ask = transferring(api)
    return str(good(api.post(ask.path, ask.body))["id"])


def reversing(api: Api) -> Ask:
    path = f"/v1/transfers/{transfer(api)}/reversals"
    return Ask(path, {"amount": 100}, {"amount": 101}, ({"amount": 0},))


def reversal(api: Api) -> str:
    """The address of a reversal."""
    ask = reversing(api)
    return f"{ask.path}/{good(api.post(ask.path, ask.body))['id']}"


def hold_path(api: Api) -> str:
    """The address of what is held of a payment."""
    held_id = held(api)["id"]
    [hold] = good(api.get(f"/v1/escrow_holds?payment_intent={held_id}"))["data"]
    return f"/v1/escrow_holds/{hold['id']}"


def freezing(api: Api) -> Ask:
    reason = {"reason": "The parcel is lost"}
    return Ask(f"{hold_path(api)}/freeze", reason, {"reason": "Another"}, ({"reason": None},))


def unfreezing(api: Api) -> Ask:
    path = hold_path(api)
    good(api.post(f"{path}/freeze", {"reason": "The parcel is lost"}))
    return Ask(f"{path}/unfreeze", {}, {"expand": ["payment_intent"]})


def releasing(api: Api) -> Ask:
    path = hold_path(api)
    seller = connected_seller(api)
    parts = [{"amount": 900, "destination": seller}]
    other = {"parts": [{"amount": 901, "destination": seller}]}
    return Ask(f"{path}/release", {"parts": parts}, other)


def payout(api: Api) -> str:
    """A payout that the bank does not know of yet."""
    return str(good(api.post("/v1/payouts", {"amount": 100, "currency": "usd"}))["id"])


def paying_out(api: Api) -> Ask:
    # One that was made before takes what is left of others that were canceled.
    payout(api)
    body = {"amount": 200, "currency": "usd"}
    return Ask("/v1/payouts", body, {"amount": 201}, ({"amount": 0},))


def canceling_payout(api: Api) -> Ask:
    return Ask(f"/v1/payouts/{payout(api)}/cancel", {}, {"expand": ["balance_transaction"]})


ONE_CALL = {"operations": 1}
ONE_PAYMENT = {"payments": 1, "operations": 1}
KEPT = ("open_customer", "keep_method")

CASES = (
    Case("POST /payments", paying("/payments"), ONE_PAYMENT, ("authorize",), PAYMENT, is_money=True),
    Case("POST /v1/payment_intents", paying(INTENTS), {"payments": 1}, dies_at=PAYMENT[:1],
         is_money=True),
    Case("POST /v1/payment_intents", paying(INTENTS, confirm=True), ONE_PAYMENT, ("authorize",),
         PAYMENT, is_money=True, how="confirmed"),
    Case("POST /v1/payment_intents", paying(INTENTS, confirm=True, expand=["latest_charge"]),
         ONE_PAYMENT, ("authorize",), PAYMENT, is_money=True, how="expanded"),
    Case("POST /v1/payment_intents", paying(INTENTS, confirm=True, capture_method="manual"),
         ONE_PAYMENT, ("authorize",), PAYMENT, is_money=True, how="held"),
    Case("POST /v1/payment_intents/{intent}", updating_intent),
    Case("POST /v1/payment_intents/{intent}/confirm", confirming, ONE_CALL, ("authorize",), PAYMENT,
         is_money=True),
    Case("POST /v1/payment_intents/{intent}/capture", capturing, ONE_CALL, ("capture",), PAYMENT,
         is_money=True),
    Case("POST /v1/payment_intents/{intent}/cancel",
         canceling(confirm=True, capture_method="manual"), ONE_CALL, ("cancel",), PAYMENT,
         is_money=True),
    Case("POST /v1/payment_intents/{intent}/cancel", canceling(), is_money=True, how="untried"),
    Case("POST /v1/refunds", refunding(amount=100), {"refunds": 1}, ("refund",), REFUND,
         is_money=True),
    Case("POST /v1/refunds", refunding(), {"refunds": 1}, ("refund",), REFUND, is_money=True,
         how="of all"),
    Case("POST /v1/refunds", refunding_sent_on,
         {"refunds": 1, "transfers": 1, "transfer_reversals": 1}, ("refund",), REFUND,
         is_money=True, how="of what was sent on"),
    Case("POST /v1/refunds/{refund}", noting(refund, "/v1/refunds/{}")),
    # Always refused here: the refusal is what is told again.
    Case("POST /v1/refunds/{refund}/cancel",
         lambda api: Ask(f"/v1/refunds/{refund(api)}/cancel", {}, {"expand": ["charge"]}),
         status=400),
    Case("POST /v1/customers", creating_customer(), {"customers": 1}),
    Case("POST /v1/customers", creating_customer(payment_method=VISA),
         {"customers": 1, "payment_methods": 1}, KEPT, how="with a card"),
    Case("POST /v1/customers/{customer}", updating_customer),
    Case("POST /v1/payment_methods/{method}/attach", attaching, {"payment_methods": 1}, KEPT),
    Case("POST /v1/payment_methods/{method}/detach", detaching, calls=("drop_method",)),
    Case("POST /v1/checkout/sessions", opening_session, {"checkout_sessions": 1}),
    Case("POST /v1/checkout/sessions/{session}", noting(session, "/v1/checkout/sessions/{}")),
    Case("POST /v1/checkout/sessions/{session}/expire", expiring, is_money=True),
    Case("POST /v1/transfers", transferring, {"transfers": 1}, is_money=True),
    Case("POST /v1/transfers/{transfer}", noting(transfer, "/v1/transfers/{}")),
    Case("POST /v1/transfers/{transfer}/reversals", reversing, {"transfer_reversals": 1},
         is_money=True),
    Case("POST /v1/transfers/{transfer}/reversals/{reversal}", noting(reversal, "{}")),
    Case("POST /v1/escrow_holds/{hold}/release", releasing, {"transfers": 1}, is_money=True),
    Case("POST /v1/payouts", paying_out, {"payouts": 1}, is_money=True,
         after=DAYS_UNTIL_PAYOUT),
    Case("POST /v1/payouts/{payout}", noting(payout, "/v1/payouts/{}"),
         after=DAYS_UNTIL_PAYOUT),
    Case("POST /v1/payouts/{payout}/cancel", canceling_payout, after=DAYS_UNTIL_PAYOUT),
    Case("POST /v1/escrow_holds/{hold}/freeze", freezing),
    Case("POST /v1/escrow_holds/{hold}/unfreeze", unfreezing),
    Case("POST /v1/webhook_endpoints", creating_endpoint, {"webhook_endpoints": 1}),
    Case("POST /v1/webhook_endpoints/{endpoint}", updating_endpoint),
)  # fmt: skip
