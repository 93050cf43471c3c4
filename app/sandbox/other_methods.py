"""Payment methods that are not cards: what each kind is made from, and what is kept of it."""

from app.sandbox import banks
from app.sandbox.banks import Account
from app.sandbox.errors import Json, StripeError, missing
from app.sandbox.params import Reader, anything, hash_of, one_of, string
from app.sandbox.providers import PROVIDERS, described

TYPES = ("sepa_debit", "us_bank_account", "customer_balance", *PROVIDERS)
DATA: dict[str, Reader] = {
    "sepa_debit": hash_of({"iban": string(64)}),
    "us_bank_account": hash_of(
        {
            "account_holder_type": one_of("individual", "company"),
            "account_number": string(40),
            "account_type": one_of("checking", "savings"),
            "financial_connections_account": string(255),
            "routing_number": string(20),
        }
    ),
    "customer_balance": hash_of({}),
    "paypal": anything,
    "klarna": hash_of({"dob": anything}),
}
# What has an account that is debited.
DEBITED = ("sepa_debit", "us_bank_account")
_LIVE = "This is not one of the test bank accounts; the sandbox takes no real one."


def named(name: str) -> Json | None:
    """What to make the payment method of a published name from; None if there is no such name."""
    if name not in banks.NAMED:
        return None
    kind, number = banks.NAMED[name]
    if kind == "sepa_debit":
        return {"type": kind, kind: {"iban": number}, "_verified": True}
    account = {"account_number": number, "routing_number": banks.ROUTING_NUMBER}
    return {"type": kind, kind: account, "_verified": True}


def details(given: Json) -> Json:
    """The part of a payment method that its kind has a name for; raises what is wrong with the number."""
    kind: str = given["type"]
    if kind in PROVIDERS:
        return described(kind)
    if not given.get(kind) and kind in DEBITED:
        raise missing(kind)
    return _MAKERS[kind](given.get(kind) or {})


def account_of(method: Json) -> Account:
    """The row of the table behind a stored payment method."""
    return banks.BY_FINGERPRINT[method[method["type"]]["fingerprint"]]


def _refused(code: str, message: str, param: str) -> StripeError:
    return StripeError(message, code=code, param=param, is_validation=True)


def _sepa(given: Json) -> Json:
    if not given.get("iban"):
        raise missing("sepa_debit[iban]")
    iban = given["iban"].replace(" ", "").upper()
    if not banks.passes_mod97(iban):
        raise _refused(
            "invalid_bank_account_iban", "The IBAN you provided is invalid.", "sepa_debit[iban]"
        )
    account = banks.BY_NUMBER.get(iban)
    if account is None:
        raise _refused("bank_account_unusable", _LIVE, "sepa_debit[iban]")
    return {
        "bank_code": iban[4:9] if iban.startswith("AT") else iban[4:12],
        "branch_code": "",
        "country": iban[:2],
        "fingerprint": account.fingerprint,
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": account.last4,
    }


def _us(given: Json) -> Json:
    linked = given.get("financial_connections_account")
    number, routing = given.get("account_number"), given.get("routing_number")
    if linked:
        number, routing = banks.LINKED.get(linked), banks.ROUTING_NUMBER
    for name, value in (("account_number", number), ("routing_number", routing)):
        if not value:
            raise missing(f"us_bank_account[{name}]")
    if not banks.passes_routing(str(routing)):
        raise _refused(
            "routing_number_invalid",
            "The bank routing number you provided is invalid.",
            "us_bank_account[routing_number]",
        )
    account = banks.BY_NUMBER.get(str(number))
    if account is None or routing != banks.ROUTING_NUMBER:
        raise _refused("bank_account_unusable", _LIVE, "us_bank_account[account_number]")
    return {
        "account_holder_type": given.get("account_holder_type") or "individual",
        "account_type": given.get("account_type") or "checking",
        "bank_name": "SANDBOX TEST BANK",
        "financial_connections_account": linked or None,
        "fingerprint": account.fingerprint,
        "last4": account.last4,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": routing,
        "status_details": {},
    }


def _balance(_given: Json) -> Json:
    return {}


_MAKERS = {"sepa_debit": _sepa, "us_bank_account": _us, "customer_balance": _balance}
