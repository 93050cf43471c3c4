import base64
import socket
from urllib.parse import urlsplit

import pytest
import stripe

from tests.contracts import schema
from tests.sandbox.driver import Merchant
from tests.sandbox.server import SandboxServer


@pytest.mark.parametrize(
    "header,status,code",
    [
        ("", 401, None),
        ("Bearer sk_test_", 401, None),
        ("Bearer sk_live_abc", 401, None),
        ("Bearer nonsense", 401, None),
        ("Basic !!!", 401, None),
        ("Bearer sk_test_expired_one", 401, "api_key_expired"),
        ("Bearer pk_test_abc", 401, "secret_key_required"),
        ("Bearer rk_test_abc", 403, "more_permissions_required"),
    ],
)
def test_keys_are_judged(
    sandbox: SandboxServer, header: str, status: int, code: str | None
) -> None:
    merchant = Merchant(sandbox)
    reply = merchant.raw("GET", "/v1/balance", Authorization=header)
    assert reply.status_code == status
    assert reply.json()["error"].get("code") == code
    schema.check(reply.json(), "error")
    assert reply.headers["Request-Id"].startswith("req_")
    merchant.close()


def test_basic_authentication_works_too(merchant: Merchant) -> None:
    word = base64.b64encode(f"{merchant.key}:".encode()).decode()
    assert merchant.raw("GET", "/v1/account", Authorization=f"Basic {word}").json()["id"] == (
        merchant.account
    )


def test_accounts_do_not_see_each_other(merchant: Merchant, sandbox: SandboxServer) -> None:
    other = Merchant(sandbox)
    intent = merchant.pay()
    with pytest.raises(stripe.InvalidRequestError) as missing:
        other.v1.payment_intents.retrieve(intent.id)
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.PermissionError):
        other.v1.balance.retrieve(options={"stripe_account": merchant.account})
    assert other.v1.payment_intents.list().data == []
    other.close()


@pytest.mark.parametrize(
    "data,code,param",
    [
        ("amount=500", "parameter_missing", "currency"),
        ("currency=usd", "parameter_missing", "amount"),
        ("amount=500&currency=usd&colour=red", "parameter_unknown", "colour"),
        ("amount=500&currency=usd&shipping[planet]=mars", "parameter_unknown", "shipping[planet]"),
        ("amount=500&currency=usd&confirm=1", None, "confirm"),
        ("amount=500&currency=zzz", None, "currency"),
        ("amount=500&currency=usd&capture_method=later", None, "capture_method"),
        (
            "amount=500&currency=usd&allowed_payment_method_types[]=cash",
            None,
            "allowed_payment_method_types[0]",
        ),
        ("amount=500&currency=usd&payment_method=pm_none", "resource_missing", "payment_method"),
        ("amount=500&currency=usd&metadata[" + "k" * 41 + "]=v", None, "metadata"),
        ("amount=500&currency=usd&metadata[k]=" + "v" * 501, None, "metadata[k]"),
        ("amount=500&currency=usd&return_url=http://a.example", None, "return_url"),
    ],
)
def test_bad_parameters_are_named(
    merchant: Merchant, data: str, code: str | None, param: str
) -> None:
    reply = merchant.raw(
        "POST", "/v1/payment_intents", data, Content_Type="application/x-www-form-urlencoded"
    )
    error = schema.check(reply.json(), "error")["error"]
    assert (reply.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error.get("code"), error.get("param")) == (code, param)


def test_confirming_with_redirects_needs_somewhere_to_return(merchant: Merchant) -> None:
    params = {"amount": 500, "currency": "usd", "payment_method": "pm_card_visa", "confirm": "true"}
    reply = merchant.raw("POST", "/v1/payment_intents", params)
    assert (reply.status_code, "return_url" in reply.text) == (400, True)
    params["automatic_payment_methods[enabled]"] = "true"
    params["automatic_payment_methods[allow_redirects]"] = "never"
    assert merchant.raw("POST", "/v1/payment_intents", params).json()["status"] == "succeeded"


def test_metadata_is_merged_and_unset(merchant: Merchant) -> None:
    intent = merchant.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "metadata": {"a": "1", "b": "2"}}
    )
    intents = merchant.v1.payment_intents
    merged = intents.update(intent.id, {"metadata": {"a": "", "c": "3"}})
    assert merged.metadata.to_dict() == {"b": "2", "c": "3"}
    assert intents.update(intent.id, {"metadata": ""}).metadata.to_dict() == {}


def test_headers_name_the_request_and_the_version(merchant: Merchant) -> None:
    reply = merchant.raw("GET", "/v1/balance", Stripe_Version="2026-05-27.dahlia")
    assert reply.headers["Stripe-Version"] == "2026-05-27.dahlia"
    assert merchant.raw("GET", "/v1/balance", Stripe_Version="tomorrow").status_code == 400
    assert merchant.raw("GET", "/v1/nothing").status_code == 404
    reply = merchant.raw("OPTIONS", "/v1/payment_methods")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in reply.headers["Access-Control-Allow-Headers"]


def test_a_browser_key_sees_only_what_it_holds_the_secret_of(merchant: Merchant) -> None:
    intent = merchant.v1.payment_intents.create(
        {"amount": 500, "currency": "usd", "metadata": {"private": "yes"}}
    )
    path = f"/v1/payment_intents/{intent.id}"
    key = merchant.publishable
    assert merchant.raw("GET", path, key=key).status_code == 400
    wrong = {"client_secret": f"{intent.id}_secret_wrong"}
    assert merchant.raw("GET", path, wrong, key=key).status_code == 404
    right = {"client_secret": str(intent.client_secret)}
    shown = merchant.raw("GET", path, right, key=key).json()
    assert shown["status"] == "requires_payment_method"
    assert "metadata" not in shown
    assert "latest_charge" not in shown
    confirm = {**right, "payment_method": "pm_card_visa"}
    done = merchant.raw("POST", f"{path}/confirm", confirm, key=key).json()
    assert done["status"] == "succeeded"


def test_webhook_endpoints_show_their_secret_once(merchant: Merchant) -> None:
    endpoints = merchant.v1.webhook_endpoints
    made = endpoints.create({"url": "http://127.0.0.1:9/x", "enabled_events": ["charge.failed"]})
    assert str(made.secret).startswith("whsec_")
    found = endpoints.retrieve(made.id)
    assert "secret" not in found
    changed = endpoints.update(made.id, {"enabled_events": ["*"], "disabled": True})
    assert (changed.enabled_events, changed.status) == (["*"], "disabled")
    assert [row.id for row in endpoints.list().data] == [made.id]
    assert endpoints.delete(made.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        endpoints.retrieve(made.id)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        endpoints.create({"url": "ftp://x", "enabled_events": ["*"]})
    assert refused.value.code == "url_invalid"


def test_requests_are_bounded(sandbox: SandboxServer, merchant: Merchant) -> None:
    address = urlsplit(sandbox.url)
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as line:
        line.sendall(b"POST /v1/payment_intents HTTP/1.1\r\nContent-Length: 50000000\r\n\r\n")
        assert line.recv(200).startswith(b"HTTP/1.1 413")
    fields = {f"metadata[k{n}]": "v" for n in range(1200)}
    assert merchant.raw("POST", "/v1/payment_intents", fields).status_code == 400
    deep = "metadata" + "[a]" * 5000
    assert merchant.raw("POST", "/v1/payment_intents", {deep: "v"}).status_code == 400
    assert sandbox.call("GET", "/healthz") == {"status": "ok"}
