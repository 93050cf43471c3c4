"""Why a webhook's signature does not verify: the one thing that is wrong, by name.

Everything that could make it verify is tried: the account's other secrets, and the body as it was
sent or as common mistakes change it. What then fits names the mistake.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

TOLERANCE_SECONDS = 300
MOST_SIGNATURES = 10


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A secret of the account, and what people call it."""

    name: str
    secret: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """What somebody's receiver got and checked with. `sent` are the bytes that we know were sent."""

    body: str
    header: str
    secret: str
    known: Sequence[KnownSecret] = ()
    sent: bytes | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the check: ok, bad, or skipped because an earlier part failed."""

    name: str
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong (`cause` is verified when nothing is), how to mend it, and each step."""

    cause: str
    title: str
    advice: str
    steps: tuple[Step, ...]

    @property
    def is_verified(self) -> bool:
        """Whether the pasted parts verify now."""
        return self.cause == "verified"


@dataclass(frozen=True, slots=True)
class _Header:
    timestamp: int
    signatures: tuple[str, ...]


_NAMES = ("Header", "Timestamp", "Signature", "Secret and body")


def diagnose(pasted: Pasted, now: datetime) -> Diagnosis:
    """Check as a receiver does, and say where it ends."""
    header = _read(pasted.header)
    if isinstance(header, Diagnosis):
        return header
    age = int(now.timestamp()) - header.timestamp
    found = _match(pasted, header)
    if found is not None:
        return found if abs(age) <= TOLERANCE_SECONDS else _also_outside(found)
    if abs(age) > TOLERANCE_SECONDS:
        return _outside(age)
    return Diagnosis(
        "verified",
        "The signature verifies",
        "Header, secret and body belong together. If your software still refuses it, it checks"
        " something else than what you pasted here.",
        _steps(len(_NAMES), ""),
    )


def _read(text: str) -> _Header | Diagnosis:
    """The header's parts, or what is wrong with it."""
    line = text.strip()
    if line.lower().startswith("stripe-signature:"):
        line = line.partition(":")[2].strip()
    if not line:
        return _bad(0, "header_missing", "There is no header", _NO_HEADER)
    parts = [part.strip().partition("=") for part in line.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if line.startswith(("v1,", "v1a,")):
        return _bad(0, "other_header", "This is another header", _OTHER_HEADER)
    if not any(sign and name in ("t", "v0", "v1") for name, sign, _ in parts):
        return _bad(0, "header_unreadable", "The header cannot be read", _UNREADABLE)
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit() and len(times[0]) <= 12):
        return _bad(1, "no_timestamp", "The header has no timestamp", _NO_TIME)
    signatures = tuple(value for name, _, value in parts if name == "v1" and value)
    if not signatures:
        return _bad(2, "no_v1", "The header has no v1 signature", _NO_V1)
    return _Header(int(times[0]), signatures[:MOST_SIGNATURES])


def _match(pasted: Pasted, header: _Header) -> Diagnosis | None:
    """None when the pasted parts fit; else what of them does not."""
    body, secret = pasted.body.encode("utf-8", "surrogatepass"), pasted.secret.strip()
    if _fits(header, secret, body):
        return None
    if not secret:
        return _bad(3, "secret_missing", "There is no secret", _NO_KEY)
    for one in pasted.known:
        if one.secret != secret and _fits(header, one.secret, body):
            advice = f"The body is intact and was signed with {one.name}. Give your software that secret."
            return _bad(3, "wrong_secret", "The secret is another endpoint's or an old one", advice)
    secrets = (KnownSecret("", secret), *pasted.known)
    for one in secrets:
        for words, changed in _variants(pasted):
            if _fits(header, one.secret, changed):
                return _altered(words, pasted, changed, "" if one.secret == secret else one.name)
    is_known = any(one.secret == secret for one in pasted.known)
    return _unexplained(secret, is_known=is_known, is_sent=pasted.sent == body)


def _altered(words: str, pasted: Pasted, right: bytes, other: str) -> Diagnosis:
    body = pasted.body.encode("utf-8", "surrogatepass")
    place = next(
        (at for at, (a, b) in enumerate(zip(body, right, strict=False)) if a != b),
        min(len(body), len(right)),
    )
    also = f" The secret is wrong too: {other} verifies." if other else ""
    advice = (
        f"{words} The first difference is at byte {place + 1:,}. Check the signature on the raw bytes"
        f" of the request, before anything parses or prints them.{also}"
    )
    return _bad(3, "body_altered", "The body was altered", advice)


def _unexplained(secret: str, *, is_known: bool, is_sent: bool) -> Diagnosis:
    if is_sent and is_known:
        return _bad(3, "wrong_header", "The header belongs to another request", _HEADER_FOREIGN)
    if is_sent:
        advice = "The body is exactly what we sent, so the secret is the wrong one."
        return _bad(3, "wrong_secret", "The secret is wrong", advice)
    if is_known:
        return _bad(3, "body_altered", "The body was altered", _BODY_LOST)
    if not secret.startswith("whsec_"):
        return _bad(3, "secret_malformed", "This is no signing secret", _NOT_A_KEY)
    return _bad(3, "no_match", "Secret and body do not belong together", _NO_MATCH)


def _also_outside(found: Diagnosis) -> Diagnosis:
    """The time is wrong too, which matters only once the rest is right."""
    steps = tuple(
        replace(step, state="bad") if step.name == "Timestamp" else step for step in found.steps
    )
    return replace(found, steps=steps)


