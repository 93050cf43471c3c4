"""Which journals are changes of a merchant's balance, and what is the merchant's own money in them."""

from app.domain.recipes import AVAILABLE, FEES, PENDING

CAPTURED, REQUESTED = "payment_captured", "refund_requested"
FAILED, RETURNED = "refund_failed", "refund_returned"
TAKEN_BACK = "payment_returned"
GIVEN, GAINED = "money_converted_out", "money_converted_in"
CHANGED_BACK = ("conversion_reversed_out", "conversion_reversed_in")
CONVERSIONS = (GIVEN, GAINED, *CHANGED_BACK)
HELD, GIVEN_BACK, EARNED = "escrow_held", "escrow_refunded", "escrow_released"
RECEIVED, REVERSED, REGAINED = "transfer_received", "transfer_reversed", "transfer_returned"
SENT, FEE_PAID, FEE_EARNED = "transfer_sent", "application_fee_paid", "application_fee_earned"
FEE_GIVEN, FEE_REGAINED = "application_fee_returned", "application_fee_refunded"
PAID_OUT, CAME_BACK = "payout_sent", ("payout_failed", "payout_returned")
EVENTS = (
    CAPTURED,
    REQUESTED,
    FAILED,
    RETURNED,
    TAKEN_BACK,
    PAID_OUT,
    *CAME_BACK,
    "payout_canceled",
    "reserve_held",
    "reserve_released",
    *CONVERSIONS,
    HELD,
    GIVEN_BACK,
    EARNED,
    RECEIVED,
    REVERSED,
    REGAINED,
    SENT,
    FEE_PAID,
    FEE_EARNED,
    FEE_GIVEN,
    FEE_REGAINED,
)
OWN = (PENDING, AVAILABLE)
FEE_ACCOUNTS = (FEES, "fx_fees")
