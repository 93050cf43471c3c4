"""The shape of what a customer is told who pays by bank transfer."""

from app.web.api.objects.method_words import TRANSFER_KINDS
from app.web.api.schemas.dsl import array, currency, maybe, optional, shape, text, whole, word
from app.web.api.schemas.parts import ADDRESS

_HOLDER = {
    "account_holder_address": ADDRESS,
    "account_holder_name": text("The recipient."),
    "bank_address": ADDRESS,
}
INSTRUCTIONS = shape(
    "Where the customer is to send the money.",
    amount_remaining=whole("What is still due, in minor units."),
    currency=currency(),
    financial_addresses=array(
        shape(
            "One account; it is this customer's alone.",
            type=word("iban", "aba"),
            iban=optional(
                shape(
                    "", **_HOLDER, bic=text("The bank."), country=text("Its country."), iban=text()
                )
            ),
            aba=optional(
                shape(
                    "",
                    **_HOLDER,
                    account_number=text(),
                    account_type=text(),
                    bank_name=text(),
                    routing_number=text(),
                )
            ),
            supported_networks=array(text("How money can be sent there.")),
        )
    ),
    hosted_instructions_url=text(
        "The page that tells the customer the same, and what has arrived."
    ),
    reference=maybe(
        text("What the customer writes on the transfer, so that it finds the payment.")
    ),
    type=word(*TRANSFER_KINDS.values()),
)
