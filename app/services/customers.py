"""Customers: created, changed, deleted. Deleting one drops the cards that they kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.errors import InvalidRequest, MethodNotTheirs, NotFound, ProcessorUnavailable
from app.domain.ids import new_id
from app.domain.processor import Unknown
from app.services.accounts import account_by_id
from app.services.deps import Deps
from app.store.customers import Customer, CustomerReference, PaymentMethod
from app.store.db import db, end_read, transaction
from app.store.outbox import emit
from app.store.payments import Event

# What may be written, and how long it may be.
LIMITS = {"name": 256, "phone": 20, "description": 5000}
FIELDS = (*LIMITS, "email", "address", "shipping", "metadata", "default_payment_method_id")

MetadataChange = Callable[[Mapping[str, Any]], dict[str, str]]


@dataclass(frozen=True)
class CreateCustomer:
    """A customer under an id that the caller gives: the same call again finds the same customer."""

    merchant_id: str
    customer_id: str
    actor: str
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    description: str | None = None
    address: dict[str, Any] | None = None
    shipping: dict[str, Any] | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UpdateCustomer:
    """`changes` holds new values of fields; `metadata` says what becomes of what is there."""

    merchant_id: str
    customer_id: str
    actor: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    metadata: MetadataChange | None = None


def create_customer(deps: Deps, command: CreateCustomer) -> Customer:
    """Create the customer, once per id; raises InvalidRequest."""
    with transaction() as session:
        made = insert_customer(deps, session, command)
    deps.queue.wake("events")
    return made


def insert_customer(deps: Deps, session: Session, command: CreateCustomer) -> Customer:
    """The row and its event, in the caller's unit of work; the row that is there if it is."""
    now = deps.clock.now()
    made = session.execute(
        insert(Customer)
        .values(
            {
                Customer.merchant_id: command.merchant_id,
                Customer.id: command.customer_id,
                Customer.metadata_: command.metadata,
                Customer.created_at: now,
                Customer.updated_at: now,
                **{getattr(Customer, name): value for name, value in checked(command).items()},
            }
        )
        .on_conflict_do_nothing()
        .returning(Customer.id)
    ).scalar()
    row = session.get_one(Customer, (command.merchant_id, command.customer_id))
    if made is not None:
        emit(session, customer_event(deps, row, "customer.created", command.actor))
    return row


def checked(command: CreateCustomer) -> dict[str, Any]:
    """The fields in their usual form; raises InvalidRequest."""
    names = (*LIMITS, "email", "address", "shipping")
    return {name: _checked(name, getattr(command, name)) for name in names}


def load(merchant_id: str, customer_id: str, *, param: str = "id") -> Customer:
    """A merchant's customer; raises NotFound if there is none or they were deleted."""
    row = find(merchant_id, customer_id)
    if row is None or row.deleted_at is not None:
        raise _no_such(customer_id, param)
    return row


