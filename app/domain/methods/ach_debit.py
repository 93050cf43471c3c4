"""ACH debit from a bank account in the United States: a mandate, a verified account, an answer in days.

The return codes and their windows are Nacha's: two banking days, but sixty calendar days for what the
account's holder never authorised. Either is final.
"""

from types import MappingProxyType

from app.domain.bank_days import Calendar
from app.domain.methods.contract import Flow, Limit, Method, RefundRule, ReturnRule, Window

_BANK = Window(business_days=2)
_SIXTY_DAYS = Window(days=60)

RETURNS = (
    ReturnRule("R01", "There is not enough money in the account", _BANK),
    ReturnRule("R02", "The account is closed", _BANK),
    ReturnRule("R03", "There is no such account", _BANK),
    ReturnRule("R04", "The account number is not valid", _BANK),
    ReturnRule(
        "R05", "A consumer's debit came to a company's account without consent", _SIXTY_DAYS
    ),
    ReturnRule("R06", "The bank that sent the debit asked for it back", _BANK),
    ReturnRule("R07", "The account's holder took the consent back", _SIXTY_DAYS),
    ReturnRule("R08", "The account's holder stopped the payment", _BANK),
    ReturnRule("R09", "The money in the account is not collected yet", _BANK),
    ReturnRule("R10", "The account's holder did not authorise the debit", _SIXTY_DAYS),
    ReturnRule("R11", "The debit is not what the account's holder authorised", _SIXTY_DAYS),
    ReturnRule("R16", "The account is frozen", _BANK),
    ReturnRule("R20", "The account takes no debits", _BANK),
    ReturnRule("R23", "The account's holder refused the payment", _BANK),
    ReturnRule("R29", "The company did not authorise the debit", _BANK),
)

METHOD = Method(
    name="ach_debit",
    title="US bank account",
    flow=Flow.DEBIT,
    fee_class="ach_debit",
    calendar=Calendar.FEDERAL,
    currencies=frozenset({"USD"}),
    countries=frozenset({"US"}),
    limits=MappingProxyType({"USD": Limit(most_minor=1_000_000)}),
    answer_business_days=4,
    settlement_business_days=2,
    refund=RefundRule(window_days=180),
    dispute=(
        "The customer's bank takes back, for sixty days, what its customer says was never authorised. Nothing"
        " can be said against it."
    ),
    returns=RETURNS,
    mandate=(
        "By confirming this payment you authorize {merchant} and its payment provider to debit the bank"
        " account above for this amount, and to credit it if a debit was wrong. You can take this"
        " authorization back at any time by telling {merchant}, as long as the debit was not sent."
    ),
    notice="{amount} will be debited by {merchant} on or shortly after {day}.",
    what_can_go_wrong=(
        "The bank may refuse it: no money in the account, an account that is closed, or a debit that its"
        " holder stopped."
    ),
)
