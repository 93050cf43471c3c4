"""The mail catcher: takes every mail, delivers none, and shows what came.

Listens in a thread beside the web server. Two recipients stand for the bad days of a mail server, as
test cards do for those of a bank: whoever is called `refused` is refused for good, `busy` for now.
"""

import asyncio
import email
import email.policy
import socket
import time
from email.message import EmailMessage
from threading import Thread

from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Blueprint, Response, current_app, render_template, request

from app.sandbox.control import answer
from app.sandbox.errors import Json
from app.sandbox.store import Transaction
from app.sandbox.world import World, current_world

blueprint = Blueprint("mail", __name__)

KEPT_MAILS = 500
SHOWN_MAILS = 50
MOST_BYTES = 1_000_000
TROUBLE = {
    "refused": "550 5.1.1 No such mailbox here",
    "busy": "451 4.3.0 Come again later",
}
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


class Catcher:
    """What aiosmtpd asks what to do."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name and arguments.
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Answer about one recipient."""
        name = address.partition("@")[0].lower()
        if name not in TROUBLE:
            envelope.rcpt_tos.append(address)
        return TROUBLE.get(name, "250 OK")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail; it is answered for when it is in the file."""
        raw = envelope.content
        if not isinstance(raw, bytes):
            return "500 5.5.2 No message"
        with self._world.store.transaction() as unit:
            keep(unit, self._world.clock.now(), envelope.rcpt_tos, raw)
        return "250 2.0.0 Kept"


class MailServer:
    """The listening thread; `url` is what a mailer is set up with."""

    def __init__(self, world: World, host: str, port: int) -> None:
        # Bound here, so that a port that is taken is told to whoever starts us.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family)
        self._catcher = Catcher(world)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._serve, name="mail", daemon=True)
        name = f"[{host}]" if ":" in host else host
        self.url = f"smtp+plain://{name}:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        """Take mails from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=5)
        self._listener.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, sock=self._listener)
        )
        self._loop.run_forever()
        server.close()

    def _protocol(self) -> SMTP:
        return SMTP(
            self._catcher,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="sandbox",  # Otherwise the name server is asked what we are called.
            ident="Sandbox",
            loop=self._loop,
        )


def keep(unit: Transaction, now: int, recipients: list[str], raw: bytes) -> None:
    """Store one mail; of very many the oldest are forgotten."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - The policy makes no other.
    unit.run(
        "INSERT INTO mails (recipients, sender, subject, message_id, text, at) VALUES (?,?,?,?,?,?)",
        (
            ", ".join(recipients),
            str(message["From"] or ""),
            str(message["Subject"] or ""),
            str(message["Message-ID"] or "").strip(),
            _text(message),
            now,
        ),
    )
    unit.run("DELETE FROM mails WHERE id <= (SELECT max(id) FROM mails) - ?", (KEPT_MAILS,))


def _text(message: EmailMessage) -> str:
    """The plain text of a mail, or its source where there is none."""
    part = message.get_body(("plain",))
    try:
        return str(part.get_content()) if part is not None else message.as_string()
    except (LookupError, ValueError, KeyError):
        return message.as_bytes().decode("utf-8", errors="replace")


def mails(unit: Transaction, recipient: str | None, limit: int) -> list[Json]:
    """The mails that came, latest first; those to one recipient, if one is named."""
    names = ("id", "recipients", "sender", "subject", "message_id", "text", "at")
    rows = unit.run(
        "SELECT id, recipients, sender, subject, message_id, text, at FROM mails"
        " WHERE ? IS NULL OR ', ' || recipients || ',' LIKE '%, ' || ? || ',%'"
        " ORDER BY id DESC LIMIT ?",
        (recipient, recipient, limit),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _when(seconds: int) -> str:
    return time.strftime("%d %b %H:%M:%S", time.gmtime(seconds))


def _server_url() -> str:
    url: str = current_app.extensions["sandbox"].mail_url
    return url


@blueprint.get("/mail")
def mail_page() -> Response:
    with current_world().store.transaction() as unit:
        found = mails(unit, None, SHOWN_MAILS)
    shown = [mail | {"when": _when(mail["at"])} for mail in found]
    page = render_template("control/mail.html", mails=shown, smtp_url=_server_url())
    response = Response(page)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/control/api/mails")
def list_mails() -> Response:
    with current_world().store.transaction() as unit:
        found = mails(unit, request.args.get("to"), KEPT_MAILS)
    return answer({"smtp_url": _server_url(), "mails": found})


@blueprint.delete("/control/api/mails")
def forget_mails() -> Response:
    with current_world().store.transaction() as unit:
        unit.run("DELETE FROM mails")
    return answer({"forgotten": True})
