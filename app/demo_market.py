"""The demo's marketplace: one of its merchants as a platform with two sellers, and money held for them."""

from app.domain.escrow import Milestone, Plan
from app.domain.money import Money
from app.domain.onward import Onward
from app.services import checkout, escrow, merchants, onward, sellers
from app.services.checkout import LineItem, OpenSession, PaySession
from app.services.deps import Deps
from app.services.escrow import FreezeEscrow, ReleaseEscrow


def make_market(deps: Deps, platform: str, seller: str) -> None:
    """A platform with two sellers: money held for them, in part released, some of it frozen, and money that
    went on to one of them at once.
    """
    potter = merchants.open_merchant(
        deps,
        merchants.OpenMerchant(
            "Ashdown Pottery", "test", "US", "USD", "America/New_York", "hello@ashdown.example"
        ),
    )
    for one, basis_points in ((potter, 1_000), (seller, 750)):
        sellers.connect_seller(deps, sellers.ConnectSeller(platform, one, basis_points))
    sellers.set_release_days(platform, 14)
    steps = (Milestone("Design", 12_000, potter), Milestone("Delivery", 30_000, potter))
    orders = (
        ("Dinner service, made to order", 42_000, Plan(potter, steps, "ORDER-2201")),
        ("Field journals, box of twelve", 22_200, Plan(seller)),
        ("Ash-glazed vase", 18_500, Plan(potter)),
        ("Map of the county, framed", 9_600, Onward(seller, application_fee_minor=960)),
    )
    held = []
    for title, price, plan in orders:
        session_id = checkout.open_session(
            deps,
            OpenSession(
                merchant_id=platform,
                line_items=(LineItem(title, 1, Money(price, "USD")),),
                currency="USD",
                actor="customer",
                description=title,
                escrow=plan.stored(),
            ),
        )
        view = checkout.pay(
            deps, PaySession(session_id, "pm_card_visa", "grace@example.com", "Grace Kim")
        )
        held.append("esc" + str(view.payment_id).removeprefix("pi"))
    onward.transfer_due(deps)
    actor = "user:owner@wren.example"
    escrow.release(deps, ReleaseEscrow(platform, held[0], actor, "demo", milestone="Design"))
    escrow.freeze(deps, FreezeEscrow(platform, held[2], actor, "The customer says it is chipped"))
