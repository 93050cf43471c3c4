from app.domain.currencies import CURRENCIES
from tests.api.client import Api, basket, charges, count, error_of, order
from tests.factories import Shop
from tests.sandbox.server import SandboxServer

BAD_AMOUNTS = [
    "true",
    "false",
    '"4_999"',
    "1e3",
    "1E3",
    "1.5",
    "4999.0",
    "-4999",
    "0",
    "-0",
    '"-4999"',
    '"+4999"',
    '"49.99"',
    '"1e3"',
    '" 4999"',
    '"4999 "',
    '"0x10"',
    '"\uff14\uff19\uff19\uff19"',
    '"\u0664\u0669"',
    "99999999999999999999999999",
    '"99999999999999999999999999"',
    "9223372036854775808",
    "1000000000000",
    "[4999]",
    '{"value": 4999}',
]


def test_an_amount_is_a_whole_number_of_minor_units_or_refused(
    api: Api, shop: Shop, sandbox: SandboxServer, database_url: str
) -> None:
    for amount in BAD_AMOUNTS:
        raw = f'{{"amount": {amount}, "currency": "usd", "payment_method": "pm_card_visa"}}'
        answer = api.post("/payments", raw=raw.encode(), key="k")
        assert answer.status_code == 400, amount
        assert error_of(answer)["param"] == "amount", amount
        assert error_of(answer)["type"] == "invalid_request_error"
    assert charges(sandbox, shop) == 0
    assert count(database_url, "payments") == 0
    assert count(database_url, "idempotency_keys") == 0


def test_what_is_not_a_json_object_is_refused(api: Api) -> None:
    for number in ("NaN", "Infinity", "04999", "4999,", "0x10"):
        raw = f'{{"amount": {number}, "currency": "usd", "payment_method": "pm_card_visa"}}'
        answer = api.post("/payments", raw=raw.encode(), key="k")
        assert (answer.status_code, error_of(answer)["code"]) == (400, "parameter_invalid"), number
    for body in (b"[]", b'"x"', b"null", b"", b"\xff\xfe{}", b"\xef\xbb\xbf{}"):
        assert api.post("/payments", raw=body, key="k").status_code == 400, body


def test_a_value_of_metadata_without_a_key_is_refused(api: Api, shop: Shop) -> None:
    """An empty pair of brackets means the next place of a list, and metadata is none."""
    for name, param in (("metadata[]", "metadata"), ("metadata[][]", "metadata[]")):
        answer = api.post("/v1/customers", form={name: "null"})
        assert (answer.status_code, error_of(answer)["param"]) == (400, param), name


def test_a_deeply_nested_body_is_refused(api: Api) -> None:
    for depth in (200, 900, 1000, 1020, 10_000):
        raw = b'{"metadata":' + b"[" * depth + b"]" * depth + b"}"
        assert api.post("/payments", raw=raw, key="k").status_code == 400, depth


def test_the_limits_are_the_currencys_own(api: Api) -> None:
    for code in ("USD", "JPY", "TND", "EUR"):
        row = CURRENCIES[code]
        low = api.pay(f"{code}-low", amount=row.minimum_minor - 1 or -1, currency=code)
        assert low.status_code == 400, code
        high = api.pay(f"{code}-high", amount=row.maximum_minor + 1, currency=code)
        assert (high.status_code, error_of(high)["code"]) == (400, "amount_too_large"), code
    assert error_of(api.pay("low", amount=49))["code"] == "amount_too_small"
    assert api.pay("least", amount=CURRENCIES["USD"].minimum_minor).status_code == 200


def test_three_decimals_and_none_are_charged_as_they_are(
    api: Api, shop: Shop, sandbox: SandboxServer
) -> None:
    dinar = api.pay("tnd", amount=12340, currency="tnd")
    assert (dinar.status_code, dinar.json and dinar.json["amount"]) == (200, 12340)
    assert api.pay("jpy", amount=999, currency="jpy").status_code == 200
    totals = sandbox.record(shop.sandbox_account)["totals"]
    captured = {name.upper(): found["captured"] for name, found in totals.items()}
    assert captured == {"TND": 12340, "JPY": 999}


def test_a_currency_is_one_of_the_table(api: Api) -> None:
    for currency in ("", "xxx", "us", "usdollar", 840, ["usd"], {"a": 1}, True):
        answer = api.pay("k", currency=currency)
        assert answer.status_code == 400, currency
        assert error_of(answer)["param"] == "currency"


