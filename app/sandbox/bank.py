"""The platform's bank: transfers to merchants' accounts, their lives, and the bank's own books.

An instruction is known by its key for good: the same key never moves money twice, whatever it is
called. `bank_record` is the true record of it (append-only, by trigger): money that left, arrived,
or came back, written in the transaction that moves it. An account number is never kept, only its last
four characters and a fingerprint.
"""

import secrets
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson

from app.domain.currencies import CURRENCIES
from app.domain.money import Money
from app.sandbox import faults
from app.sandbox.bank_accounts import MICRO_MINOR, Behaviour, behaviour
from app.sandbox.call import Call
from app.sandbox.errors import Json
from app.sandbox.ids import new_id
from app.sandbox.store import Transaction

BANK_OPENS = 6  # UTC; what was accepted arrives when the bank opens on its day.
RETURN_DAYS = 2
FACTS = ("sent", "arrived", "came_back")
COLUMNS = (
    "seq",
    "account",
    "at",
    "fact",
    "currency",
    "amount",
    "reference",
    "transfer",
    "trace_id",
    "holder",
    "last4",
    "fingerprint",
)
TEXTS: dict[str, int] = {
    "reference": 64,
    "holder_name": 140,
    "country": 2,
    "currency": 3,
    "kind": 10,
    "number": 34,
    "routing": 11,
    "descriptor": 140,
}
OPTIONAL = ("routing", "descriptor")


