"""Every environment variable: its type, default and meaning; read once, failing by name.

The table of settings in the README lists each field; a test holds the two together.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import urlsplit

from stdnum.us import rtn

from app.domain.bank_accounts import check_iban
from app.domain.errors import InvalidRequest

BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)
_NACHA_ID = re.compile(r"[A-Za-z0-9]{1,10}", re.ASCII)
SMTP_SCHEMES = ("smtp", "smtps", "smtp+plain")


class SettingMissing(RuntimeError):
    """A required variable is not set, or one has a value that cannot be used."""


def env(name: str, *, help: str, default: Any = MISSING, secret: bool = False) -> Any:  # noqa: A002 - reads as the table's column
    """A field read from the environment variable `name`."""
    metadata = {"env": name, "help": help, "secret": secret}
    if default is MISSING:
        return field(metadata=metadata, repr=not secret)
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """What the operator decides. Secrets have no default."""

    database_url: str = env(
        "DATABASE_URL", help="PostgreSQL 15+; all truth lives here.", secret=True
    )
    redis_url: str = env(
        "REDIS_URL", help="Redis 7+ or Valkey 8+; wake-ups only, may be emptied.", secret=True
    )
    secret_key: str = env(
        "SECRET_KEY", help="Signs browser cookies; 32 characters or more.", secret=True
    )
    seal_key: str = env(
        "SEAL_KEY", help="Seals processors' secrets in the database; a Fernet key.", secret=True
    )
    base_url: str = env(
        "BASE_URL", default="http://127.0.0.1:8000", help="Where browsers and processors reach us."
    )
    stripe_api_url: str = env(
        "STRIPE_API_URL",
        default="https://api.stripe.com",
        help="Stripe's API; the sandbox's address in a demo.",
    )
    stripe_js_url: str = env(
        "STRIPE_JS_URL",
        default="https://js.stripe.com/v3/",
        help="Stripe.js; the sandbox's stand-in in a demo.",
    )
    stripe_connect_seconds: float = env(
        "STRIPE_CONNECT_SECONDS", default=3.0, help="Time limit for reaching Stripe."
    )
    stripe_read_seconds: float = env(
        "STRIPE_READ_SECONDS", default=20.0, help="Time limit for Stripe's answer."
    )
    adyen_api_url: str = env(
        "ADYEN_API_URL",
        default="https://checkout-test.adyen.com",
        help="Adyen's Checkout API without its version; for live accounts the address with their own"
        " prefix, `https://…-checkout-live.adyenpayments.com/checkout`; the sandbox's in a demo.",
    )
    adyen_js_url: str = env(
        "ADYEN_JS_URL",
        default="https://checkoutshopper-test.cdn.adyen.com/checkoutshopper/sdk/6.5.1/adyen.js",
        help="Adyen's script for browsers; the sandbox's stand-in in a demo.",
    )
    adyen_connect_seconds: float = env(
        "ADYEN_CONNECT_SECONDS", default=3.0, help="Time limit for reaching Adyen."
    )
    adyen_read_seconds: float = env(
        "ADYEN_READ_SECONDS", default=20.0, help="Time limit for Adyen's answer."
    )
    sandbox_bank_url: str = env(
        "SANDBOX_BANK_URL",
        default="",
        help="The sandbox's bank, over which test accounts are paid out; empty turns it off.",
    )
    lease_seconds: int = env(
        "LEASE_SECONDS",
        default=60,
        help="How long one request may own a payment; more than twice a processor's time limits.",
    )
    session_hours: int = env(
        "SESSION_HOURS", default=12, help="After so long a person signs in again."
    )
    session_idle_minutes: int = env(
        "SESSION_IDLE_MINUTES", default=120, help="After so long without a click, too."
    )
    sepa_account: str = env(
        "SEPA_ACCOUNT",
        default="",
        help="Account that live payouts in euros leave from by pain.001 files, as `Name;IBAN;BIC`;"
        " empty turns them off.",
    )
    nacha_account: str = env(
        "NACHA_ACCOUNT",
        default="",
        help="Who sends live payouts in dollars by NACHA files, as"
        " `Company;company id;routing number;Bank`, and `;origin` if the bank gave another one than the"
        " company id; empty turns them off.",
    )
    payout_cooling_off_hours: int = env(
        "PAYOUT_COOLING_OFF_HOURS",
        default=24,
        help="How long payouts wait after the account that they go to was changed.",
    )
    database_pool: int = env("DATABASE_POOL", default=8, help="Payment-path connections a process.")
    trusted_proxies: int = env(
        "TRUSTED_PROXIES",
        default=0,
        help="How many proxies in front may name the client's address.",
    )
    api_calls_per_second: int = env(
        "API_CALLS_PER_SECOND",
        default=100,
        help="How many API calls a key may make in a second; 0 for any number.",
    )
    webhook_private_networks: str = env(
        "WEBHOOK_PRIVATE_NETWORKS",
        default="",
        help="Networks besides the public ones that webhook endpoints may be in, as `10.1.0.0/16,…`;"
        " http and any port are allowed there.",
    )
    webhook_ports: str = env(
        "WEBHOOK_PORTS", default="443,8443", help="Ports that webhook endpoints may listen on."
    )
    smtp_url: str = env(
        "SMTP_URL",
        default="",
        help="Mail server, as `smtp://user:password@host:587` (`smtps://` for TLS from the start,"
        " `smtp+plain://` for none); without one mails are kept and not sent.",
        secret=True,
    )
    mail_from: str = env(
        "MAIL_FROM", default="Farthing <no-reply@localhost>", help="Sender of our mails."
    )
    fx_rates_url: str = env(
        "FX_RATES_URL",
        default="",
        help="Where the European Central Bank's daily reference rates are fetched, its"
        " `eurofxref-daily.xml`; `demo` for invented rates, dated today. Without it nothing is converted.",
    )
    fx_stale_hours: int = env(
        "FX_STALE_HOURS",
        default=96,
        help="An exchange rate older than this converts nothing; 96 reach over a weekend.",
    )
    fx_fee_basis_points: int = env(
        "FX_FEE_BASIS_POINTS",
        default=100,
        help="What the platform keeps of converted money, in hundredths of a percent, where the payment's"
        " fee schedule has no rate for conversions; one that has it is charged in the fee instead.",
    )
    operator_email: str = env(
        "OPERATOR_EMAIL",
        default="",
        help="Who is told by mail when a check finds that a book does not hold; empty for nobody.",
    )
    failpoint: str = env(
        "PAY_FAILPOINT", default="", help="Tests only: `name:kill`, `name:raise` or `name:sleep:n`."
    )

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us over TLS."""
        return self.base_url.startswith("https://")

    @property
    def webhook_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of `WEBHOOK_PRIVATE_NETWORKS`."""
        return _networks(self.webhook_private_networks)

    @property
    def webhook_port_numbers(self) -> frozenset[int]:
        """The ports of `WEBHOOK_PORTS`."""
        return _ports(self.webhook_ports)

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read all variables; raises SettingMissing naming every one that is missing or wrong."""
        source = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for spec in fields(cls):
            raw = source.get(spec.metadata["env"], "")
            if raw == "":
                if spec.default is MISSING:
                    wrong.append(f"{spec.metadata['env']} is not set ({spec.metadata['help']})")
                continue
            try:
                values[spec.name] = spec.type(raw) if callable(spec.type) else raw
            except ValueError:
                wrong.append(f"{spec.metadata['env']} is not {spec.type}")
        if not wrong:
            wrong = _unsafe(values)
        if wrong:
            raise SettingMissing("; ".join(wrong))
        return cls(**values)