def test_a_missing_parameter_is_named(api: Api) -> None:
    for name in ("amount", "currency", "payment_method"):
        answer = api.pay("k", **{name: None})
        assert answer.status_code == 400
        assert (error_of(answer)["code"], error_of(answer)["param"]) == ("parameter_missing", name)
    for changes in ({"line_items": None}, {"line_items": [{}]}, {"line_items": []}):
        answer = api.post("/v1/checkout/sessions", basket(**changes))
        assert (answer.status_code, error_of(answer)["code"]) == (400, "parameter_missing")
        assert error_of(answer)["param"].startswith("line_items")


def test_an_unknown_parameter_is_refused_by_name(api: Api, database_url: str) -> None:
    answer = api.pay("k", amuont=5)
    assert answer.status_code == 400
    assert (error_of(answer)["code"], error_of(answer)["param"]) == ("parameter_unknown", "amuont")
    nested = basket(payment_intent_data={"capture_metod": "manual"})
    answer = api.post("/v1/checkout/sessions", nested)
    assert answer.status_code == 400
    assert error_of(answer)["param"] == "payment_intent_data[capture_metod]"
    line = basket()
    line["line_items"][0]["price_data"]["product_data"]["titel"] = "x"
    answer = api.post("/v1/checkout/sessions", line)
    assert error_of(answer)["param"] == "line_items[0][price_data][product_data][titel]"
    assert count(database_url, "payments") == count(database_url, "checkout_sessions") == 0


def test_a_key_is_demanded_and_must_be_printable(api: Api) -> None:
    without = api.post("/payments", order())
    assert (without.status_code, error_of(without)["param"]) == (400, "Idempotency-Key")
    for key in ("", "k" * 256, "caf\u00e9"):
        assert api.pay(key).status_code == 400
    assert api.pay("k" * 255).status_code == 200


def test_a_form_with_brackets_says_the_same_as_json(
    api: Api, shop: Shop, sandbox: SandboxServer
) -> None:
    form = {
        "amount": "4999",
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "metadata[order]": "7",
        "metadata[two words]": "a b",
    }
    answer = api.post("/payments", form=form, key="form")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["metadata"] == {"order": "7", "two words": "a b"}
    assert answer.json["status"] == "succeeded"
    assert charges(sandbox, shop) == 1


def test_a_forms_amount_is_ascii_digits(api: Api) -> None:
    for amount in (
        *("", "0", "-1", "1.5", "1e3", "4_999", "\uff14\uff19\uff19\uff19", "9" * 30, "true"),
    ):
        form = {"amount": amount, "currency": "usd", "payment_method": "pm_card_visa"}
        answer = api.post("/payments", form=form, key="k")
        assert (answer.status_code, error_of(answer)["param"]) == (400, "amount"), amount


def test_a_forms_names_cannot_be_bent(api: Api) -> None:
    base = [("amount", "4999"), ("currency", "usd"), ("payment_method", "pm_card_visa")]
    for extra in (
        [("metadata", "x")],
        [("metadata[a][b]", "x")],
        [("metadata", "x"), ("metadata[a]", "y")],
        [("metadata[a" + "][b" * 10 + "]", "x")],
        [("metadata[" + "1" * 5000 + "]", "x")],
        [("amount[0]", "1")],
        [("payment_method[id]", "pm_card_visa")],
    ):
        assert api.post("/payments", form=base + extra, key="k").status_code == 400


def test_metadata_has_limits(api: Api, database_url: str) -> None:
    for metadata in (
        {f"k{n}": "v" for n in range(51)},
        {"k" * 41: "v"},
        {"k": "v" * 501},
        {"k": True},
        {"k": 1.5},
        {"k": ["v"]},
        {"k": {"n": "v"}},
        {"k": "nul\x00"},
        {"nul\x00": "v"},
        ["v"],
        "text",
        5,
    ):
        for answer in (
            api.pay("k", metadata=metadata),
            api.post("/v1/checkout/sessions", basket(metadata=metadata)),
        ):
            assert answer.status_code == 400, metadata
            assert error_of(answer)["param"].startswith("metadata"), metadata
    assert count(database_url, "payments") == count(database_url, "checkout_sessions") == 0


def test_metadata_at_its_limits_is_kept(api: Api) -> None:
    full = {f"{n:040d}": "\u00fc" * 500 for n in range(50)}
    answer = api.pay("k", metadata=full)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["metadata"] == full


def test_texts_have_limits(api: Api) -> None:
    for name in ("description", "receipt_email", "customer_name", "return_url", "payment_method"):
        for value in ("x" * 2001, "nul\x00", 5, ["x"], {"a": "b"}):
            answer = api.pay("k", **{name: value})
            assert (answer.status_code, error_of(answer)["param"]) == (400, name), (name, value)


def test_an_odd_id_is_an_unknown_one(api: Api) -> None:
    for path in ("/payments/%00", "/v1/checkout/sessions/%00", "/payments/%FF"):
        assert api.get(path).status_code == 404, path