class BankError(Exception):
    """The bank does not take the call: nothing was done. `status` is HTTP's."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def check(body: Any) -> Json:
    """The instruction, every field in its place; raises BankError naming the first that is wrong."""
    if not isinstance(body, dict):
        raise BankError(400, "invalid_request", "send a JSON object")
    for name in body:
        if name not in TEXTS and name != "amount":
            raise BankError(400, "invalid_request", f"unknown field: {name}")
    for name, most in TEXTS.items():
        value = body.get(name, "" if name in OPTIONAL else None)
        if not isinstance(value, str) or len(value) > most or not (value or name in OPTIONAL):
            raise BankError(400, "invalid_request", f"{name} is text of 1 to {most} characters")
    if type(body.get("amount")) is not int or body["amount"] <= 0:
        raise BankError(400, "invalid_request", "amount is a whole number of minor units above 0")
    if body["currency"] not in CURRENCIES or body["kind"] not in ("iban", "us_account"):
        raise BankError(400, "invalid_request", "no such currency or kind of account")
    return dict(body)


def place(call: Call, key: str, order: Json) -> tuple[Json, bool]:
    """Execute an instruction, or find what was done under its key; the flag says which."""
    print_ = sha256(orjson.dumps(order, option=orjson.OPT_SORT_KEYS)).hexdigest()
    row = call.unit.run(
        "SELECT fingerprint, transfer FROM bank_keys WHERE account = ? AND key = ?",
        (call.account, key),
    ).fetchone()
    if row is not None:
        if row[0] != print_:
            raise BankError(409, "key_reused", "this key was used for another instruction")
        return call.load("transfer", row[1]), True
    transfer = _open(call, order)
    call.unit.run(
        "INSERT INTO bank_keys (account, key, fingerprint, transfer) VALUES (?,?,?,?)",
        (call.account, key, print_, transfer["id"]),
    )
    return transfer, False


def _open(call: Call, order: Json) -> Json:
    lot = _lot(call, order)
    day = next_business_day(_day(call.now))
    is_micro = order["amount"] < MICRO_MINOR and lot.takes_micro
    transfer = {
        "id": new_id("tr"),
        "object": "transfer",
        "reference": order["reference"],
        "amount": order["amount"],
        "currency": order["currency"],
        "holder_name": order["holder_name"],
        "country": order["country"],
        "last4": order["number"][-4:],
        "descriptor": order.get("descriptor", ""),
        "status": "accepted",
        "code": None,
        "message": None,
        "trace_id": f"SBX{secrets.randbelow(10**12):012d}",
        "arrival_date": day.isoformat(),
        "created": call.now,
        "paid_at": None,
        "returned_at": None,
        "_ends": "paid_at_once" if is_micro else lot.ends,
        "_code": None if is_micro else lot.code,
        "_account": sha256(f"{order.get('routing', '')}/{order['number']}".encode()).hexdigest(),
    }
    call.insert(transfer, owner=order["reference"])
    if transfer["_ends"] == "refused":
        return _refuse(call, transfer)
    write(call, "sent", transfer)
    if transfer["_ends"] == "paid_at_once":
        pay(call, transfer["id"])
        return call.load("transfer", transfer["id"])
    chore = "transfer_comes_back" if transfer["_ends"] == "returned" else "transfer_arrives"
    call.unit.chore(call.account, chore, transfer["id"], _opening(day))
    return transfer


def _lot(call: Call, order: Json) -> Behaviour:
    """What becomes of it: by an armed fault, else by the account."""
    forced = faults.take(call.unit, "transfer_outcome", call.account)
    if forced is not None:
        ends, code = str(forced.get("outcome", "refused")), str(forced.get("code", "declined"))
        return Behaviour(ends, code, "as a fault wants it", takes_micro=False)
    return behaviour(order["kind"], order.get("routing", ""), order["number"])


def _refuse(call: Call, transfer: Json) -> Json:
    transfer |= {"status": "refused", "code": transfer["_code"], "trace_id": None}
    transfer |= {"arrival_date": None, "message": f"Refused: {transfer['_code']}."}
    return call.save(transfer)


def pay(call: Call, transfer_id: str) -> None:
    """It arrives; some come back later."""
    transfer = call.load("transfer", transfer_id)
    if transfer["status"] != "accepted":
        return
    transfer |= {"status": "paid", "paid_at": call.now}
    call.save(transfer)
    write(call, "arrived", transfer)
    if transfer["_ends"] == "paid_then_returned":
        day = _day(call.now)
        for _ in range(RETURN_DAYS):
            day = next_business_day(day)
        call.unit.chore(call.account, "transfer_comes_back", transfer_id, _opening(day))


def come_back(call: Call, transfer_id: str) -> None:
    """The other bank sends it back."""
    transfer = call.load("transfer", transfer_id)
    if transfer["status"] not in ("accepted", "paid"):
        return
    transfer |= {"status": "returned", "code": transfer["_code"], "returned_at": call.now}
    transfer["message"] = f"Returned: {transfer['_code']}."
    call.save(transfer)
    write(call, "came_back", transfer)


def hurry(unit: Transaction, account: str | None, reference: str | None, now: float) -> None:
    """Whatever transfers are waiting for is due now; of one reference if asked."""
    unit.run(
        "UPDATE chores SET due = ? WHERE kind IN ('transfer_arrives', 'transfer_comes_back')"
        " AND (? IS NULL OR account = ?) AND (? IS NULL OR subject IN"
        " (SELECT id FROM objects WHERE kind = 'transfer' AND owner = ?))",
        (now, account, account, reference, reference),
    )


def write(call: Call, fact: str, transfer: Json) -> None:
    """Money moved, to or from the account of the transfer."""
    if fact not in FACTS:
        raise ValueError(f"unknown fact: {fact}")
    call.unit.run(
        "INSERT INTO bank_record (account, at, fact, currency, amount, reference, transfer,"
        " trace_id, holder, last4, fingerprint) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            call.account,
            call.now,
            fact,
            transfer["currency"],
            transfer["amount"],
            transfer["reference"],
            transfer["id"],
            transfer["trace_id"],
            transfer["holder_name"],
            transfer["last4"],
            transfer["_account"],
        ),
    )


def record(unit: Transaction, account: str | None, reference: str | None) -> Json:
    """The true record, oldest first, with what is gone for good per currency."""
    rows = unit.run(
        f"SELECT {', '.join(COLUMNS)} FROM bank_record"  # noqa: S608 - Names of this file.
        " WHERE (? IS NULL OR account = ?) AND (? IS NULL OR reference = ?) ORDER BY seq",
        (account, account, reference, reference),
    )
    found = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    gone: dict[str, int] = {}
    for row in found:
        sign = {"sent": 1, "came_back": -1}.get(row["fact"], 0)
        gone[row["currency"]] = gone.get(row["currency"], 0) + sign * row["amount"]
    return {"facts": found, "gone": gone}


def statement(unit: Transaction, account: str, first: date, last: date) -> list[Json]:
    """What was booked on the platform's account on those days, oldest first; money out is negative."""
    lines = []
    for row in record(unit, account, None)["facts"]:
        day = _day(row["at"])
        if row["fact"] == "arrived" or not first <= day <= last:
            continue
        is_out = row["fact"] == "sent"
        lines.append(
            {
                "line": row["seq"],
                "booked_on": day.isoformat(),
                "amount": -row["amount"] if is_out else row["amount"],
                "currency": row["currency"],
                "kind": "transfer" if is_out else "return",
                "reference": row["reference"],
                "trace_id": row["trace_id"],
                "text": f"{row['holder']} ···{row['last4']}",
            }
        )
    return lines


def latest(unit: Transaction, limit: int = 25) -> list[Json]:
    """The newest transfers of all accounts, for people: amounts written out."""
    rows = unit.run(
        "SELECT account, body FROM objects WHERE kind = 'transfer' ORDER BY seq DESC LIMIT ?",
        (limit,),
    ).fetchall()
    found = []
    for account, text in rows:
        transfer = orjson.loads(text)
        shown = str(Money(transfer["amount"], transfer["currency"]))
        found.append(transfer | {"account": account, "shown": shown})
    return found


def next_business_day(day: date) -> date:
    """The first Monday to Friday after it."""
    day += timedelta(days=1)
    return day + timedelta(days=7 - day.weekday()) if day.weekday() >= 5 else day


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()


def _opening(day: date) -> float:
    return datetime(day.year, day.month, day.day, BANK_OPENS, tzinfo=UTC).timestamp()