def _unsafe(values: dict[str, Any]) -> list[str]:
    """Values that would run but must not."""
    problems = []
    if len(values["secret_key"]) < 32:
        problems.append("SECRET_KEY is shorter than 32 characters")
    if len(values["seal_key"]) != 44:
        problems.append("SEAL_KEY is not a Fernet key (44 characters)")
    if values.get("base_url", "").startswith("https://") and values.get("failpoint"):
        problems.append("PAY_FAILPOINT is for tests and must not be set in service")
    for name, (variable, check) in CHECKS.items():
        try:
            check(values.get(name, ""))
        except ValueError as error:
            problems.append(f"{variable}: {error}")
    return problems


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(part) for part in _parts(text))


def _ports(text: str) -> frozenset[int]:
    for part in _parts(text):
        if not (part.isascii() and part.isdigit() and 0 < int(part) < 65536):
            raise ValueError(f"{part!r} is not a port (1 to 65535)")
    return frozenset(int(part) for part in _parts(text))


def _check_smtp(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in SMTP_SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        is_good = False
    if url and not is_good:
        # Said without the URL: it holds a password.
        schemes = ", ".join(f"{scheme}://" for scheme in SMTP_SCHEMES)
        raise ValueError(f"not the address of a mail server (one of {schemes}, then host:port)")


def sepa_parts(text: str) -> tuple[str, str, str]:
    """Name, IBAN and BIC of `SEPA_ACCOUNT`; raises ValueError."""
    parts = [part.strip() for part in text.split(";")]
    if len(parts) != 3 or not all(parts):
        raise ValueError("not a name, an IBAN and a BIC with semicolons between")
    name, iban, bic = parts
    try:
        check_iban(iban)
    except InvalidRequest as error:
        raise ValueError(error.message) from None
    if not BIC.fullmatch(bic):
        raise ValueError("a BIC has 8 or 11 letters and digits")
    return name, iban.replace(" ", "").upper(), bic


def _check_sepa(text: str) -> None:
    if text:
        sepa_parts(text)


def nacha_parts(text: str) -> tuple[str, str, str, str, str]:
    """Company, company id, routing number, bank and origin of `NACHA_ACCOUNT`; raises ValueError."""
    parts = [part.strip() for part in text.split(";")]
    if len(parts) not in (4, 5) or not all(parts):
        raise ValueError(
            "not a company, a company id, a routing number and a bank with semicolons between"
        )
    company, company_id, routing, bank = parts[:4]
    origin = parts[4] if len(parts) == 5 else company_id
    if not _NACHA_ID.fullmatch(company_id) or not _NACHA_ID.fullmatch(origin):
        raise ValueError("a company id and an origin have at most 10 letters and digits")
    if not rtn.is_valid(routing):
        raise ValueError("the nine digits of the routing number do not fit together")
    return company, company_id.upper(), routing, bank, origin.upper()


def _check_nacha(text: str) -> None:
    if text:
        nacha_parts(text)


def _check_sender(text: str) -> None:
    if text and ("@" not in parseaddr(text)[1] or any(ord(sign) < 32 for sign in text)):
        raise ValueError("not an e-mail address, with or without a name")


def _check_rates(url: str) -> None:
    parts = urlsplit(url)
    if url not in ("", "demo") and not (parts.scheme == "https" and parts.hostname):
        raise ValueError("not an https address, nor `demo`")


def _check_hours(hours: int | str) -> None:
    if isinstance(hours, int) and not 1 <= hours <= 24 * 31:
        raise ValueError("not between an hour and a month")


def _check_basis_points(points: int | str) -> None:
    if isinstance(points, int) and not 0 <= points <= 1_000:
        raise ValueError("not between 0 and 1000 (10 %)")


CHECKS: dict[str, tuple[str, Callable[[str], object]]] = {
    "webhook_private_networks": ("WEBHOOK_PRIVATE_NETWORKS", _networks),
    "webhook_ports": ("WEBHOOK_PORTS", _ports),
    "fx_rates_url": ("FX_RATES_URL", _check_rates),
    "fx_stale_hours": ("FX_STALE_HOURS", _check_hours),
    "fx_fee_basis_points": ("FX_FEE_BASIS_POINTS", _check_basis_points),
    "smtp_url": ("SMTP_URL", _check_smtp),
    "sepa_account": ("SEPA_ACCOUNT", _check_sepa),
    "nacha_account": ("NACHA_ACCOUNT", _check_nacha),
    "mail_from": ("MAIL_FROM", _check_sender),
    "operator_email": ("OPERATOR_EMAIL", _check_sender),
}
