"""A person, or a test, lets a transfer arrive: which account, how much, and what was written on it."""

from decimal import Decimal, InvalidOperation

from flask import Blueprint, Response

from app.sandbox import bank_transfers, cash
from app.sandbox.call import Call
from app.sandbox.control import BadControlError, answer, given
from app.sandbox.errors import Json
from app.sandbox.store import Transaction
from app.sandbox.wire_money import show
from app.sandbox.world import World, current_world

blueprint = Blueprint("transfers", __name__)
MOST_AT_ONCE = 20
MOST_MINOR = 10**12


def arrives(world: World, body: Json) -> Json:
    """A transfer arrives at the account of a payment's customer, of a customer, or with this number."""
    account = str(body.get("account"))
    amount, times = body.get("amount"), body.get("times", 1)
    if type(amount) is not int or not 0 < amount <= MOST_MINOR:
        raise BadControlError("amount is a whole number of minor units")
    if type(times) is not int or not 0 < times <= MOST_AT_ONCE:
        raise BadControlError(f"times is at most {MOST_AT_ONCE}")
    with world.store.transaction() as unit:
        call = Call(unit=unit, account=account, clock=world.clock)
        customer, currency = _destination(unit, account, body)
        if currency not in bank_transfers.KINDS:
            raise BadControlError("currency is eur or usd")
        reference, sender = str(body.get("reference") or ""), str(body.get("sender") or "Ada Novak")
        entries = [
            bank_transfers.arrive(call, customer, amount, currency, reference, sender)
            for _ in range(times)
        ]
    world.stir()
    return {"transfers": [one["id"] for one in entries], "customer": customer["id"]}


def _destination(unit: Transaction, account: str, body: Json) -> tuple[Json, str]:
    currency = str(body.get("currency") or "eur").lower()
    intent = unit.find(account, "payment_intent", str(body.get("payment_intent")))
    if intent is not None:
        currency = str(body.get("currency") or intent["currency"]).lower()
    wanted = intent["customer"] if intent is not None else body.get("customer")
    number = "".join(str(body.get("number") or "").upper().split())
    for customer in unit.every(account, "customer"):
        mine = {bank_transfers.number_of(customer["id"], one): one for one in bank_transfers.KINDS}
        if customer["id"] == wanted:
            return customer, currency
        if number in mine:
            return customer, mine[number]
    raise BadControlError("nobody has that account: the bank sends the money back")


def units(text: str) -> int:
    """`25.00` as minor units; 0 for what is no amount."""
    try:
        value = Decimal(text.strip() or "0") * 100
    except InvalidOperation:
        return 0
    is_whole = value.is_finite() and value == value.to_integral_value()
    return int(value) if is_whole and 0 < value <= MOST_MINOR else 0


def shown(unit: Transaction, accounts: list[str]) -> list[Json]:
    """Every payment that waits for a transfer or was paid by one, newest first, for the control page."""
    found = [
        {
            "account": account,
            "intent": intent["id"],
            "number": bank_transfers.number_of(intent["customer"], intent["currency"]),
            "reference": intent["_reference"],
            "amount": show(intent["amount"], intent["currency"]),
            "due": show(intent["amount"] - intent["_funded"], intent["currency"]),
            "status": intent["status"].replace("_", " "),
            "kept": show(_kept(unit, account, intent), intent["currency"]),
        }
        for account in accounts
        for intent in unit.every(account, "payment_intent")
        if intent.get("_reference")
    ]
    return found[-25:][::-1]


def _kept(unit: Transaction, account: str, intent: Json) -> int:
    customer = unit.find(account, "customer", intent["customer"])
    return cash.available(customer, intent["currency"]) if customer else 0


@blueprint.post("/control/api/transfers")
def let_arrive() -> Response:
    return answer(arrives(current_world(), given()), 201)
