"""The shape of an error."""

from app.web.api.error_codes import ERRORS
from app.web.api.schemas.dsl import Schema, ident, optional, refer, shape, text, word

ERROR = shape(
    "What was wrong with a request.",
    error=shape(
        "",
        type=word(
            "api_error", "card_error", "idempotency_error", "invalid_request_error",
            doc="The class of error; SDKs choose their exception by it and the status.",
        ),
        message=text("In words, for people."),
        code=optional(word(*sorted(ERRORS), doc="Which error; never renamed.")),
        param=optional(text("The parameter at fault.")),
        doc_url=optional(text("Where the code is explained.")),
        request_log_url=optional(text("This request in the dashboard's log.")),
        decline_code=optional(text("Why the bank declined, as far as it may be told.")),
        advice_code=optional(
            word("confirm_card_data", "do_not_try_again", "try_again_later",
                 doc="What would help a declined card.")
        ),
        charge=optional(ident("ch", "The charge that was declined.")),
        payment_intent=optional(refer("payment_intent", "The payment that was declined.")),
        payment_method=optional(refer("payment_method", "The card that was tried.")),
    ),
)  # fmt: skip
SCHEMAS: dict[str, Schema] = {"error": ERROR}
