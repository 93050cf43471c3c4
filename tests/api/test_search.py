"""Searches: what is found is what fits, of one's own, a page at a time."""

from typing import Any
from urllib.parse import quote, urlencode

import psycopg
import pytest

from tests.api.client import Api, error_of, order
from tests.contracts.schema import check
from tests.factories import DECLINED

INTENTS = "/v1/payment_intents"


def look(api: Api, where: str, query: str, **more: Any) -> dict[str, Any]:
    """A page of a search, as the contract has it."""
    answer = api.get(f"/v1/{where}/search?{urlencode({'query': query, **more})}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = check(answer.json)
    assert (found["object"], found["url"]) == ("search_result", f"/v1/{where}/search")
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [row["id"] for row in found["data"]]


def pay(api: Api, **changes: Any) -> str:
    """A payment tried at once; gives its id, declined or not."""
    body = api.post(INTENTS, order(confirm=True, **changes)).json
    assert body is not None
    return str((body.get("error") or {}).get("payment_intent", body)["id"])


@pytest.fixture
def three(api: Api) -> list[str]:
    """A large payment, a small one in euros, and a declined one; oldest first."""
    return [
        pay(api, amount=9000, metadata={"shelf": "Nine", "it's": "50%_off"}),
        pay(api, amount=700, currency="eur"),
        pay(api, amount=800, payment_method=DECLINED),
    ]


@pytest.mark.parametrize(
    "query, expected",
    [
        ("amount>=800", [2, 0]),
        ("amount>700 AND amount<9000", [2]),
        ("amount:700 OR amount:9000", [1, 0]),
        ("currency:'EUR'", [1]),
        ("-currency:'eur'", [2, 0]),
        ("status:'succeeded'", [1, 0]),
        ("status:'requires_payment_method'", [2]),
        ("status:'requires_confirmation'", []),
        ("-status:'succeeded'", [2]),
        ("metadata['shelf']:'nine'", [0]),
        ("metadata['shelf']~'INE'", [0]),
        ("-metadata['shelf']:'nine'", [2, 1]),
        ("metadata['shelf']:null", [2, 1]),
        ("-metadata['shelf']:null", [0]),
        (r"metadata['it\'s']~'0%_o'", [0]),
        ("metadata['shelf']~'%%%'", []),
        ("customer:null amount<1000", [2, 1]),
        ("created>1600000000 AND created<4000000000", [2, 1, 0]),
        ("created<1600000000", []),
        ("-created<1600000000", [2, 1, 0]),
    ],
)
def test_payments_are_found_by_what_they_are(
    api: Api, three: list[str], query: str, expected: list[int]
) -> None:
    assert ids(look(api, "payment_intents", query)) == [three[place] for place in expected]


@pytest.mark.parametrize(
    "query, expected",
    [
        ("status:'succeeded'", [1, 0]),
        ("status:'failed'", [2]),
        ("status:'pending'", []),
        ("payment_method_details.card.last4:4242", [1, 0]),
        ("payment_method_details.card.brand:'Visa' AND amount>=9000", [0]),
        ("payment_method_details.card.exp_year>2020 AND amount<800", [1]),
        ("disputed:'true'", []),
        ("disputed:'false'", [2, 1, 0]),
        ("refunded:'true'", []),
        ("-refunded:true", [2, 1, 0]),
    ],
)
def test_charges_are_found_by_what_they_are(
    api: Api, three: list[str], query: str, expected: list[int]
) -> None:
    found = look(api, "charges", query)["data"]
    assert [row["payment_intent"] for row in found] == [three[place] for place in expected]


def test_a_refunded_charge_is_found_as_one(api: Api, three: list[str]) -> None:
    api.post("/v1/refunds", {"payment_intent": three[0], "amount": 9000})
    api.post("/v1/refunds", {"payment_intent": three[1], "amount": 600})
    [found] = look(api, "charges", "refunded:'true'")["data"]
    assert (found["payment_intent"], found["refunded"]) == (three[0], True)


def test_customers_are_found_by_name_and_address_and_deleted_ones_are_not(api: Api) -> None:
    ada, bob = (
        str(api.post("/v1/customers", body).json["id"])  # type: ignore[index]
        for body in (
            {"email": "Ada@example.com", "name": "Ada O'Neill", "metadata": {"vip": "yes"}},
            {"email": "bob@example.com", "phone": "+44 20 7946 0000"},
        )
    )
    assert ids(look(api, "customers", "email:'ada@EXAMPLE.com'")) == [ada]
    assert ids(look(api, "customers", "email~'example'")) == [bob, ada]
    assert ids(look(api, "customers", r"name~'o\'neil' AND metadata['vip']:'yes'")) == [ada]
    assert ids(look(api, "customers", "name:null")) == [bob]
    assert ids(look(api, "customers", "phone:'+44 20 7946 0000'")) == [bob]
    api.open("DELETE", f"/v1/customers/{bob}", {"Authorization": f"Bearer {api.secret_key}"})
    assert ids(look(api, "customers", "email~'example'")) == [ada]


def test_pages_go_on_where_the_one_before_ended(api: Api, three: list[str]) -> None:
    first = look(api, "payment_intents", "amount>0", limit=2)
    assert (ids(first), first["has_more"]) == ([three[2], three[1]], True)
    rest = look(api, "payment_intents", "amount>0", limit=2, page=first["next_page"])
    assert (ids(rest), rest["has_more"], rest["next_page"]) == ([three[0]], False, None)


def test_a_page_belongs_to_its_query_and_its_account(
    api: Api, stranger: Api, three: list[str]
) -> None:
    page = look(api, "payment_intents", "amount>0", limit=1)["next_page"]
    where = f"{INTENTS}/search?query="
    for who, query, token in (
        (stranger, "amount>0", page),
        (api, "amount>1", page),
        (api, "amount>0", f"{three[0]}.0"),
        (api, "amount>0", "pi_é"),
    ):
        answer = who.get(f"{where}{quote(query)}&page={quote(token)}")
        assert (answer.status_code, error_of(answer)["param"]) == (400, "page")


def test_hits_are_counted_when_that_is_asked_for(api: Api, three: list[str]) -> None:
    plain = look(api, "payment_intents", "amount>0", limit=1)
    assert "total_count" not in plain
    counted = look(api, "payment_intents", "amount>0", limit=1, **{"expand[]": "total_count"})
    assert counted["total_count"] == len(three)
    expanded = look(api, "payment_intents", "amount>8000", **{"expand[]": "data.latest_charge"})
    assert expanded["data"][0]["latest_charge"]["object"] == "charge"


def test_nobody_finds_what_is_anothers(stranger: Api, three: list[str]) -> None:
    del three
    for where in ("payment_intents", "charges", "customers"):
        assert look(stranger, where, "created>0")["data"] == []
        assert look(stranger, where, "created>0 OR -created>0")["data"] == []


@pytest.mark.parametrize(
    "value",
    [
        "' OR 1=1 --",
        "'; DROP TABLE payments; --",
        '") OR ("1"="1',
        "%",
        "\\",
        "$1",
        "%(merchant)s",
        ":merchant",
        "\u2028",
    ],
)
def test_a_value_is_only_ever_a_value(api: Api, three: list[str], value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    for query in (
        f"metadata['shelf']:'{escaped}'",
        f"metadata['{escaped}']:'Nine'",
        f"metadata['shelf']~'{escaped}   '",
        f"customer:'{escaped}'",
        f"currency:'{escaped}'",
    ):
        assert look(api, "payment_intents", query)["data"] == []
    assert len(look(api, "payment_intents", "created>0")["data"]) == len(three)


@pytest.mark.parametrize(
    "query", ["", "amount", "nothing:'x'", "amount>1 OR amount<2 AND amount:3"]
)
def test_a_query_that_says_nothing_is_refused(api: Api, query: str) -> None:
    answer = api.get(f"{INTENTS}/search?{urlencode({'query': query})}")
    error = check(answer.json)["error"]
    assert (answer.status_code, error["param"]) == (400, "query")


def test_a_search_that_takes_too_long_is_ended_and_says_to_narrow_it(
    api: Api, three: list[str], database_url: str
) -> None:
    with psycopg.connect(database_url) as other:
        # Whoever holds the table makes every search of it slow.
        other.execute("LOCK TABLE payments IN ACCESS EXCLUSIVE MODE")
        answer = api.get(f"{INTENTS}/search?query=amount%3E0")
    error = check(answer.json)["error"]
    assert (answer.status_code, error["code"]) == (400, "query_too_wide")
    assert "Narrow it" in error["message"]
    assert len(look(api, "payment_intents", "amount>0")["data"]) == len(three)
