"""What can be searched for, object by object: Stripe's names of fields to conditions in our words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.reports.objects.search import (
    AT_LEAST,
    AT_MOST,
    CONTAINS,
    IS,
    IS_NULL,
    LESS,
    MORE,
    Condition,
    Search,
)
from app.web.api.objects.payment_intent import STATUS
from app.web.api.search import Clause, Query, QueryInvalid

SHORTEST_PART = 3
_NUMBER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_COMPARING = {":": IS, ">": MORE, "<": LESS, ">=": AT_LEAST, "<=": AT_MOST}


@dataclass(frozen=True)
class SearchField:
    """One field: what we call it and how it may be compared. `words` are the values that there are."""

    ours: str
    kind: str
    words: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class NotHeld:
    """A field that others search by and we cannot."""

    why: str


def _number(ours: str) -> SearchField:
    return SearchField(ours, "number")


def _token(ours: str, words: Mapping[str, tuple[str, ...]] | None = None) -> SearchField:
    return SearchField(ours, "token", words)


def _text(ours: str) -> SearchField:
    return SearchField(ours, "text")


def _statuses() -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {"requires_confirmation": ("open_with_method",)}
    for ours, theirs in STATUS.items():
        words[theirs] = (*words.get(theirs, ()), ours.value)
    return words


_COMMON = {
    "amount": _number("amount"),
    "created": _number("created"),
    "currency": _token("currency"),
    "customer": _token("customer"),
    "metadata": _text("metadata"),
}
_CARD = "payment_method_details.card"

FIELDS: dict[str, dict[str, SearchField | NotHeld]] = {
    "payments": {**_COMMON, "status": _token("status", _statuses())},
    "charges": {
        **_COMMON,
        "status": _token("status", {"succeeded": ("paid",), "failed": ("refused",), "pending": ()}),
        "refunded": SearchField("is_refunded", "flag"),
        "disputed": SearchField("is_disputed", "flag"),
        f"{_CARD}.brand": _token("card_brand"),
        f"{_CARD}.last4": _token("card_last4"),
        f"{_CARD}.exp_month": _number("card_exp_month"),
        f"{_CARD}.exp_year": _number("card_exp_year"),
        f"{_CARD}.fingerprint": _token("card_fingerprint"),
        "billing_details.address.postal_code": NotHeld(
            "postal codes are checked by the bank and not kept here."
        ),
    },
    "customers": {
        "created": _number("created"),
        "email": _text("email"),
        "metadata": _text("metadata"),
        "name": _text("name"),
        "phone": _text("phone"),
    },
}


def understood(kind: str, query: Query) -> Search:
    """The query in our words; raises QueryInvalid if a field or a comparison does not exist."""
    conditions = tuple(_condition(FIELDS[kind], clause) for clause in query.clauses)
    return Search(kind, conditions, query.is_any)


def _condition(fields: Mapping[str, SearchField | NotHeld], clause: Clause) -> Condition:
    field = fields.get(clause.field)
    if field is None:
        names = ", ".join(sorted(fields))
        raise QueryInvalid(f"'{clause.field[:60]}' cannot be searched for; {names} can.")
    if isinstance(field, NotHeld):
        raise QueryInvalid(f"{clause.field} cannot be searched for: {field.why}")
    if (clause.key is not None) != (clause.field == "metadata"):
        raise QueryInvalid("a key in brackets belongs to metadata, as in metadata['order']:'42'.")
    if clause.value is None:
        if clause.sign != ":":
            raise QueryInvalid(f"null is compared with ':', as in {clause.called}:null.")
        return Condition(field.ours, IS_NULL, (), clause.key, clause.is_negated)
    sign, values = _COMPARED[field.kind](field, clause, clause.value)
    return Condition(field.ours, sign, values, clause.key, clause.is_negated)


Compared = tuple[str, tuple[str | int | bool, ...]]


def _as_number(_: SearchField, clause: Clause, value: str) -> Compared:
    if clause.sign == "~":
        raise QueryInvalid(f"{clause.called} is a number: compare it with : > < >= or <=.")
    if not _NUMBER.fullmatch(value):
        raise QueryInvalid(f"{clause.called} is a whole number.")
    return _COMPARING[clause.sign], (int(value),)


def _as_text(field: SearchField, clause: Clause, value: str) -> Compared:
    if clause.sign != "~":
        return _as_token(field, clause, value)
    if len(value) < SHORTEST_PART:
        raise QueryInvalid(f"a part of a text has at least {SHORTEST_PART} characters.")
    return CONTAINS, (value,)


def _as_token(field: SearchField, clause: Clause, value: str) -> Compared:
    _whole(clause)
    if field.words is None:
        return IS, (value,)
    if value.lower() not in field.words:
        raise QueryInvalid(f"{clause.called} is one of {', '.join(sorted(field.words))}.")
    # A word that nothing of ours ever has fits nothing.
    return IS, field.words[value.lower()] or ("",)


def _as_flag(_: SearchField, clause: Clause, value: str) -> Compared:
    _whole(clause)
    if value.lower() not in ("true", "false"):
        raise QueryInvalid(f"{clause.called} is 'true' or 'false'.")
    return IS, (value.lower() == "true",)


def _whole(clause: Clause) -> None:
    if clause.sign == "~":
        raise QueryInvalid(f"{clause.called} is matched whole: use ':' instead of '~'.")
    if clause.sign != ":":
        raise QueryInvalid(f"{clause.called} is no number: compare it with ':'.")


_COMPARED: dict[str, Callable[[SearchField, Clause, str], Compared]] = {
    "number": _as_number,
    "text": _as_text,
    "token": _as_token,
    "flag": _as_flag,
}
