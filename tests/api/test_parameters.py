"""Every parameter that Stripe has for a call is either taken by us or refused with a reason."""

import re
from collections.abc import Iterator

import pytest

from app.web.api.call import Route
from app.web.api.fields import EXPAND, Field, Hash, List, Range, Refused, Spec
from app.web.api.routes import ROUTES
from tests.contracts import schema

# Calls of Stripe's that are none of ours, and why.
NOT_OFFERED = {
    "POST /v1/charges": "payments are made as payment intents",
    "POST /v1/charges/{}": "notes are kept with the payment intent",
    "POST /v1/payment_intents/{}/increment_authorization": "no processor of ours offers it",
    "POST /v1/payment_methods": "card data never comes to us",
    "POST /v1/payment_methods/{}": "a kept card is as the bank says",
    "POST /v1/disputes/{}": "comes with disputes",
    "POST /v1/disputes/{}/close": "comes with disputes",
    "POST /v1/files": "comes with disputes",
    "POST /v1/payouts/{}/reverse": "banks do not give a payout back that has arrived",
}
# Names that we take and that the published part does not list for the call, and why.
OURS = {
    "escrow": "Stripe holds no money until a release",
    "client_secret": "browsers look a payment up by it",
    "description": "the published part lost every property of this name",
}


def _plain(call: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", call)


STRIPES = {_plain(call): names for call, names in schema.parameters().items()}
KNOWN = [route for route in ROUTES if _plain(f"{route.method} {route.rule}") in STRIPES]


def _called(route: Route) -> str:
    return f"{route.method} {route.rule}"


def _inside(field: Field) -> Spec | None:
    """The fields inside of a field; None where it takes names of the caller's own."""
    if isinstance(field, Hash):
        return field.fields
    if isinstance(field, List):
        return _inside(field.item)
    return None


def _unheard(spec: Spec, names: list[str]) -> Iterator[str]:
    """The names that a specification says nothing about."""
    for name in names:
        parts = [part for part in re.split(r"[\[\]]+", name) if part]
        known: Spec | None = spec
        for part in parts:
            if known is None:
                break
            if part not in known:
                yield name
                break
            field = known[part]
            is_closed = not isinstance(field, Refused | Range)
            known = _inside(field) if is_closed else None


def test_every_call_of_our_resources_is_offered_or_left_out_on_purpose() -> None:
    offered = {_plain(_called(route)) for route in ROUTES}
    assert STRIPES.keys() - offered <= NOT_OFFERED.keys()
    assert offered.isdisjoint(NOT_OFFERED)


@pytest.mark.parametrize("route", KNOWN, ids=_called)
def test_every_parameter_of_stripes_is_taken_or_refused_with_a_reason(route: Route) -> None:
    spec = {**route.spec, **EXPAND}
    if route.is_public:
        spec["client_secret"] = EXPAND["expand"]
    assert list(_unheard(spec, STRIPES[_plain(_called(route))])) == []


@pytest.mark.parametrize("route", KNOWN, ids=_called)
def test_no_parameter_is_an_invention(route: Route) -> None:
    stripes = {name.partition("[")[0] for name in STRIPES[_plain(_called(route))]}
    taken = {name for name, field in route.spec.items() if not isinstance(field, Refused)}
    assert taken - stripes <= OURS.keys()


@pytest.mark.parametrize("route", ROUTES, ids=_called)
def test_a_refusal_says_why_and_what_is_taken_says_what_it_is(route: Route) -> None:
    for name, field in _all(route.spec):
        if isinstance(field, Refused):
            assert re.fullmatch(r"\S.{10,}[.!]", field.why), name
        elif "[" not in name:
            assert field.doc, name


def _all(spec: Spec, prefix: str = "") -> Iterator[tuple[str, Field]]:
    for name, field in spec.items():
        called = f"{prefix}[{name}]" if prefix else name
        yield called, field
        yield from _all(_inside(field) or {}, called)
