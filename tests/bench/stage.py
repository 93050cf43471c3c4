"""What stands while the bench runs: a durable PostgreSQL as in production, Valkey, merchants."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import psycopg
from flask import Flask

from app import embedded, host
from app.services import accounts, keys, merchants
from app.settings import Settings
from app.store import db as store
from app.store import migrate
from tests.bench import product

FIRST_PORT = 18_300
MERCHANTS = 16
# Counted as in service, and never turned away.
CALLS_PER_SECOND = 1_000_000
_databases = count(1)
# Known to everybody, and of use to nobody.
SECRET_KEY = "bench-only-secret-key-of-forty-characters"
SEAL_KEY = "YmVuY2gtb25seS1zZWFsLWtleS1vZi0zMi1ieXRlcyE="


@dataclass(frozen=True, slots=True)
class BenchMerchant:
    """A merchant that payments are made for."""

    id: str
    account_id: str
    key: str
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class Stage:
    """A migrated database with merchants, and how to reach it."""

    database_url: str
    settings: Settings
    merchants: tuple[BenchMerchant, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the product's processes."""
        return {
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url,
            "SECRET_KEY": SECRET_KEY,
            "SEAL_KEY": SEAL_KEY,
            "API_CALLS_PER_SECOND": str(CALLS_PER_SECOND),
        }


@dataclass(frozen=True, slots=True)
class Servers:
    """The two servers of one run."""

    postgres: embedded.Server
    valkey: embedded.Server


@contextlib.contextmanager
def servers() -> Iterator[Servers]:
    """Start both on empty folders of their own; stop them and leave nothing."""
    folder = host.throwaway_dir("farthing-bench")
    try:
        postgres = embedded.start_postgres(folder / "postgres", _free(FIRST_PORT + 1), durable=True)
        try:
            valkey = embedded.start_valkey(folder / "valkey", _free(FIRST_PORT + 2))
            try:
                yield Servers(postgres, valkey)
            finally:
                valkey.stop()
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free(port: int) -> int:
    return port if host.port_is_free(port) else 0


def prepare(running: Servers, merchant_count: int = MERCHANTS) -> Stage:
    """Make one more migrated database, with its merchants."""
    name = f"bench_{next(_databases)}"
    with psycopg.connect(running.postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = f"{running.postgres.url.rsplit('/', 1)[0]}/{name}"
    migrate.upgrade(url)
    settings = Settings(
        database_url=url,
        redis_url=running.valkey.url,
        secret_key=SECRET_KEY,
        seal_key=SEAL_KEY,
        api_calls_per_second=CALLS_PER_SECOND,
    )
    app = product.build(settings)
    with app.app_context():
        found = tuple(open_merchant(app, number) for number in range(merchant_count))
    store.close(app)
    return Stage(url, settings, found)


def open_merchant(app: Flask, number: int) -> BenchMerchant:
    """A merchant with a connected account and an API key; needs the application's context."""
    deps = app.extensions["farthing"]
    merchant_id = merchants.open_merchant(
        deps,
        merchants.OpenMerchant(f"Shop {number}", "test", "US", "USD", "UTC", "help@shop.example"),
    )
    account_id = accounts.connect_account(
        deps,
        accounts.ConnectAccount(
            merchant_id=merchant_id,
            processor="stripe",
            external_account=f"acct_bench_{number}",
            publishable_key=f"pk_test_{number}",
            secret_key=f"sk_test_{number}",
        ),
    )
    key = keys.create_key(deps, keys.CreateKey(merchant_id, name="Bench")).text
    return BenchMerchant(merchant_id, account_id, key, keys.key_hash(key))
