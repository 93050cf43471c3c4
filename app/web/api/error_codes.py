"""ERRORS: every code that an answer of the API can carry: what it means and what to do about it.

A code is a promise: documented here, never renamed. The page that explains it is its `doc_url`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One code; `statuses` are the HTTP statuses that it comes with."""

    statuses: tuple[int, ...]
    meaning: str
    remedy: str
    is_decline: bool = False


_OTHER_CARD = "No money was taken. Show `message` to the customer and ask for another card."
_OTHER_WAY = "No money was taken. Show `message` to the customer and ask for another way to pay."

ERRORS: dict[str, ErrorCode] = {
    "account_invalid": ErrorCode(
        (403,), "The address names an account that is not this key's.", "Use your own account's id."
    ),
    "amount_too_large": ErrorCode(
        (400,),
        "The amount is above the currency's maximum, or above what is held or left to refund.",
        "Retrieve the payment and send at most what it says can be captured or refunded.",
    ),
    "amount_too_small": ErrorCode(
        (400,), "The amount is below the currency's minimum.", "Send a larger amount."
    ),
    "api_key_expired": ErrorCode(
        (401,),
        "The key was rolled and its overlap is over.",
        "Put the new key into your software.",
    ),
    "authentication_required": ErrorCode(
        (401, 402),
        "With 401: no valid key came with the request. With 402: the bank wants the customer to"
        " confirm the payment.",
        "401: send a secret key as bearer token. 402: bring the customer back and confirm again.",
        is_decline=True,
    ),
    "bank_account_unusable": ErrorCode(
        (402,),
        "The bank account cannot be debited: it is closed, not there, or takes no debits.",
        _OTHER_WAY,
        is_decline=True,
    ),
    "card_data_refused": ErrorCode(
        (422,),
        "Something that looks like a card number stood in a parameter. Nothing was stored.",
        "Send the token that the card fields gave you; never card numbers.",
    ),
    "card_declined": ErrorCode(
        (402,),
        "The bank declined; `decline_code` says why as far as it may be told.",
        _OTHER_CARD,
        is_decline=True,
    ),
    "balance_insufficient": ErrorCode(
        (400,),
        "The available balance is smaller than what is to be paid out, or taken back from a seller.",
        "Ask for less, or wait until more is available; the balance says how much there is.",
    ),
    "charge_already_refunded": ErrorCode(
        (400,), "Nothing is left of the charge to be refunded.", "Retrieve the charge."
    ),
    "charge_exceeds_source_limit": ErrorCode(
        (402,),
        "More than may be debited from this account in a week.",
        _OTHER_WAY,
        is_decline=True,
    ),
    "currency_not_supported": ErrorCode(
        (400,), "Not a currency that we know.", "Send an ISO 4217 code."
    ),
    "debit_not_authorized": ErrorCode(
        (402,),
        "The bank refused the debit, mostly because the account's holder did not allow it.",
        _OTHER_WAY,
        is_decline=True,
    ),
    "email_invalid": ErrorCode((400,), "Not an e-mail address.", "Ask the customer again."),
    "exchange_rate_unavailable": ErrorCode(
        (409,),
        "The payment was settled in another currency, and there is no exchange rate that is fresh enough"
        " to take its refund from your balance.",
        "Send the request again, with a new key, when there is a rate: most days before the evening.",
    ),
    "escrow_amount_changed": ErrorCode(
        (400,),
        "Another amount is held than `expected_amount_held` says; nothing was released.",
        "Retrieve the escrow hold and decide anew.",
    ),
    "escrow_frozen": ErrorCode(
        (400,),
        "A question about this payment is open, so nothing of it is released.",
        "Unfreeze it on the dashboard when the question is settled, or refund the customer.",
    ),
    "escrow_not_held": ErrorCode(
        (400,),
        "The payment was not marked for escrow, or is not captured yet.",
        "Create payments that wait for a release with `escrow[enabled]=true`.",
    ),
    "escrow_state_unexpected": ErrorCode(
        (400,),
        "What was asked for does not fit where the hold stands: all of it is gone, or the milestone"
        " was released before.",
        "Retrieve the escrow hold.",
    ),
    "expired_card": ErrorCode(
        (402,), "The card has expired.", "Ask the customer for another card.", is_decline=True
    ),
    "idempotency_error": ErrorCode(
        (400,),
        "The idempotency key was used before with other parameters. (The answer has no `code`:"
        " the `type` says it.)",
        "Use a new key for a new request, and the same parameters for a repeated one.",
    ),
    "idempotency_key_in_use": ErrorCode(
        (409,),
        "The first request with this key is still running.",
        "Send the same request again after `Retry-After` seconds: you get the first one's answer.",
    ),
    "incorrect_cvc": ErrorCode(
        (402,), "The security code is wrong.", "Ask the customer for it again.", is_decline=True
    ),
    "incorrect_number": ErrorCode(
        (402,), "The card number is wrong.", "Ask the customer for it again.", is_decline=True
    ),
    "incorrect_zip": ErrorCode(
        (402,), "The postcode is not the card's.", "Ask the customer for it again.", is_decline=True
    ),
    "insufficient_funds": ErrorCode(
        (402,),
        "There was not enough money in the bank account that was to be debited. (A card's refusal says it"
        " in `decline_code`.)",
        "No money was taken. Ask the customer when to try again, or for another way to pay.",
        is_decline=True,
    ),
    "integrity_failure": ErrorCode(
        (409,),
        "What the processor has is not what we asked for. The payment is kept from going on.",
        "Do not try again; tell whoever runs this installation.",
    ),
    "internal_error": ErrorCode(
        (500,),
        "We failed. (The answer has no `code`: the `type` is `api_error`.)",
        "Send the same request again with the same idempotency key: nothing is done twice.",
    ),
    "invalid_amount": ErrorCode(
        (400,),
        "The card network's units cannot say this amount exactly: with three decimals the last one has"
        " to be 0. Or it is above what can be charged at once.",
        "Send a multiple of the step that the message names.",
    ),
    "invalid_request": ErrorCode(
        (400,), "The request could not be read at all.", "Check its headers and its encoding."
    ),
    "invalid_transition": ErrorCode(
        (409,),
        "The object moved on meanwhile and this can no longer be done.",
        "Retrieve the object and see where it stands.",
    ),
    "method_not_allowed": ErrorCode(
        (405,), "The address exists, but not with this HTTP method.", "See `Allow` of the answer."
    ),
    "operation_in_progress": ErrorCode(
        (409,),
        "Another call for the same payment is on its way to the processor.",
        "Send the same request again after `Retry-After` seconds.",
    ),
    "parameter_invalid": ErrorCode(
        (400,), "A parameter's value is not one that it can have.", "See `param` and `message`."
    ),
    "parameter_invalid_integer": ErrorCode(
        (400,),
        "Not a whole number, or one out of its range.",
        "Send amounts in minor units: 4999 for 49.99 USD.",
    ),
    "parameter_missing": ErrorCode(
        (400,), "A required parameter was not sent.", "`param` names it."
    ),
    "parameter_unknown": ErrorCode(
        (400,),
        "There is no parameter of this name. Nothing is ever ignored.",
        "`param` names it; look for a spelling mistake.",
    ),
    "parameter_unsupported": ErrorCode(
        (400,),
        "Stripe has this parameter and we do not support it; `message` says why.",
        "Leave it out, or do what the message says instead.",
    ),
    "parameters_exclusive": ErrorCode(
        (400,), "Two parameters were sent of which only one can be meant.", "Send one of them."
    ),
    "payment_intent_unexpected_state": ErrorCode(
        (400,),
        "The payment's status does not allow this.",
        "Retrieve the payment; its `status` says what can be done.",
    ),
    "payment_method_customer_decline": ErrorCode(
        (402,),
        "The customer turned back on the provider's page, or did not confirm there in time.",
        "No money was taken. Confirm again, with the same or another way to pay.",
        is_decline=True,
    ),
    "payment_method_microdeposit_failed": ErrorCode(
        (402,),
        "The bank account could not be verified by two small deposits.",
        _OTHER_WAY,
        is_decline=True,
    ),
    "payment_method_provider_decline": ErrorCode(
        (402,), "The provider did not make the payment.", _OTHER_WAY, is_decline=True
    ),
    "payment_method_unexpected_state": ErrorCode(
        (400,),
        "The card was used once without being kept, or is no longer kept.",
        "Ask the customer for the card again, and attach it before you charge it a second time.",
    ),
    "payout_contradiction": ErrorCode(
        (500,),
        "The movements of this period do not add up to the stored balance: a fault of ours.",
        "Nothing was sent. Tell the operator the `request_id`; no payout goes out until it is found.",
    ),
    "payouts_not_allowed": ErrorCode(
        (400,),
        "No bank account can be paid to now: none is known, it is not verified, or it was just changed.",
        "Add or verify a bank account in the dashboard; `message` says when payouts start again.",
    ),
    "permission_denied": ErrorCode(
        (403,),
        "The key may not do this: it is publishable or restricted, or its address is not listed.",
        "Use another key, or change this one's permissions in the dashboard.",
    ),
    "processing_error": ErrorCode(
        (402,),
        "The bank could not be reached.",
        "No money was taken. Try again in a minute.",
        is_decline=True,
    ),
    "processor_unavailable": ErrorCode(
        (503,),
        "The processor cannot be asked now. (The answer has no `code`: the `type` is `api_error`.)",
        "Send the same request again with the same idempotency key.",
    ),
    "query_too_wide": ErrorCode(
        (400,),
        "What was asked for takes too long to find.",
        "Narrow it, for example with a range of `created`.",
    ),
    "rate_limit": ErrorCode(
        (429,),
        "More calls than the key may make in a second.",
        "Come again after `Retry-After` seconds, and slow down.",
    ),
    "release_too_large": ErrorCode(
        (400,),
        "More is to be released than is held.",
        "Retrieve the escrow hold; `amount_held` says what there is.",
    ),
    "refund_not_cancelable": ErrorCode(
        (400,), "The refund was sent to the card already.", "Nothing can be done about it."
    ),
    "request_too_large": ErrorCode(
        (413,), "The request is larger than we take.", "Send less than 2 MB."
    ),
    "resource_missing": ErrorCode(
        (400, 404),
        "There is no such object in this account. With 400 a parameter names it, with 404 the"
        " address.",
        "Check the id, and whether the key is the right account's.",
    ),
    "reversal_too_large": ErrorCode(
        (400,),
        "More of a transfer is to be reversed than is left of it.",
        "Retrieve the transfer; its amount less `amount_reversed` is left.",
    ),
    "seller_not_connected": ErrorCode(
        (400,),
        "The account is no seller of yours.",
        "Ask the operator to connect it: `flask connect-seller`.",
    ),
    "state_conflict": ErrorCode(
        (409,),
        "The object is not in a state in which this can be done, or it was changed meanwhile.",
        "Retrieve the object and see where it stands.",
    ),
    "url_invalid": ErrorCode(
        (400,),
        "Not a full web address; or, of a webhook endpoint, not one that we post to.",
        "Send a public https address without a user and password in it.",
    ),
    "url_unknown": ErrorCode(
        (404,), "There is no such call.", "Check method and address; all calls stand here."
    ),
}
DECLINES = tuple(code for code, error in ERRORS.items() if error.is_decline)
