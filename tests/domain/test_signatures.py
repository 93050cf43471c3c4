import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.deliveries import signed_headers
from app.domain.signatures import KnownSecret, Pasted, diagnose, span

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
# Fixed, since the names of the tests have signatures in them.
SECRET = "whsec_" + base64.b64encode(b"farthing" * 4).decode()
OTHER = "whsec_" + base64.b64encode(b"wren" * 8).decode()
BODY = '{"id":"evt_1","amount":4999,"name":"Zoë","lines":[{"id":"li_1"}]}'
HEADER = signed_headers("evt_1", BODY.encode(), [SECRET], NOW)["Stripe-Signature"]
STANDARD = signed_headers("evt_1", BODY.encode(), [SECRET], NOW)["webhook-signature"]
KNOWN = (KnownSecret("the secret of https://a.example", SECRET),)
TIME = HEADER.partition(",")[0]


def cause(**changes: object) -> str:
    parts = {"body": BODY, "header": HEADER, "secret": SECRET, "known": KNOWN} | changes
    return diagnose(Pasted(**parts), NOW).cause  # type: ignore[arg-type]


def test_what_we_sent_verifies() -> None:
    found = diagnose(Pasted(BODY, HEADER, SECRET), NOW)

    assert found.is_verified
    assert {step.state for step in found.steps} == {"ok"}


def test_both_signatures_of_a_rolled_secret_verify() -> None:
    header = signed_headers("evt_1", BODY.encode(), [OTHER, SECRET], NOW)["Stripe-Signature"]

    assert cause(header=header) == "verified"
    assert cause(header=header, secret=OTHER) == "verified"


@pytest.mark.parametrize(
    "header, expected",
    [
        ("", "header_missing"),
        ("   ", "header_missing"),
        ("hello", "header_unreadable"),
        ("t:1700000000;v1:abc", "header_unreadable"),
        (STANDARD, "other_header"),
        ("v1=abc", "no_timestamp"),
        ("t=,v1=abc", "no_timestamp"),
        ("t=yesterday,v1=abc", "no_timestamp"),
        ("t=1,t=2,v1=abc", "no_timestamp"),
        (TIME, "no_v1"),
        (f"{TIME},v0=abc", "no_v1"),
        (f"{TIME},v1=", "no_v1"),
        (f"Stripe-Signature: {HEADER}", "verified"),
        (f"{HEADER},v0=abc", "verified"),
        (f"{TIME},v1=é", "body_altered"),
    ],
)
def test_a_header_that_is_wrong_is_named(header: str, expected: str) -> None:
    assert cause(header=header) == expected


@pytest.mark.parametrize(
    "seconds, expected",
    [(300, "verified"), (301, "too_old"), (-300, "verified"), (-301, "too_new")],
)
def test_a_timestamp_is_believed_for_five_minutes(seconds: int, expected: str) -> None:
    now = NOW + timedelta(seconds=seconds)

    assert diagnose(Pasted(BODY, HEADER, SECRET), now).cause == expected


def test_an_old_timestamp_is_told_by_how_much() -> None:
    found = diagnose(Pasted(BODY, HEADER, SECRET), NOW + timedelta(hours=2, minutes=5))

    assert "2 hours too old" in found.title
    assert "2 hours 5 minutes ago" in found.advice


@pytest.mark.parametrize(
    "words, body",
    [
        ("line break at its end is too much", BODY + "\n"),
        ("line break at its end is too much", BODY + "\r\n"),
        ("around it are too much", f"  {BODY} "),
        ("byte order mark", "\ufeff" + BODY),
        ("the same JSON, written anew", json.dumps(json.loads(BODY))),
        ("the same JSON, written anew", json.dumps(json.loads(BODY), indent=2, ensure_ascii=False)),
        ("the same JSON, written anew", json.dumps(json.loads(BODY), separators=(",", ":"))),
    ],
)
def test_a_body_that_was_rewritten_is_told_how(words: str, body: str) -> None:
    found = diagnose(Pasted(body, HEADER, SECRET), NOW)

    assert found.cause == "body_altered"
    assert words in found.advice


@pytest.mark.parametrize(
    "body, signed",
    [("a\nb", "a\r\nb"), ("a\r\nb", "a\nb"), ("a", "a\n")],
)
def test_changed_line_breaks_are_told(body: str, signed: str) -> None:
    header = signed_headers("evt_1", signed.encode(), [SECRET], NOW)["Stripe-Signature"]

    assert diagnose(Pasted(body, header, SECRET), NOW).cause == "body_altered"


def test_a_changed_value_is_told_with_its_place_when_we_know_what_was_sent() -> None:
    changed = BODY.replace("4999", "1")
    pasted = Pasted(changed, HEADER, SECRET, KNOWN, sent=BODY.encode())

    found = diagnose(pasted, NOW)

    assert found.cause == "body_altered"
    assert "Its content is not what we sent." in found.advice
    assert f"byte {BODY.index('4999') + 1}" in found.advice


def test_a_changed_value_is_told_when_the_secret_is_the_accounts() -> None:
    assert cause(body=BODY.replace("4999", "1")) == "body_altered"


def test_the_secret_that_would_verify_is_named() -> None:
    found = diagnose(Pasted(BODY, HEADER, OTHER, KNOWN), NOW)

    assert found.cause == "wrong_secret"
    assert "https://a.example" in found.advice


def test_a_header_of_another_request_is_named() -> None:
    header = signed_headers("evt_2", b"{}", [SECRET], NOW)["Stripe-Signature"]

    assert cause(header=header, sent=BODY.encode()) == "wrong_header"


def test_two_mistakes_are_both_told() -> None:
    found = diagnose(Pasted(BODY + "\n", HEADER, OTHER, KNOWN), NOW)

    assert found.cause == "body_altered"
    assert "The secret is wrong too: the secret of https://a.example" in found.advice


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"secret": ""}, "secret_missing"),
        ({"secret": "sk_test_1", "known": ()}, "secret_malformed"),
        ({"secret": OTHER, "known": ()}, "no_match"),
        ({"secret": OTHER, "known": (), "sent": BODY.encode()}, "wrong_secret"),
        ({"secret": f" {SECRET}\n"}, "verified"),
    ],
)
def test_a_secret_that_is_wrong_is_named(changes: dict[str, object], expected: str) -> None:
    assert cause(**changes) == expected


@pytest.mark.parametrize("body", ["", "[" * 5000, "\ud800", "not json", "{}"])
def test_any_paste_gets_an_answer(body: str) -> None:
    assert cause(body=body, secret=OTHER, known=()) == "no_match"


def test_no_secret_of_the_account_is_told() -> None:
    found = diagnose(Pasted(BODY + "x", HEADER, "whsec_x", KNOWN), NOW)

    assert SECRET not in repr(found)


def test_time_is_told_in_two_units() -> None:
    assert [span(s) for s in (0, 1, 61, 3600, 90_061)] == [
        "0 seconds",
        "1 second",
        "1 minute 1 second",
        "1 hour",
        "1 day 1 hour",
    ]
