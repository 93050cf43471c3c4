"""The merchant's balance at the processor: one row per movement, its fee, and when it becomes
available.

Everything settles in the charge's own currency. A row is pending until `available_on`, two days
after it was written, and its status follows the clock.
"""

from collections import defaultdict

from app.sandbox.call import Call, public
from app.sandbox.errors import Json
from app.sandbox.ids import new_id
from app.sandbox.lists import Where, page
from app.sandbox.params import EXPAND, PAGE, RANGE, Spec, string

SETTLEMENT_SECONDS = 2 * 24 * 3600

LIST: Spec = {
    **PAGE,
    "created": RANGE,
    "currency": string(3),
    "payout": string(255),
    "source": string(255),
    "type": string(100),
}
RETRIEVE: Spec = {"expand": EXPAND}
BALANCE: Spec = {"expand": EXPAND}


def book(
    call: Call,
    kind: str,
    amount: int,
    source: Json,
    *,
    fee: int = 0,
    bypasses_pending: bool = False,
) -> Json:
    """A movement of the balance, `amount` signed and gross, in wire units."""
    now = call.now
    available = now if bypasses_pending else (now + SETTLEMENT_SECONDS) // 86400 * 86400
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": source["currency"],
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return call.insert(
        {
            "id": new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": available,
            "balance_type": "payments",
            "created": now,
            "currency": source["currency"],
            "description": source.get("description"),
            "exchange_rate": None,
            "fee": fee,
            "fee_details": details if fee else [],
            "net": amount - fee,
            "reporting_category": kind,
            "source": source["id"],
            "status": "pending",
            "type": kind,
        },
        owner=source["id"],
    )


def retrieve_balance(call: Call) -> Json:
    """GET /v1/balance."""
    sums: dict[str, dict[str, int]] = {
        "available": defaultdict(int),
        "pending": defaultdict(int),
    }
    for row in call.unit.every(call.account, "balance_transaction"):
        sums[public(row, call.now)["status"]][row["currency"]] += row["net"]
    currencies = sorted({code for part in sums.values() for code in part}) or ["usd"]
    parts: Json = {
        name: [
            {"amount": part[code], "currency": code, "source_types": {"card": part[code]}}
            for code in currencies
        ]
        for name, part in sums.items()
    }
    return {
        "object": "balance",
        "available": parts["available"],
        "livemode": False,
        "pending": parts["pending"],
        "refund_and_dispute_prefunding": {
            "available": [{"amount": 0, "currency": code} for code in currencies],
            "pending": [{"amount": 0, "currency": code} for code in currencies],
        },
    }


def list_transactions(call: Call) -> Json:
    """GET /v1/balance_transactions."""
    where: Where = []
    for name in ("currency", "type"):
        if name in call.params:
            where.append((f"json_extract(body, '$.{name}') = ?", call.params[name].lower()))
    if "source" in call.params:
        where.append(("owner = ?", call.params["source"]))
    if "payout" in call.params:
        where.append(("1 = ?", 0))
    return page(call, "balance_transaction", "/v1/balance_transactions", where)


def retrieve(call: Call) -> Json:
    """GET /v1/balance_transactions/{id}."""
    return public(call.load("balance_transaction", call.path["id"]), call.now)
