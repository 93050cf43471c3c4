"""The language of searches: what can be said, what cannot, and that nothing said is SQL."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.objects.search import Condition
from app.web.api.search import LONGEST, SIGNS, Clause, Query, QueryInvalid, parse
from app.web.api.search_fields import FIELDS, understood


def written(query: Query, quote: str = "'") -> str:
    """A query as somebody types it."""

    def quoted(text: str) -> str:
        return quote + text.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote

    parts = []
    for one in query.clauses:
        key = "" if one.key is None else f"[{quoted(one.key)}]"
        value = "null" if one.value is None else quoted(one.value)
        parts.append(f"{'-' * one.is_negated}{one.field}{key}{one.sign}{value}")
    return (" OR " if query.is_any else " AND ").join(parts)


names = st.from_regex(r"[a-z_][a-z0-9_]{0,10}(\.[a-z_][a-z0-9_]{0,5}){0,2}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
clauses = st.builds(
    Clause,
    field=names,
    sign=st.sampled_from(SIGNS),
    value=st.none() | texts,
    key=st.none() | texts,
    is_negated=st.booleans(),
)
queries = st.builds(
    lambda some, is_any: Query(tuple(some), is_any=is_any and len(some) > 1),
    st.lists(clauses, min_size=1, max_size=10),
    st.booleans(),
)


@given(queries, st.sampled_from("'\""))
def test_what_is_written_is_what_is_read(query: Query, quote: str) -> None:
    text = written(query, quote)
    if len(text) <= LONGEST:
        assert parse(text) == query


@given(st.text(max_size=80))
def test_any_text_is_understood_or_refused_in_words(text: str) -> None:
    for kind in FIELDS:
        with suppress(QueryInvalid):
            understood(kind, parse(text))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("amount>1000", Clause("amount", ">", "1000")),
        ("amount>='1000'", Clause("amount", ">=", "1000")),
        ("refunded:TRUE", Clause("refunded", ":", "true")),
        ('-status:"canceled"', Clause("status", ":", "canceled", is_negated=True)),
        ("metadata['a b']:'c'", Clause("metadata", ":", "c", key="a b")),
        ('metadata["it\'s"]:NULL', Clause("metadata", ":", None, key="it's")),
        (r"name~'O\'Neill'", Clause("name", "~", "O'Neill")),
        ("  Status:'succeeded'  ", Clause("status", ":", "succeeded")),
    ],
)
def test_a_clause_is_a_field_a_sign_and_a_value(text: str, expected: Clause) -> None:
    assert parse(text) == Query((expected,))


def test_a_space_is_an_and() -> None:
    assert parse("amount>1 amount<9") == parse("amount>1 and amount<9")
    assert parse("amount>1\n\tOR   -amount<9").is_any


@pytest.mark.parametrize(
    "text, why",
    [
        ("", "a clause begins with the name of a field"),
        ("amount>1 AND amount<5 OR amount:7", "AND and OR cannot be used together"),
        ("amount>1 amount<5 OR amount:7", "AND and OR cannot be used together"),
        ("(amount>1)", "near '(amount>1)'"),
        ("amount>1 AND", "at its end: a clause begins"),
        ("amount", "after amount comes one of"),
        ("status:succeeded", "a text is quoted, as in status:'text'"),
        ("status:'succeeded", "a text is quoted"),
        ("status:'a'status:'b'", "clauses are parted"),
        ("metadata[order]:'1'", "a key of metadata is quoted"),
        (" ".join(["amount>1"] * 11), "at most 10 clauses"),
        ("amount>12.50", "a number is whole"),
    ],
)
def test_what_cannot_be_understood_is_told(text: str, why: str) -> None:
    with pytest.raises(QueryInvalid) as refused:
        parse(text)
    assert why in refused.value.message


@pytest.mark.parametrize(
    "kind, text, why",
    [
        ("payments", "colour:'red'", "'colour' cannot be searched for; amount, created"),
        ("payments", "email:'a@b.c'", "'email' cannot be searched for"),
        ("payments", "status:'captured'", "status is one of canceled, processing"),
        ("payments", "amount:'much'", "amount is a whole number"),
        ("payments", "amount~'100'", "amount is a number"),
        ("payments", "currency>'usd'", "currency is no number"),
        ("payments", "currency~'usd'", "currency is matched whole"),
        ("payments", "amount>null", "null is compared with ':'"),
        ("payments", "metadata:'x'", "a key in brackets"),
        ("payments", "amount['x']:1", "a key in brackets"),
        ("customers", "name~'ab'", "at least 3 characters"),
        ("charges", "refunded:'perhaps'", "refunded is 'true' or 'false'"),
        ("charges", "billing_details.address.postal_code:'N1'", "not kept here"),
    ],
)
def test_fields_and_comparisons_that_there_are_not_are_told(kind: str, text: str, why: str) -> None:
    with pytest.raises(QueryInvalid) as refused:
        understood(kind, parse(text))
    assert why in refused.value.message


def test_stripes_words_become_ours() -> None:
    [found] = understood("payments", parse("-status:'requires_payment_method'")).conditions
    assert found == Condition("status", "is", ("open", "failed"), is_negated=True)
