"""The true record: what really happened to money, written by the bank side when it happens.

Append-only, by trigger. A fact is written in the transaction that moves the money, whatever becomes
of the reply, so tests compare books against it and not against what anybody was told. `amount` and
`fee` are the processor's wire units, `amount_minor` and `fee_minor` ISO 4217's; totals are in ISO
minor units. An Adyen payment's pspReference stands in `payment_intent` and `charge`.
"""

from collections import defaultdict

import orjson

from app.sandbox import adyen_money
from app.sandbox.auth import ACCOUNT
from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.store import Transaction
from app.sandbox.wire_money import from_wire

# Each fact and the totals it adds to.
FACTS = (
    "authorised", "captured", "released", "refunded", "refund_failed", "returned", "received",
    "sent_back", "came_back",
)  # fmt: skip


def write(
    call: Call, fact: str, amount: int, charge: Json, *, fee: int = 0, refund: Json | None = None
) -> None:
    """Money moved. `amount` and `fee` are wire units, never negative."""
    if fact not in FACTS:
        raise ValueError(f"unknown fact: {fact}")
    metadata = {**charge["metadata"], **((refund or {}).get("metadata") or {})}
    call.unit.run(
        "INSERT INTO record (account, at, fact, currency, amount, fee, payment_intent, charge,"
        " refund, metadata) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            call.account,
            call.now,
            fact,
            charge["currency"],
            amount,
            fee,
            charge["payment_intent"],
            charge["id"],
            refund and refund["id"],
            orjson.dumps(metadata).decode(),
        ),
    )


def facts(
    unit: Transaction,
    account: str,
    *,
    payment_intent: str | None = None,
    metadata: dict[str, str] | None = None,
) -> list[Json]:
    """The facts of an account, oldest first, of one payment or carrying a reference if asked."""
    rows = unit.run(
        "SELECT seq, at, fact, currency, amount, fee, payment_intent, charge, refund, metadata"
        " FROM record WHERE account = ? AND (? IS NULL OR payment_intent = ?) ORDER BY seq",
        (account, payment_intent, payment_intent),
    )
    minor = from_wire if account.startswith(ACCOUNT) else adyen_money.from_wire
    found = []
    for row in rows:
        carried = orjson.loads(row[9])
        if metadata and any(carried.get(key) != value for key, value in metadata.items()):
            continue
        found.append(
            {
                "seq": row[0],
                "at": row[1],
                "fact": row[2],
                "currency": row[3],
                "amount": row[4],
                "amount_minor": minor(row[4], row[3]),
                "fee": row[5],
                "fee_minor": minor(row[5], row[3]),
                "payment_intent": row[6],
                "charge": row[7],
                "refund": row[8],
                "metadata": carried,
            }
        )
    return found


def totals(rows: list[Json]) -> dict[str, Json]:
    """Per currency, in ISO minor units. `net` = captured - fees - refunded + refund_failed - returned."""
    sums: dict[str, dict[str, int]] = defaultdict(
        lambda: dict.fromkeys((*FACTS, "fees", "net", "charges"), 0)
    )
    for row in rows:
        total = sums[row["currency"]]
        total[row["fact"]] += row["amount_minor"]
        total["fees"] += row["fee_minor"]
        total["charges"] += row["fact"] == "authorised"
    for total in sums.values():
        came = total["captured"] + total["refund_failed"]
        total["net"] = came - total["fees"] - total["refunded"] - total["returned"]
    return dict(sums)


def answer(
    unit: Transaction, account: str, payment_intent: str | None, metadata: dict[str, str]
) -> Json:
    """The JSON of `GET /record`."""
    rows = facts(unit, account, payment_intent=payment_intent, metadata=metadata)
    payments = {
        intent: totals([row for row in rows if row["payment_intent"] == intent])
        for intent in dict.fromkeys(row["payment_intent"] for row in rows if row["payment_intent"])
    }
    return {"account": account, "facts": rows, "totals": totals(rows), "payments": payments}


def accounts(unit: Transaction) -> list[str]:
    """Every account that has objects."""
    return [row[0] for row in unit.run("SELECT DISTINCT account FROM objects ORDER BY account")]
