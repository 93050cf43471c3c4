"""The periodic jobs, as data: each sweeps rows, so that a lost wake-up costs seconds and loses
nothing.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Periodic:
    """A job of `app.wiring.JOBS` and how often it runs."""

    job: str
    every_seconds: int


SCHEDULE = (
    Periodic("inbox", 5),
    Periodic("refunds", 5),
    Periodic("resolver", 5),
    Periodic("reversals", 15),
    Periodic("expiry", 15),
    Periodic("stale", 60),
    Periodic("books", 5),
    Periodic("rates", 3600),
    Periodic("conversions", 60),
    Periodic("release", 300),
    Periodic("paydays", 60),
    Periodic("payouts", 15),
    Periodic("proofs", 60),
    Periodic("escrow", 60),
    Periodic("onward", 15),
    Periodic("news", 600),
    Periodic("events", 1),
    Periodic("deliveries", 2),
    Periodic("mails", 10),
    Periodic("deposits", 30),
    Periodic("files", 3600),
    Periodic("housekeeping", 3600),
)
