"""Cards: credit, debit and prepaid alike. The issuer answers at once; the money is settled by the scheme."""

from app.domain.methods.contract import Flow, Method, RefundRule, Window

METHOD = Method(
    name="card",
    title="Card",
    flow=Flow.FIELDS,
    fee_class="card",
    settlement_business_days=2,
    can_hold=True,
    refund=RefundRule(window_days=None),
    dispute="The cardholder can dispute the payment with their bank; evidence can be given once.",
    # Most schemes give 120 days from the delivery; some reasons reach to 540.
    disputable=Window(days=120),
)
