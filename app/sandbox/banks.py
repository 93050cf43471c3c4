"""The test bank accounts: one row each, and what the bank does when one is debited.

IBANs and account numbers are the ones that Stripe publishes for testing. Of an account only the last four
characters and a fingerprint are stored. A number that is well formed and not in the table is somebody's real
account: it is refused.
"""

from dataclasses import dataclass
from hashlib import sha256

SOON_SECONDS = 2
DAYS_SECONDS = 3 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Account:
    """`failure` is Stripe's word for the bank's refusal and `code` the bank's own; `returned`: the code under
    which it takes the money back after it was booked. None in `answers_after`: the bank never answers.
    """

    number: str
    failure: str | None = None
    code: str | None = None
    returned: str | None = None
    answers_after: int | None = SOON_SECONDS
    # Refused when it is debited, before anything is sent to the bank.
    refused: str | None = None
    has_microdeposits: bool = True

    @property
    def last4(self) -> str:
        """The only characters that are kept."""
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        """The same for every use of one number; the key by which a stored account finds its row."""
        return sha256(f"sandbox:{self.number}".encode()).hexdigest()[:16]


IBANS = (
    Account("AT611904300234573201"),
    Account("AT321904300235473204", answers_after=DAYS_SECONDS),
    Account("AT861904300235473202", failure="debit_not_authorized", code="MS02"),
    Account("AT591904300235473203", returned="MD06"),
    Account("AT981904300002222227", failure="insufficient_funds", code="AM04"),
    Account("DE89370400440532013000"),
    Account("DE62370400440532013001", failure="debit_not_authorized", code="MS02"),
)
ROUTING_NUMBER = "110000000"
ACCOUNTS = (
    Account("000123456789"),
    Account("000111111116", failure="no_account", code="R03"),
    Account("000111111113", failure="account_closed", code="R02"),
    Account("000222222227", failure="insufficient_funds", code="R01"),
    Account("000333333335", failure="debit_not_authorized", code="R10"),
    Account("000444444440", failure="invalid_currency"),
    Account("000555555559", returned="R10"),
    Account("000666666661", has_microdeposits=False),
    Account("000000000009", answers_after=None),
    Account("000777777771", refused="charge_exceeds_weekly_limit"),
)
BY_NUMBER = {account.number: account for account in (*IBANS, *ACCOUNTS)}
BY_FINGERPRINT = {account.fingerprint: account for account in BY_NUMBER.values()}

# Stripe's published names of payment methods, for tests without a browser.
NAMED = {
    "pm_success_at": ("sepa_debit", "AT611904300234573201"),
    "pm_successDelayed_at": ("sepa_debit", "AT321904300235473204"),
    "pm_failed_at": ("sepa_debit", "AT861904300235473202"),
    "pm_disputed_at": ("sepa_debit", "AT591904300235473203"),
    "pm_insufficientFunds_at": ("sepa_debit", "AT981904300002222227"),
    "pm_usBankAccount_success": ("us_bank_account", "000123456789"),
    "pm_usBankAccount_noAccount": ("us_bank_account", "000111111116"),
    "pm_usBankAccount_accountClosed": ("us_bank_account", "000111111113"),
    "pm_usBankAccount_insufficientFunds": ("us_bank_account", "000222222227"),
    "pm_usBankAccount_debitNotAuthorized": ("us_bank_account", "000333333335"),
    "pm_usBankAccount_dispute": ("us_bank_account", "000555555559"),
    "pm_usBankAccount_processing": ("us_bank_account", "000000000009"),
    "pm_usBankAccount_weeklyLimitExceeded": ("us_bank_account", "000777777771"),
}
# Accounts behind the sandbox's bank login, by the id that a login gives.
LINKED = {
    "fca_sandbox_success": "000123456789",
    "fca_sandbox_insufficient_funds": "000222222227",
    "fca_sandbox_dispute": "000555555559",
}

MESSAGES = {
    "debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
    "insufficient_funds": "The customer's account has insufficient funds to cover this payment.",
    "no_account": "The bank account does not exist.",
    "account_closed": "The customer's account has been closed.",
    "invalid_currency": "The bank account does not take this currency.",
    "charge_exceeds_weekly_limit": "This payment exceeds the weekly limit of this bank account.",
}


def passes_mod97(iban: str) -> bool:
    """Whether the check digits of an IBAN fit."""
    if not (iban.isascii() and iban.isalnum() and 15 <= len(iban) <= 34):
        return False
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def passes_routing(number: str) -> bool:
    """Whether the check digit of an American routing number fits."""
    if not (number.isascii() and number.isdigit() and len(number) == 9):
        return False
    weights = (3, 7, 1) * 3
    return sum(int(d) * w for d, w in zip(number, weights, strict=True)) % 10 == 0
