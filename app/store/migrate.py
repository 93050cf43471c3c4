"""Runs the numbered migrations, as whoever `DATABASE_URL` logs in as: the owner of the tables."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from app.store.db import Base, driver_url

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def config() -> Config:
    """Alembic's settings, without a file of its own."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    return settings


def head() -> str:
    """The newest migration."""
    newest = ScriptDirectory.from_config(config()).get_current_head()
    if newest is None:
        raise RuntimeError("there are no migrations")
    return newest


def upgrade(database_url: str, target: str = "head") -> None:
    """Bring the database up to `target`. Safe to repeat; two at once wait for each other."""
    _run(database_url, lambda settings: command.upgrade(settings, target))


def downgrade(database_url: str, target: str) -> None:
    """Take the database back to `target`."""
    _run(database_url, lambda settings: command.downgrade(settings, target))


def _run(database_url: str, action: Callable[[Config], None]) -> None:
    engine = create_engine(driver_url(database_url))
    settings = config()
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_lock(715517)")
        connection.commit()
        settings.attributes["connection"] = connection
        settings.attributes["metadata"] = Base.metadata
        action(settings)
        connection.commit()
    engine.dispose()
