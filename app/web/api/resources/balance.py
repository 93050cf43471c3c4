"""The balance: how much of the money is the merchant's now, and each change of it."""

from app.domain.errors import NotFound
from app.reports.objects import balance as reads
from app.reports.objects.account import account
from app.reports.objects.balance import Wanted
from app.web.api.call import Call, Json, Listing, Route
from app.web.api.fields import CREATED, PAGE, Choice, Field, Id, Text
from app.web.api.objects.balance import TYPES, balance, balance_transaction
from app.web.api.objects.ids import attempt_id
from app.web.api.resources.paging import created, cut

# Every type that Stripe has may be asked for; what never happens here finds nothing.
ALL_TYPES = (
    "adjustment", "advance", "advance_funding", "anticipation_repayment", "application_fee",
    "application_fee_refund", "charge", "climate_order_purchase", "climate_order_refund",
    "connect_collection_transfer", "contribution", "fee_credit_funding", "inbound_transfer",
    "inbound_transfer_reversal", "issuing_authorization_hold", "issuing_authorization_release",
    "issuing_dispute", "issuing_transaction", "obligation_outbound",
    "obligation_reversal_inbound", "payment", "payment_failure_refund",
    "payment_network_reserve_hold", "payment_network_reserve_release", "payment_refund",
    "payment_reversal", "payment_unreconciled", "payout", "payout_cancel", "payout_failure",
    "payout_minimum_balance_hold", "payout_minimum_balance_release", "refund", "refund_failure",
    "reserve_hold", "reserve_release", "reserve_transaction", "reserved_funds",
    "stripe_balance_payment_debit", "stripe_balance_payment_debit_reversal", "stripe_fee",
    "stripe_fx_fee", "tax_fee", "topup", "topup_reversal", "transfer", "transfer_cancel",
    "transfer_failure", "transfer_refund",
)  # fmt: skip

LIST: dict[str, Field] = {
    **PAGE,
    **CREATED,
    "currency": Text(3, doc="Only changes in this currency."),
    "source": Id(
        doc="Only what this charge, refund, payout, release, transfer or reversal changed."
    ),
    "type": Choice(ALL_TYPES, doc="Only changes of this type.", can_unset=True),
    "payout": Id("payout", doc="Only what this payout pays for, and the payout itself."),
}


def retrieve(call: Call) -> Json:
    """What is available and what is pending, in each currency."""
    return balance(
        reads.balance(call.merchant_id),
        is_live=call.is_live,
        default_currency=account(call.merchant_id).default_currency,
    )


def list_transactions(call: Call) -> Listing:
    """Changes of the balance, newest first."""
    chosen = cut(call, lambda one: reads.is_there(call.merchant_id, one))
    wanted = _wanted(call)
    if wanted is None:
        return Listing([], has_more=False)
    rows, has_more = reads.listed(call.merchant_id, chosen, wanted)
    return Listing([balance_transaction(row) for row in rows], has_more)


def _wanted(call: Call) -> Wanted | None:
    """The filter; None if nothing can fit it."""
    params = call.params
    kind, source, currency = params.get("type"), params.get("source") or "", params.get("currency")
    is_charge = source.startswith("ch_")
    events = [event for event, its in TYPES.items() if kind in (None, its)]
    if source and not source.startswith(("ch_", "re_", "po_", "rel_", "tr_", "trr_")):
        return None
    if is_charge:
        # Refunds and transfers stand in the book under ids of their own.
        events = [one for one in events if TYPES[one] in ("charge", "adjustment", "reserve_hold")]
    if not events:
        return None
    return Wanted(
        events=tuple(events),
        currency=currency.upper() if currency else None,
        created=created(call),
        attempt_id=attempt_id(source) if is_charge else None,
        source_id=source if source and not is_charge else None,
        payout_id=params.get("payout"),
    )


def retrieve_transaction(call: Call) -> Json:
    """One change of the balance."""
    wanted = call.path["transaction"]
    row = reads.transactions(call.merchant_id, [wanted]).get(wanted)
    if row is None:
        raise NotFound("balance transaction", wanted)
    return balance_transaction(row)


_KIND = "balance_transaction"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/balance", retrieve, {}, "balance", "read", "balance",
          "Retrieve the balance"),
    Route("GET", "/v1/balance_transactions", list_transactions, LIST, "balance", "read",
          f"list:{_KIND}", "List balance transactions"),
    Route("GET", "/v1/balance_transactions/{transaction}", retrieve_transaction, {}, "balance",
          "read", _KIND, "Retrieve a balance transaction"),
)  # fmt: skip
