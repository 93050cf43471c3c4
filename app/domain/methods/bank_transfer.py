"""Bank transfer: the customer is told an account of their own at the processor's bank, and pays into it.

The customer pushes the money, so nobody can take it back, and nobody knows when it comes or how much of it. A
part is kept until the rest is there; what is too much stays the customer's. Nothing counts for the merchant
before the payment's whole amount has come.
"""

from types import MappingProxyType

from app.domain.methods.contract import Flow, Limit, Method, RefundRule

METHOD = Method(
    name="bank_transfer",
    title="Bank transfer",
    flow=Flow.TRANSFER,
    fee_class="bank_transfer",
    currencies=frozenset({"EUR", "USD"}),
    # A transfer is worth its flat fee from some amount on.
    limits=MappingProxyType({"EUR": Limit(least_minor=2_000), "USD": Limit(least_minor=2_000)}),
    settlement_business_days=0,
    refund=RefundRule(window_days=180),
    dispute="The customer sends the money themselves: neither they nor their bank can take it back.",
    what_can_go_wrong=(
        "The customer may send too little, too much, late or not at all. A part is kept for them until the"
        " rest is there, and what is too much stays theirs."
    ),
)
