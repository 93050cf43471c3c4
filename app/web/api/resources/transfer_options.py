"""What a call may say of a bank transfer: its kind, the currency's own, and where its account is kept."""

from typing import Any

from app.domain.errors import InvalidRequest
from app.web.api.call import Call
from app.web.api.fields import Choice, Field, Hash, refused
from app.web.api.objects.method_words import TRANSFER_KINDS

COUNTRIES = ("BE", "DE", "ES", "FR", "IE", "NL")
_PREFIX = "payment_method_options"
_KIND = f"{_PREFIX}[customer_balance][bank_transfer][type]"
_NO_OPTION = "what this method can do is settled; it takes no options."

OPTIONS: dict[str, Field] = {
    _PREFIX: Hash(
        {
            "customer_balance": Hash(
                {
                    "funding_type": Choice(("bank_transfer",), doc="Only `bank_transfer`."),
                    "bank_transfer": Hash(
                        {
                            "type": Choice(tuple(TRANSFER_KINDS.values()), doc="The currency's."),
                            "eu_bank_transfer": Hash(
                                {"country": Choice(COUNTRIES, doc="Where the account is kept.")}
                            ),
                            **refused("the account is what the bank has.", "requested_address_types"),
                        }
                    ),
                    **refused("a transfer is made once.", "setup_future_usage"),
                }
            ),
            **refused(
                _NO_OPTION,
                "acss_debit", "affirm", "afterpay_clearpay", "alipay", "alma", "amazon_pay",
                "au_becs_debit", "bacs_debit", "bancontact", "billie", "bizum", "blik", "boleto",
                "card", "card_present", "cashapp", "crypto", "eps", "fpx", "giropay",
                "grabpay", "ideal", "interac_present", "kakao_pay", "klarna", "konbini", "kr_card",
                "link", "mb_way", "mobilepay", "multibanco", "naver_pay", "nz_bank_account", "oxxo",
                "p24", "pay_by_bank", "payco", "paynow", "paypal", "payto", "pix", "promptpay",
                "revolut_pay", "samsung_pay", "satispay", "scalapay", "sepa_debit", "sofort",
                "sunbit", "swish", "twint", "upi", "us_bank_account", "wechat_pay", "zip",
            ),
        },
        doc="Of bank transfers alone, and not needed: the kind is the currency's.",
    )
}  # fmt: skip


def transfer_said(call: Call, currency: str) -> dict[str, Any]:
    """What is wanted of a transfer; raises InvalidRequest for a kind that the currency does not have."""
    options = (call.params.get(_PREFIX) or {}).get("customer_balance") or {}
    transfer = options.get("bank_transfer") or {}
    kind = transfer.get("type")
    if kind is not None and kind != TRANSFER_KINDS.get(currency):
        raise InvalidRequest(f"{kind} cannot be used for {currency}.", param=_KIND)
    country = (transfer.get("eu_bank_transfer") or {}).get("country")
    return {"transfer": {"country": country}} if country else {}
