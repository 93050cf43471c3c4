"""A platform and its sellers under test: what their books say, and a hold as its row says."""

from dataclasses import dataclass

from app.domain.escrow import Milestone, Plan
from app.domain.money import Money
from app.domain.payments import Payment
from app.services.deps import Deps
from app.services.escrow import Part, Released, ReleaseEscrow, release
from tests.factories import Shop, connect_sellers, make_payment, usd
from tests.services.bank import rows


@dataclass(frozen=True)
class Market:
    """A platform (`shop`) with two sellers."""

    deps: Deps
    shop: Shop
    ann: str
    ben: str

    def sell(self, amount: str = "49.99", plan: Plan | None = None) -> Payment:
        """A payment that is held; the processor took it at once."""
        return make_payment(
            self.deps, self.shop, amount=usd(amount), escrow=Plan() if plan is None else plan
        )

    def steps(self, *parts: tuple[str, str, str]) -> Plan:
        """A plan of milestones: name, amount, seller."""
        found = (Milestone(name, usd(amount).amount_minor, who) for name, amount, who in parts)
        return Plan(milestones=tuple(found))

    def release(
        self,
        payment: Payment,
        amount: str = "",
        *,
        key: str = "key",
        to: str = "",
        commission: str | None = None,
        milestone: str | None = None,
    ) -> Released:
        """Let a part go to one seller, or a milestone, or all as planned."""
        kept = None if commission is None else usd(commission)
        parts = (Part(to or self.ann, usd(amount), kept),) if amount else ()
        return release(
            self.deps,
            ReleaseEscrow(
                self.shop.merchant_id,
                hold_id(payment),
                "user:robin",
                key,
                parts=parts,
                milestone=milestone,
            ),
        )

    def hold(self, payment: Payment) -> tuple[str, int, int, int]:
        """Status, held, released, refunded."""
        [row] = rows(
            "SELECT status, held_minor, released_minor, refunded_minor FROM escrow_holds"
            " WHERE payment_id = :p",
            p=payment.id,
        )
        return row["status"], row["held_minor"], row["released_minor"], row["refunded_minor"]


def hold_id(payment: Payment) -> str:
    """A hold has its payment's id."""
    return "esc" + payment.id.removeprefix("pi")


def market(deps: Deps, shop: Shop, *, basis_points: int = 0) -> Market:
    """The shop as a platform with two sellers."""
    ann, ben = connect_sellers(deps, shop, "Ann's Pots", "Ben's Chairs", basis_points=basis_points)
    return Market(deps, shop, ann, ben)


def balance(merchant_id: str, account: str = "merchant_pending", currency: str = "USD") -> Money:
    """An account's balance on its credit side, by its postings."""
    [row] = rows(
        "SELECT coalesce(-sum(signed_minor), 0)::bigint AS total FROM ledger_entries"
        " WHERE merchant_id = :m AND account = :a AND currency = :c",
        m=merchant_id,
        a=account,
        c=currency,
    )
    return Money(row["total"], currency)


def owned(merchant_id: str) -> Money:
    """All that is a merchant's own: pending and available."""
    return balance(merchant_id) + balance(merchant_id, "merchant_available")
