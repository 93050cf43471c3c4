"""A platform's sellers: other merchant accounts of the same mode that it may transfer to."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.errors import InvalidRequest, NotFound, SellerNotConnected
from app.domain.escrow import WHOLE_BASIS_POINTS, Plan, check_plan
from app.domain.money import Money
from app.services.deps import Deps
from app.store.db import transaction
from app.store.escrow import ConnectedSeller, sellers
from app.store.merchants import Merchant

LONGEST_DAYS = 365


@dataclass(frozen=True)
class ConnectSeller:
    """A seller of a platform; the commission is what the platform keeps if a release says nothing."""

    merchant_id: str
    seller_merchant_id: str
    commission_basis_points: int = 0


def connect_seller(deps: Deps, command: ConnectSeller) -> None:
    """Connect a seller, or change the commission of one. Safe to repeat.

    Raises NotFound, or InvalidRequest where the two cannot be platform and seller.
    """
    if not 0 <= command.commission_basis_points < WHOLE_BASIS_POINTS:
        raise InvalidRequest("A commission is 0 to 9999 basis points.", param="commission")
    if command.merchant_id == command.seller_merchant_id:
        raise InvalidRequest("A platform cannot be its own seller.", param="seller")
    with transaction() as session:
        platform = _merchant(session, command.merchant_id)
        seller = _merchant(session, command.seller_merchant_id)
        if platform.mode != seller.mode:
            raise InvalidRequest(
                f"The platform is {platform.mode}, the seller {seller.mode}.", param="seller"
            )
        key = (command.merchant_id, command.seller_merchant_id)
        known = session.get(ConnectedSeller, key, with_for_update=True)
        if known is not None:
            known.is_active = True
            known.commission_basis_points = command.commission_basis_points
            return
        session.add(
            ConnectedSeller(
                merchant_id=command.merchant_id,
                seller_merchant_id=command.seller_merchant_id,
                is_active=True,
                commission_basis_points=command.commission_basis_points,
                created_at=deps.clock.now(),
            )
        )


def disconnect_seller(merchant_id: str, seller_merchant_id: str) -> None:
    """Transfer nothing more to a seller; what they got stays theirs. Safe to repeat."""
    with transaction() as session:
        known = session.get(
            ConnectedSeller, (merchant_id, seller_merchant_id), with_for_update=True
        )
        if known is None:
            raise NotFound("seller", seller_merchant_id)
        known.is_active = False


def _merchant(session: Session, merchant_id: str) -> Merchant:
    found = session.get(Merchant, merchant_id)
    if found is None:
        raise NotFound("account", merchant_id)
    return found


def connected(
    session: Session, merchant_id: str, wanted: Iterable[str], *, param: str = "destination"
) -> dict[str, ConnectedSeller]:
    """The wanted sellers; raises SellerNotConnected naming one that the platform does not have."""
    asked = list(wanted)
    known = sellers(session, merchant_id, asked)
    for one in asked:
        if one not in known:
            raise SellerNotConnected(f"{one} is not a connected seller of yours.", param=param)
    return known


def check_plan_of(merchant_id: str, plan: Plan, price: Money) -> None:
    """Refuse a plan that could not be carried out: wrong sums, or a seller who is not connected."""
    check_plan(plan, price)
    if not plan.names_sellers:
        return
    with transaction() as session:
        connected(session, merchant_id, plan.sellers, param="escrow")


def check_seller(merchant_id: str, seller_merchant_id: str, *, param: str) -> None:
    """Refuse a seller who is not connected; raises SellerNotConnected."""
    with transaction() as session:
        connected(session, merchant_id, [seller_merchant_id], param=param)


def set_release_days(merchant_id: str, days: int | None) -> None:
    """After how many days held money goes to its seller by itself; None: never. For holds to come."""
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise InvalidRequest(f"Enter 1 to {LONGEST_DAYS} days, or nothing.", param="days")
    with transaction() as session:
        session.get_one(Merchant, merchant_id).escrow_release_days = days
