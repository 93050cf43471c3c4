"""Payment by bank transfer: an account for each customer, what arrives there, and which payment it pays.

Money that arrives is the customer's. It is set aside for the payments that wait for it: the one whose
reference was written, else the one whose amount it is, else the oldest. A payment is made when all of it is
there; what is too much stays the customer's, and pays for their next payment.
"""

from hashlib import sha256

from app.sandbox import cash, charges, record
from app.sandbox.balance import book
from app.sandbox.banks import ROUTING_NUMBER
from app.sandbox.call import Call
from app.sandbox.confirmation import settle
from app.sandbox.customers import load as load_customer
from app.sandbox.errors import Json, StripeError, invalid, missing
from app.sandbox.events import emit
from app.sandbox.ids import token

KINDS = {"eur": "eu_bank_transfer", "usd": "us_bank_transfer"}
COUNTRIES = ("BE", "DE", "ES", "FR", "IE", "NL")
INSTRUCTIONS = "display_bank_transfer_instructions"
MOST_FEE = 500
_ADDRESS = {
    "city": "Sandbox", "country": "US", "line1": "1 Loopback Road", "line2": None,
    "postal_code": "00001", "state": None,
}  # fmt: skip


def begin(call: Call, intent: Json, method: Json) -> None:
    """Pay from what the customer has; tell them where to send the rest."""
    if intent["customer"] is None:
        raise missing("customer")
    if intent["capture_method"] == "manual":
        raise _invalid("capture_method", "customer_balance does not support manual capture.")
    _check_options(call, intent)
    customer = load_customer(call, intent["customer"])
    intent |= {"status": "requires_action", "last_payment_error": None}
    intent.setdefault("_funded", 0)
    intent.setdefault("_reference", token(10).upper())
    method["_used"] = True
    call.save(method)
    _show(intent, customer)
    call.save(intent)
    if not _apply(call, intent, customer):
        emit(call, "payment_intent.requires_action", intent)


def _check_options(call: Call, intent: Json) -> None:
    given = (call.param("payment_method_options") or {}).get("customer_balance") or {}
    if given.get("funding_type") != "bank_transfer":
        raise missing("payment_method_options[customer_balance][funding_type]")
    transfer = given.get("bank_transfer") or {}
    kind = KINDS.get(intent["currency"])
    name = "payment_method_options[customer_balance][bank_transfer]"
    if transfer.get("type") != kind or kind is None:
        raise invalid(
            f"{transfer.get('type')} cannot be used with {intent['currency']}.",
            param=f"{name}[type]",
        )
    country = (transfer.get(kind) or {}).get("country")
    if kind == "eu_bank_transfer" and country not in COUNTRIES:
        raise invalid(
            f"Invalid country: must be one of {', '.join(COUNTRIES)}.",
            param=f"{name}[eu_bank_transfer][country]",
        )


def _invalid(param: str, message: str) -> StripeError:
    return StripeError(message, code="payment_intent_invalid_parameter", param=param)


def _digits(customer: str, count: int) -> str:
    return str(int(sha256(f"transfers:{customer}".encode()).hexdigest(), 16))[-count:]


def _iban(customer: str) -> str:
    body = f"20202200{_digits(customer, 10)}"
    check = 98 - int(f"{body}131400") % 97
    return f"DE{check:02d}{body}"


def number_of(customer: str, currency: str) -> str:
    """The number of the account that is this customer's alone."""
    return _iban(customer) if currency == "eur" else _digits(customer, 12)


def _addresses(customer: Json, intent: Json) -> list[Json]:
    holder = {
        "account_holder_address": _ADDRESS,
        "account_holder_name": "Sandbox Payments",
        "bank_address": _ADDRESS,
    }
    number = number_of(customer["id"], intent["currency"])
    if intent["currency"] == "eur":
        # The sandbox's bank is in one country, whichever was asked for.
        iban = {**holder, "bic": "SXPYDEHHXXX", "country": "DE", "iban": number}
        return [{"iban": iban, "supported_networks": ["sepa"], "type": "iban"}]
    aba = {
        **holder,
        "account_number": number,
        "account_type": "checking",
        "bank_name": "SANDBOX TEST BANK",
        "routing_number": ROUTING_NUMBER,
    }
    return [{"aba": aba, "supported_networks": ["ach", "domestic_wire_us"], "type": "aba"}]


