"""A payment method that a call makes by itself: where nothing secret is typed, its kind says it all."""

from dataclasses import dataclass, field
from typing import Any

from app.domain.bank_money import is_transfer
from app.domain.errors import InvalidRequest, ParameterMissing
from app.domain.methods import METHODS, method_of
from app.domain.methods.facts import token_of
from app.domain.money import Money
from app.services import methods
from app.services.methods import MethodChoice
from app.web.api.call import Call
from app.web.api.fields import Choice, Email, Field, Hash, Text, need, refused
from app.web.api.objects.method_words import api_type, method_name
from app.web.api.resources.transfer_options import transfer_said

DATA_TYPES = tuple(api_type(one.name) for one in METHODS.values() if one.is_by_name)
_NO_DATA = (
    "card and account data never come to us; send the token of the secure fields as payment_method."
)
_NO_SUCH = "this kind is not offered."
_NO_ADDRESS = "only the country is told to the provider."
_PREFIX = "payment_method_data"
_COUNTRY = f"{_PREFIX}[billing_details][address][country]"

DATA: dict[str, Field] = {
    _PREFIX: Hash(
        {
            "type": need(Choice(DATA_TYPES, doc="The kind.")),
            "billing_details": Hash(
                {
                    "address": Hash(
                        {
                            "country": Text(2, doc="Where the customer is; two letters."),
                            **refused(
                                _NO_ADDRESS, "city", "line1", "line2", "postal_code", "state"
                            ),
                        },
                        doc="Where they are; Klarna needs it.",
                    ),
                    "email": Email(doc="The customer's; receipt_email if not said."),
                    "name": Text(150, doc="The customer's."),
                    **refused("it is not told to the provider.", "phone", "tax_id"),
                },
                doc="Who pays.",
            ),
            "paypal": Hash({}, doc="Empty."),
            "klarna": Hash(refused("Klarna asks for it.", "dob"), doc="Empty."),
            "customer_balance": Hash({}, doc="Empty."),
            **refused(_NO_DATA, "card", "sepa_debit", "us_bank_account"),
            **refused("keep it in the payment's metadata.", "metadata"),
            **refused("risk is not told by the caller.", "radar_options"),
            **refused("nothing is kept for a later payment.", "allow_redisplay"),
            **refused(
                _NO_SUCH,
                "acss_debit", "affirm", "afterpay_clearpay", "alipay", "alma", "amazon_pay",
                "au_becs_debit", "bacs_debit", "bancontact", "billie", "bizum", "blik", "boleto",
                "cashapp", "crypto", "eps", "fpx", "giropay", "grabpay", "ideal",
                "interac_present", "kakao_pay", "konbini", "kr_card", "link", "mb_way", "mobilepay",
                "multibanco", "naver_pay", "nz_bank_account", "oxxo", "p24", "pay_by_bank", "payco",
                "paynow", "payto", "pix", "promptpay", "revolut_pay", "samsung_pay", "satispay",
                "scalapay", "sofort", "sunbit", "swish", "twint", "upi", "wechat_pay", "zip",
            ),
        },
        doc="A payment for which nothing is typed, instead of payment_method: next_action says what to do.",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """The kind by our name, what stands for its token, and who pays."""

    name: str
    token: str
    email: str | None
    payer: str | None
    said: dict[str, Any] = field(default_factory=dict)


def given_in(call: Call, currency: str) -> Given | None:
    """The method that the call makes, if it makes one; raises InvalidRequest for what contradicts it."""
    data = call.params.get(_PREFIX)
    if data is None:
        return None
    if call.params.get("payment_method"):
        raise InvalidRequest("Send payment_method or payment_method_data, not both.", param=_PREFIX)
    if call.params.get("off_session"):
        raise InvalidRequest(
            "The customer has to act themselves; off_session cannot be.", param="off_session"
        )
    name = method_name(data["type"])
    billing = data.get("billing_details") or {}
    country = (billing.get("address") or {}).get("country")
    email = billing.get("email") or call.params.get("receipt_email")
    if method_of(name).markets:
        for found, param in ((country, _COUNTRY), (email, f"{_PREFIX}[billing_details][email]")):
            if not found:
                raise ParameterMissing(param)
    said = transfer_said(call, currency) | ({"country": country.upper()} if country else {})
    payer = billing.get("name") or call.params.get("customer_name")
    return Given(name, token_of(name), email, payer, said)


def made_by(call: Call, given: Given | None, customer_id: str | None) -> MethodChoice | None:
    """What a payment is tried with, where the call makes it: a transfer, out of the customer's balance."""
    if given is None:
        return None
    if customer_id is None or not is_transfer(given.name):
        return MethodChoice(given.token)
    reference = methods.reference_of(call.deps, call.merchant_id, customer_id)
    return MethodChoice(given.token, customer_reference=reference)


def refuse_unworkable(given: Given, amount: Money, *, is_held: bool) -> None:
    """Raise InvalidRequest where the provider would not take the payment from there."""
    method = method_of(given.name)
    if not method.takes(amount, is_held=is_held, country=given.said.get("country")):
        raise InvalidRequest(
            f"{method.title} cannot take this payment from there: see its countries and limits.",
            param=_COUNTRY if method.markets else f"{_PREFIX}[type]",
        )
