"""Everything a caller can get wrong, in the caller's words.

`code` is public contract: documented, never renamed. `message` is for people. `status` is the HTTP
status; an error without one of its own is a bug and is logged as one.
"""

from typing import ClassVar


class FarthingError(Exception):
    """Base of every expected error. `param` names the argument at fault, if one is."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class InvalidRequest(FarthingError):
    """The caller sent something we do not take."""

    code, status = "parameter_invalid", 400


class ParameterMissing(InvalidRequest):
    """A required argument was not sent."""

    code = "parameter_missing"

    def __init__(self, param: str) -> None:
        super().__init__(f"Missing required param: {param}.", param=param)


class ParameterUnknown(InvalidRequest):
    """An argument that we do not know was sent; it is named, never ignored."""

    code = "parameter_unknown"

    def __init__(self, param: str) -> None:
        super().__init__(f"Received unknown parameter: {param}.", param=param)


class ParameterUnsupported(InvalidRequest):
    """An argument that others offer and we do not; the message says why."""

    code = "parameter_unsupported"


class AmountInvalid(InvalidRequest):
    """Not a whole number of minor units."""

    code = "parameter_invalid_integer"


class AmountTooSmall(InvalidRequest):
    """Below the currency's minimum."""

    code = "amount_too_small"


class AmountTooLarge(InvalidRequest):
    """Above the currency's maximum."""

    code = "amount_too_large"


class AmountNotExact(InvalidRequest):
    """An amount that the processor's units cannot say."""

    code = "invalid_amount"


class CurrencyUnknown(InvalidRequest):
    """Not a currency of the table."""

    code = "currency_not_supported"


class FeeRulesInvalid(InvalidRequest):
    """A fee schedule that cannot be read, contradicts itself, or would begin in the past."""


class CardDataRefused(InvalidRequest):
    """Something that looks like a card number was put where none belongs; it is not stored."""

    code, status = "card_data_refused", 422


class NotFound(FarthingError):
    """No such object in this merchant's account."""

    code, status = "resource_missing", 404

    def __init__(self, noun: str, object_id: str) -> None:
        super().__init__(f"No such {noun}: '{object_id}'.", param="id")


class NotSignedIn(FarthingError):
    """No valid credentials came with the request."""

    code, status = "authentication_required", 401


class KeyExpired(NotSignedIn):
    """The key was good until a moment that is over."""

    code = "api_key_expired"


class NotAllowed(FarthingError):
    """The person or key may not do this."""

    code, status = "permission_denied", 403


class Conflict(FarthingError):
    """The object is not in a state in which this can be done."""

    code, status = "state_conflict", 409


class InvalidTransition(Conflict):
    """A lifecycle has no such move."""

    code = "invalid_transition"


class OperationInProgress(Conflict):
    """Another call to the processor for the same payment is under way."""

    code = "operation_in_progress"


class MethodUnusable(InvalidRequest):
    """A card that was charged before without being kept, or that was dropped."""

    code = "payment_method_unexpected_state"


class MethodNotTheirs(InvalidRequest):
    """A kept card of another customer, or of none that was named."""

    code = "resource_missing"


class MethodAbsent(InvalidRequest):
    """The processor knows no such payment method."""

    code = "resource_missing"


class CardDeclined(FarthingError):
    """The issuer would not have the card kept. `reason` is a DeclineReason."""

    code, status = "card_declined", 402

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class UnexpectedState(FarthingError):
    """A command came for a payment whose status does not allow it."""

    code, status = "payment_intent_unexpected_state", 400


class AmountSettled(FarthingError):
    """The amount is to be changed after the payment was tried with it."""

    code, status = "payment_intent_unexpected_state", 400


class CaptureTooLarge(FarthingError):
    """More was to be captured than is authorised."""

    code, status = "amount_too_large", 400


class RefundTooLarge(FarthingError):
    """More was to be refunded than is left."""

    code, status = "refund_too_large", 422


class RateUnavailable(Conflict):
    """No exchange rate that is fresh enough to convert at."""

    code = "exchange_rate_unavailable"


class ReleaseTooLarge(FarthingError):
    """More was to be released than is held."""

    code, status = "release_too_large", 400


class ReversalTooLarge(FarthingError):
    """More of a transfer was to be reversed than is left of it."""

    code, status = "reversal_too_large", 400


class EscrowFrozen(FarthingError):
    """Held money is to be released while a question about it is open."""

    code, status = "escrow_frozen", 400


class EscrowStateUnexpected(FarthingError):
    """What was asked for does not fit where the hold stands."""

    code, status = "escrow_state_unexpected", 400


class BalanceInsufficient(FarthingError):
    """The account that is to give has too little."""

    code, status = "balance_insufficient", 400


class SellerNotConnected(InvalidRequest):
    """The account is no seller of this platform."""

    code = "seller_not_connected"


class StaleAmount(FarthingError):
    """The amount shown to the person is no longer true: somebody else moved money meanwhile."""

    code, status = "stale_amount", 412


class IdempotencyMismatch(FarthingError):
    """The same key came with another request."""

    code, status = "idempotency_error", 400


class IdempotencyInUse(FarthingError):
    """The first request with this key is still running."""

    code, status = "idempotency_key_in_use", 409


class SignatureInvalid(FarthingError):
    """A webhook whose signature does not prove its sender."""

    code, status = "signature_invalid", 400


class IntegrityFailure(FarthingError):
    """The processor's object does not match our row in account, mode, amount, currency or
    reference.
    """

    code, status = "integrity_failure", 409


class ProcessorUnavailable(FarthingError):
    """The processor cannot be asked now (refused by the guard or wrongly configured)."""

    code, status = "processor_unavailable", 503


class AddressRefused(InvalidRequest):
    """An address that we do not post to: not public, not https, or not an address at all."""

    code = "url_invalid"


class NotPayable(FarthingError):
    """There is no bank account that money could be sent to now; the message says why."""

    code, status = "payouts_not_allowed", 400


class PayoutContradiction(FarthingError):
    """Movements and balance do not agree: a fault of ours, and no money goes out on it."""

    code, status = "payout_contradiction", 500


class RatesUnreadable(FarthingError):
    """The source of exchange rates cannot be reached, or told something that is no list of rates."""

    code, status = "rates_unreadable", 503


class MailRefused(FarthingError):
    """The mail server will never take this mail."""

    code, status = "mail_refused", 422


class MailUnavailable(FarthingError):
    """The mail server cannot be reached or asks us to come again."""

    code, status = "mail_unavailable", 503


class RateLimited(FarthingError):
    """More calls than the key may make."""

    code, status = "rate_limit", 429

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class TooManyAttempts(FarthingError):
    """Slow down: too many tries in a short time."""

    code, status = "too_many_attempts", 429
