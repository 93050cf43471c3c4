"""Builds Deps from Settings: the only file that knows every adapter."""

from flask import has_app_context

from app.adapters.failpoints import failpoint
from app.adapters.fx import DemoRates, EcbRates
from app.adapters.http import SafeSender
from app.adapters.http_addresses import Policy
from app.adapters.limiter import ValkeyLimiter
from app.adapters.mail import NoMailer, SmtpMailer
from app.adapters.processors.adyen import AdyenProcessor
from app.adapters.processors.guard import Guarded
from app.adapters.processors.stripe import StripeProcessor
from app.adapters.queue import RqQueue
from app.adapters.rails.bank_files import FileRail
from app.adapters.rails.guard import GuardedRail
from app.adapters.rails.nacha import NachaFiles, Sender
from app.adapters.rails.sandbox_bank import SandboxBankRail
from app.adapters.rails.sepa import SepaFiles
from app.adapters.sealing import Argon2Hasher, FernetSealer
from app.adapters.signing import Ed25519Signer
from app.domain.bank_files import BankFiles, OrderBook
from app.domain.clock import Clock, SystemClock
from app.domain.customer_page import CustomerPage
from app.domain.ports import Mailer, Queue, RateProvider
from app.domain.processor import Processor
from app.domain.rails import PayoutRail
from app.services.deps import Deps
from app.services.payout_files import KeptOrders
from app.settings import Settings, nacha_parts, sepa_parts
from app.store.db import end_read, in_unit

JOBS = {
    "inbox": "worker.jobs.handle_inbox",
    "refunds": "worker.jobs.submit_refunds",
    "resolver": "worker.jobs.resolve_operations",
    "reversals": "worker.jobs.reverse_late_money",
    "expiry": "worker.jobs.expire_checkouts",
    "stale": "worker.jobs.refresh_stale_payments",
    "books": "worker.jobs.close_books",
    "rates": "worker.jobs.fetch_rates",
    "conversions": "worker.jobs.convert_waiting",
    "release": "worker.jobs.release_funds",
    "paydays": "worker.jobs.pay_scheduled",
    "payouts": "worker.jobs.submit_payouts",
    "proofs": "worker.jobs.prove_books",
    "escrow": "worker.jobs.release_escrow",
    "onward": "worker.jobs.send_onward",
    "news": "worker.jobs.poll_news",
    "events": "worker.telling.publish_events",
    "deliveries": "worker.telling.deliver_events",
    "mails": "worker.telling.send_mails",
    "files": "worker.paying.write_files",
    "deposits": "worker.paying.send_deposits",
    "housekeeping": "worker.telling.keep_house",
}


def refuse_open_unit() -> None:
    """Before every call to the outside: no unit of work may be open, and no read is left hanging."""
    if not has_app_context():
        return  # A thread without a context has no session, so no unit either.
    if in_unit():
        raise AssertionError("the outside is called while a unit of work is open")
    end_read()


def processors(settings: Settings) -> dict[str, Processor]:
    """PROCESSORS: every processor we speak to, each behind its guard."""
    known: tuple[Processor, ...] = (
        StripeProcessor(
            settings.stripe_api_url,
            settings.stripe_js_url,
            settings.stripe_connect_seconds,
            settings.stripe_read_seconds,
        ),
        AdyenProcessor(
            settings.adyen_api_url,
            settings.adyen_js_url,
            settings.adyen_connect_seconds,
            settings.adyen_read_seconds,
        ),
    )
    return {one.name: Guarded(one, refuse_open_unit) for one in known}


def bank_files(settings: Settings) -> dict[str, BankFiles]:
    """The formats of the banks that are given files, by the name of their rail."""
    known: list[BankFiles] = []
    if settings.sepa_account:
        known.append(SepaFiles(*sepa_parts(settings.sepa_account)))
    if settings.nacha_account:
        known.append(NachaFiles(Sender(*nacha_parts(settings.nacha_account))))
    return {one.name: one for one in known}


def rails(settings: Settings, book: OrderBook) -> dict[str, PayoutRail]:
    """RAILS: every way to a bank account that the operator set up, each behind its guard."""
    known: list[PayoutRail] = []
    if settings.sandbox_bank_url:
        known.append(SandboxBankRail(settings.sandbox_bank_url))
    known += [FileRail(files, book) for files in bank_files(settings).values()]
    return {one.name: GuardedRail(one, refuse_open_unit) for one in known}


def mailer(settings: Settings) -> Mailer:
    """The operator's mail server, or the lack of one."""
    if not settings.smtp_url:
        return NoMailer()
    return SmtpMailer(settings.smtp_url, settings.mail_from, before=refuse_open_unit)


def rate_provider(settings: Settings, clock: Clock) -> RateProvider | None:
    """Where exchange rates come from, if from anywhere."""
    if settings.fx_rates_url == "demo":
        return DemoRates(clock)
    if not settings.fx_rates_url:
        return None
    return EcbRates(settings.fx_rates_url, before=refuse_open_unit)


def build_deps(
    settings: Settings, *, clock: Clock | None = None, queue: Queue | None = None
) -> Deps:
    """The system as the operator set it up; tests hand in a clock or a queue of their own."""
    clock, sealer = clock or SystemClock(), FernetSealer(settings.seal_key)
    return Deps(
        clock=clock,
        processors=processors(settings),
        rails=rails(settings, KeptOrders(sealer, clock)),
        bank_files=bank_files(settings),
        queue=queue or RqQueue(settings.redis_url, JOBS),
        sealer=sealer,
        signer=Ed25519Signer(),
        hasher=Argon2Hasher(),
        sender=SafeSender(
            Policy(settings.webhook_port_numbers, settings.webhook_networks),
            before=refuse_open_unit,
        ),
        mailer=mailer(settings),
        limiter=ValkeyLimiter(settings.redis_url, settings.api_calls_per_second),
        base_url=settings.base_url.rstrip("/"),
        customer_page=CustomerPage(settings.base_url.rstrip("/"), settings.secret_key),
        lease_seconds=settings.lease_seconds,
        session_hours=settings.session_hours,
        session_idle_minutes=settings.session_idle_minutes,
        cooling_off_hours=settings.payout_cooling_off_hours,
        rate_provider=rate_provider(settings, clock),
        fx_stale_hours=settings.fx_stale_hours,
        fx_fee_basis_points=settings.fx_fee_basis_points,
        operator_email=settings.operator_email,
        failpoint=failpoint(settings.failpoint),
    )
