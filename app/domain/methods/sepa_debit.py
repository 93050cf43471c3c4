"""SEPA Direct Debit (core scheme): a mandate, an announcement, and an answer of the bank in days.

The return codes are those of the scheme's rulebook. Within eight weeks a debtor's bank gives the money back
without asking why; for a debit without a mandate there are thirteen months. Either is final.
"""

from types import MappingProxyType

from app.domain.bank_days import Calendar
from app.domain.methods.contract import Flow, Limit, Method, RefundRule, ReturnRule, Window

_EURO = "AD AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MC MT NL PT SI SK SM VA"
_OTHERS = "BG CH CZ DK GB HU IS LI NO PL RO SE"
COUNTRIES = frozenset(f"{_EURO} {_OTHERS}".split())

_BANK = Window(business_days=5)
_EIGHT_WEEKS = Window(days=56)
_THIRTEEN_MONTHS = Window(months=13)

RETURNS = (
    ReturnRule("AC01", "The IBAN is wrong", _BANK),
    ReturnRule("AC04", "The account is closed", _BANK),
    ReturnRule("AC06", "The account is blocked", _BANK),
    ReturnRule("AC13", "The account belongs to a company that takes no core debits", _BANK),
    ReturnRule("AG01", "Direct debits are not allowed on this account", _BANK),
    ReturnRule("AG02", "The bank does not take this kind of debit", _BANK),
    ReturnRule("AM04", "There is not enough money in the account", _BANK),
    ReturnRule("AM05", "The bank took it for a duplicate", _BANK),
    ReturnRule("BE05", "The bank does not know the creditor", _BANK),
    ReturnRule("MD01", "There is no valid mandate", _THIRTEEN_MONTHS),
    ReturnRule("MD06", "The account's holder asked for the money back", _EIGHT_WEEKS),
    ReturnRule("MD07", "The account's holder has died", _BANK),
    ReturnRule("MS02", "The account's holder refused the debit", _BANK),
    ReturnRule("MS03", "The bank gives no reason", _BANK),
    ReturnRule("RR01", "The debtor's account is not identified as the rules ask", _BANK),
    ReturnRule("RR02", "The debtor's name or address is missing", _BANK),
    ReturnRule("RR03", "The creditor's name or address is missing", _BANK),
    ReturnRule("RR04", "The law forbids it", _BANK),
    ReturnRule("SL01", "The bank offers a service that stopped the debit", _BANK),
)

METHOD = Method(
    name="sepa_debit",
    title="SEPA Direct Debit",
    flow=Flow.DEBIT,
    fee_class="sepa_debit",
    calendar=Calendar.TARGET,
    currencies=frozenset({"EUR"}),
    countries=COUNTRIES,
    favoured_in=frozenset({"AT", "DE", "NL"}),
    limits=MappingProxyType({"EUR": Limit(most_minor=1_000_000)}),
    answer_business_days=5,
    settlement_business_days=2,
    refund=RefundRule(window_days=180),
    dispute=(
        "The customer's bank gives the money back on request for eight weeks, and for thirteen months if"
        " there was no mandate. Nothing can be said against it."
    ),
    returns=RETURNS,
    mandate=(
        "By confirming this payment you authorise {merchant} and its payment provider to send instructions to"
        " your bank to debit your account, and your bank to debit it as they instruct. You are entitled to a"
        " refund from your bank under the terms of your agreement with it; you must ask for it within eight"
        " weeks of the day on which your account was debited."
    ),
    notice="{amount} will be debited by {merchant} on or shortly after {day}; this is the only announcement.",
    what_can_go_wrong=(
        "The bank may refuse it: no money in the account, an account that is closed, or a debit that its"
        " holder stopped."
    ),
)
