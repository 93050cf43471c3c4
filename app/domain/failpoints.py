"""Named places where a test may kill the process, to prove that nothing is lost there.

Each name says what is committed and what is not. A test lists them and fails if one has no crash
test.
"""

FAILPOINTS = {
    "payment.intent_recorded": "The intent is committed; the processor was not asked.",
    "payment.processor_answered": "The processor answered; the outcome is not committed.",
    "payment.outcome_recorded": "The outcome is committed; the caller has no answer.",
    "refund.intent_recorded": "The refund is reserved; no worker was woken.",
    "refund.processor_answered": "The processor refunded; the outcome is not committed.",
    "deposit.bank_answered": "The bank has a micro-deposit; the outcome is not committed.",
    "payout.intent_recorded": "The payout is booked; no worker was woken.",
    "payout.bank_answered": "The bank has the payout; the outcome is not committed.",
    "escrow.released": "The release is committed; the caller has no answer.",
    "transfer.reversed": "The reversal is committed; the caller has no answer.",
    "inbox.received": "The webhook is committed; the sender has no answer.",
    "inbox.fetched": "The worker asked the processor; the effects are not committed.",
    "inbox.handled": "The effects are committed; the job has not ended.",
    "webhook.delivered": "The receiver answered; the delivery is not recorded.",
}