def _outside(age: int) -> Diagnosis:
    minutes = f"{TOLERANCE_SECONDS // 60} minutes"
    if age > 0:
        title = f"The signature is right, but {span(age - TOLERANCE_SECONDS)} too old"
        advice = (
            f"Header, secret and body belong together. The timestamp is {span(age)} ago and receivers"
            f" accept {minutes}: now it would be refused. If your software refused it when it came,"
            " look for a queue in front of it or a clock that is wrong, and send the delivery again."
        )
        return _bad(1, "too_old", title, advice, later="ok")
    title = f"The signature is right, but {span(-age - TOLERANCE_SECONDS)} too new"
    advice = (
        f"Header, secret and body belong together, but the timestamp is {span(-age)} ahead of now."
        " Compare the clocks of your machines."
    )
    return _bad(1, "too_new", title, advice, later="ok")


def span(seconds: int) -> str:
    """`7 seconds`, `5 minutes 20 seconds`, `3 hours`, `2 days`."""
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
    words = []
    for name, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            words.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(words[:2]) or "0 seconds"


def _fits(header: _Header, secret: str, body: bytes) -> bool:
    message = str(header.timestamp).encode() + b"." + body
    made = hmac.new(secret.encode("utf-8", "replace"), message, hashlib.sha256).hexdigest()
    # As bytes: what was pasted may be no ASCII.
    return any(hmac.compare_digest(made.encode(), one.encode()) for one in header.signatures)


def _variants(pasted: Pasted) -> list[tuple[str, bytes]]:
    """The body as it may have been before something changed it, and in which words that is told."""
    text = pasted.body
    found: list[tuple[str, bytes]] = []
    tidied: tuple[tuple[str, str], ...] = (
        ("A line break at its end is too much.", text.removesuffix("\n").removesuffix("\r")),
        ("Spaces or line breaks around it are too much.", text.strip()),
        ("A byte order mark at its start is too much.", text.removeprefix("\ufeff")),
        ("Its line breaks were changed (CRLF instead of LF).", text.replace("\r\n", "\n")),
        (
            "Its line breaks were changed (LF instead of CRLF).",
            text.replace("\r\n", "\n").replace("\n", "\r\n"),
        ),
        ("The line break at its end is missing.", text + "\n"),
    )
    found += [(words, one.encode("utf-8", "surrogatepass")) for words, one in tidied]
    if pasted.sent is not None:
        found.append((_words_of(pasted.sent, text), pasted.sent))
    try:
        parsed = json.loads(text.strip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return found
    return found + [
        (_REWRITTEN, write(parsed).encode("utf-8", "surrogatepass")) for write in _WRITERS
    ]


def _words_of(sent: bytes, text: str) -> str:
    """How the bytes that were sent differ from the text."""
    try:
        is_same_json = json.loads(sent) == json.loads(text)
    except (ValueError, RecursionError):
        is_same_json = False
    if is_same_json:
        return _REWRITTEN
    return "Its content is not what we sent."


_WRITERS: tuple[Callable[[object], str], ...] = (
    lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False),
    lambda value: json.dumps(value, separators=(",", ":")),
    lambda value: json.dumps(value, ensure_ascii=False),
    json.dumps,
    lambda value: json.dumps(value, indent=2, ensure_ascii=False),
    lambda value: json.dumps(value, indent=2),
)


def _bad(place: int, cause: str, title: str, advice: str, *, later: str = "skipped") -> Diagnosis:
    return Diagnosis(cause, title, advice, _steps(place, later))


def _steps(wrong: int, later: str) -> tuple[Step, ...]:
    return tuple(
        Step(name, "ok" if at < wrong else "bad" if at == wrong else later, _NOTES[at])
        for at, name in enumerate(_NAMES)
    )


_NOTES = (
    "t=… and v1=…, separated by commas",
    f"at most {TOLERANCE_SECONDS // 60} minutes from now",
    "at least one v1",
    "HMAC-SHA256 over timestamp, dot and raw body, with the whole secret as key",
)
_REWRITTEN = (
    "It is the same JSON, written anew: a framework parsed it and wrote it again with other spaces."
)
_NO_HEADER = (
    "Paste the value of the Stripe-Signature header. Proxies may drop headers they do not know."
)
_OTHER_HEADER = (
    "This looks like webhook-signature of Standard Webhooks. Paste Stripe-Signature, which came with"
    " the same request."
)
_UNREADABLE = "It has the form t=1700000000,v1=5257a869… and must be copied whole."
_NO_TIME = "One t= with seconds since 1970 is needed: it is part of what is signed."
_NO_V1 = "Only v1 is verified; other versions are ignored. Copy the header whole."
_NO_KEY = "Paste the endpoint's signing secret, or choose the endpoint."
_NOT_A_KEY = (
    "A signing secret begins with whsec_. An API key (sk_…) signs nothing; the secret is on the"
    " endpoint's page."
)
_NO_MATCH = (
    "No secret of this account fits this body, and no common change of the body explains it. Either the"
    " secret is another account's, or the body's content was changed."
)
_BODY_LOST = (
    "The secret is this account's, and no secret of the account fits this body: its content is not what"
    " was signed, or the header came with another request. Look for what changes the body before the"
    " check."
)
_HEADER_FOREIGN = (
    "The body is exactly what we sent and the secret is this account's, so this header did not come with"
    " this body. Each attempt has a header of its own: copy both from the same request."
)