def _show(intent: Json, customer: Json) -> None:
    intent["next_action"] = {
        INSTRUCTIONS: {
            "amount_remaining": intent["amount"] - intent["_funded"],
            "currency": intent["currency"],
            "financial_addresses": _addresses(customer, intent),
            "hosted_instructions_url": None,
            "reference": intent["_reference"],
            "type": KINDS[intent["currency"]],
        },
        "type": INSTRUCTIONS,
    }


def _apply(call: Call, intent: Json, customer: Json) -> bool:
    """Set aside what the customer has for a payment that waits; whether there was anything."""
    currency = intent["currency"]
    part = min(cash.available(customer, currency), intent["amount"] - intent["_funded"])
    if part <= 0:
        return False
    about = {"payment_intent": intent["id"]}
    cash.enter(call, customer, "applied_to_payment", -part, currency, about)
    intent["_funded"] += part
    if intent["_funded"] == intent["amount"]:
        _pay(call, intent)
        return True
    _show(intent, customer)
    call.save(intent)
    emit(call, "payment_intent.partially_funded", intent)
    return True


def _pay(call: Call, intent: Json) -> None:
    """All of it is there: the payment is made, and is the merchant's on the same day."""
    method = call.load("payment_method", intent["payment_method"], param="payment_method")
    amount = intent["amount"]
    fee = min(amount * 5 // 1000, MOST_FEE)
    charge = charges.blank(call, intent, method) | {
        "amount_captured": amount,
        "captured": True,
        "outcome": None,
        "paid": True,
        "payment_method_details": {"customer_balance": {}, "type": "customer_balance"},
        "status": "succeeded",
    }
    call.insert(charge, owner=intent["id"])
    record.write(call, "authorised", amount, charge)
    record.write(call, "captured", amount, charge, fee=fee)
    charge["balance_transaction"] = book(
        call, "payment", amount, charge, fee=fee, bypasses_pending=True
    )["id"]
    call.save(charge)
    intent |= {"latest_charge": charge["id"], "next_action": None}
    emit(call, "charge.succeeded", charge)
    settle(call, intent, amount)


def arrive(
    call: Call, customer: Json, amount: int, currency: str, reference: str, sender: str
) -> Json:
    """A transfer arrives in the customer's account."""
    kind = KINDS[currency]
    told: Json = {"sender_name": sender}
    told |= {"bic": "TESTDEFF", "iban_last4": "3000"} if currency == "eur" else {"network": "ach"}
    about = {"bank_transfer": {kind: told, "reference": reference or None, "type": kind}}
    entry = cash.enter(call, customer, "funded", amount, currency, about)
    emit(call, "cash_balance.funds_available", cash.balance(customer))
    for intent in _waiting(call, customer, currency, amount, reference):
        _apply(call, intent, customer)
    return entry


def _waiting(call: Call, customer: Json, currency: str, amount: int, reference: str) -> list[Json]:
    """The customer's payments that wait for money, in the order in which they get it."""
    found = [
        one
        for one in call.unit.every(call.account, "payment_intent")
        if one["customer"] == customer["id"]
        and one["currency"] == currency
        and one["status"] == "requires_action"
        and (one["next_action"] or {}).get("type") == INSTRUCTIONS
    ]
    written = "".join(reference.upper().split())

    def rank(one: Json) -> tuple[bool, bool]:
        is_named = bool(written) and one["_reference"] in written
        return not is_named, one["amount"] - one["_funded"] != amount

    return sorted(found, key=rank)


def let_go(call: Call, intent: Json) -> None:
    """A payment that ends unpaid gives back what was set aside for it."""
    part = intent.get("_funded", 0)
    if part and intent["status"] != "succeeded":
        customer = load_customer(call, intent["customer"])
        about = {"payment_intent": intent["id"]}
        cash.enter(call, customer, "unapplied_from_payment", part, intent["currency"], about)
        intent["_funded"] = 0
        call.save(intent)