def find(merchant_id: str, customer_id: str) -> Customer | None:
    """A merchant's customer, deleted or not."""
    row = db.session.execute(
        select(Customer)
        .where(Customer.merchant_id == merchant_id, Customer.id == customer_id)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    end_read()
    return row


def by_ids(merchant_id: str, ids: Sequence[str]) -> Sequence[Customer]:
    """These of a merchant's customers, deleted or not."""
    rows = db.session.execute(
        select(Customer).where(Customer.merchant_id == merchant_id, Customer.id.in_(ids))
    ).scalars()
    found = rows.all()
    end_read()
    return found


def update_customer(deps: Deps, command: UpdateCustomer) -> Customer:
    """Change what is given; raises NotFound or InvalidRequest."""
    changes = {name: _checked(name, value) for name, value in command.changes.items()}
    with transaction() as session:
        row = locked(session, command.merchant_id, command.customer_id)
        wanted = changes.get("default_payment_method_id")
        if wanted is not None:
            _must_be_theirs(session, row, wanted)
        if command.metadata is not None:
            changes["metadata_"] = command.metadata(row.metadata_)
        previous = {
            name.rstrip("_"): getattr(row, name)
            for name, value in changes.items()
            if getattr(row, name) != value
        }
        if previous:
            for name, value in changes.items():
                setattr(row, name, value)
            row.updated_at = deps.clock.now()
            event = customer_event(
                deps, row, "customer.updated", command.actor, {"previous": previous}
            )
            emit(session, event)
    if previous:
        deps.queue.wake("events")
    return row


def delete_customer(deps: Deps, merchant_id: str, customer_id: str, actor: str) -> None:
    """Delete the customer: what they kept is dropped at the processor first, so this can be repeated.

    Raises NotFound, or ProcessorUnavailable when it is not known whether a card was dropped.
    """
    load(merchant_id, customer_id)
    for method in _kept_by(merchant_id, customer_id):
        drop_at_processor(deps, method)
    now = deps.clock.now()
    with transaction() as session:
        row = locked(session, merchant_id, customer_id)
        kept = session.execute(
            select(PaymentMethod)
            .where(
                PaymentMethod.merchant_id == merchant_id, PaymentMethod.customer_id == customer_id
            )
            .with_for_update()
        ).scalars()
        for method in kept:
            detach_row(deps, session, method, actor)
        row.default_payment_method_id = None
        row.deleted_at = row.updated_at = now
        emit(session, customer_event(deps, row, "customer.deleted", actor))
    deps.queue.wake("events")


def drop_at_processor(deps: Deps, method: PaymentMethod) -> None:
    """Have the processor forget a card; raises ProcessorUnavailable if it is not known that it did."""
    account = account_by_id(deps, method.processor_account_id)
    outcome = deps.processors[method.processor].drop_method(
        account, method.processor_token, f"{method.id}:drop", _known_as(method)
    )
    if isinstance(outcome, Unknown):
        raise ProcessorUnavailable("The card processor did not answer. Try again.")


def _known_as(method: PaymentMethod) -> str | None:
    """What the processor calls the customer whose card it is."""
    key = (method.merchant_id, method.customer_id, method.processor_account_id)
    known = db.session.get(CustomerReference, key) if method.customer_id else None
    end_read()
    return known.processor_reference if known else None


def detach_row(deps: Deps, session: Session, method: PaymentMethod, actor: str) -> None:
    """The card is nobody's any more, and will not be used again."""
    now = deps.clock.now()
    data = {"customer_id": method.customer_id}
    method.customer_id, method.detached_at = None, now
    emit(session, method_event(deps, method, "method.dropped", actor, data))


def locked(
    session: Session,
    merchant_id: str,
    customer_id: str,
    *,
    param: str = "id",
    is_shared: bool = False,
) -> Customer:
    """The customer's row, locked, or only kept from being changed; raises NotFound if there is none
    or they were deleted.
    """
    row = session.execute(
        select(Customer)
        .where(Customer.merchant_id == merchant_id, Customer.id == customer_id)
        .with_for_update(read=is_shared)
    ).scalar_one_or_none()
    if row is None or row.deleted_at is not None:
        raise _no_such(customer_id, param)
    return row


def customer_event(
    deps: Deps, row: Customer, name: str, actor: str, data: dict[str, Any] | None = None
) -> Event:
    """What happened to a customer."""
    return _event(deps, row.merchant_id, "customer", row.id, name, actor, data or {})


def method_event(
    deps: Deps, row: PaymentMethod, name: str, actor: str, data: dict[str, Any] | None = None
) -> Event:
    """What happened to a kept card."""
    return _event(deps, row.merchant_id, "payment_method", row.id, name, actor, data or {})


def _event(
    deps: Deps,
    merchant_id: str,
    kind: str,
    subject_id: str,
    name: str,
    actor: str,
    data: dict[str, Any],
) -> Event:
    now = deps.clock.now()
    return Event(
        merchant_id=merchant_id,
        id=new_id("evt", now),
        name=name,
        subject_type=kind,
        subject_id=subject_id,
        payment_id=None,
        actor=actor,
        data=data,
        event_at=now,
        created_at=now,
    )


def _no_such(customer_id: str, param: str) -> NotFound:
    error = NotFound("customer", customer_id)
    error.param = param
    return error


def _kept_by(merchant_id: str, customer_id: str) -> list[PaymentMethod]:
    rows = db.session.execute(
        select(PaymentMethod).where(
            PaymentMethod.merchant_id == merchant_id, PaymentMethod.customer_id == customer_id
        )
    ).scalars()
    found = list(rows)
    end_read()
    return found


def _must_be_theirs(session: Session, row: Customer, method_id: str) -> None:
    method = session.get(PaymentMethod, (row.merchant_id, method_id))
    if method is None or method.customer_id != row.id:
        raise MethodNotTheirs(
            f"The customer does not have a payment method with the ID {method_id}. The payment "
            "method must be attached to the customer.",
            param="invoice_settings[default_payment_method]",
        )


def _checked(name: str, value: Any) -> Any:
    """A field's value in its usual form; raises InvalidRequest."""
    if name not in FIELDS:
        raise InvalidRequest(f"A customer has no {name}.", param=name)
    if value is None or value == "":
        return None
    if name == "email":
        return _email(str(value))
    limit = LIMITS.get(name)
    if limit is not None and len(value) > limit:
        raise InvalidRequest(f"{name} has at most {limit} characters.", param=name)
    return value


def _email(value: str) -> str:
    try:
        return validate_email(value[:300], check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise InvalidRequest(f"Invalid email address: {value[:100]}", param="email") from error
