"""Handing a mail over: to which server, under which name, and what its answers mean."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from app import wiring
from app.adapters.mail import NoMailer, SmtpMailer
from app.domain.errors import MailRefused, MailUnavailable
from app.domain.ports import OutgoingMail
from app.settings import Settings
from tests.servers import SEAL_KEY, SECRET_KEY

SENDER = "Farthing <no-reply@pay.example>"
MAIL = OutgoingMail("ada@shop.example", "Grüße — 12,50 €", "Line one\n.dot\nzwölf\n", "mail_1")


class Server:
    """A mail server in a thread; `answers` says what to answer to which command."""

    def __init__(self, tls: ssl.SSLContext | None, *, is_secure: bool, **options: Any) -> None:
        self.taken: list[Envelope] = []
        self.greeted_as: list[str] = []
        self.answers: dict[str, str] = {}
        self.logins: list[LoginPassword] = []
        self._options = options | ({} if is_secure else {"tls_context": tls})
        self._tls = tls if is_secure else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, _envelope: Envelope, name: str, lines: list[str]
    ) -> list[str]:
        session.host_name = name
        self.greeted_as.append(name)
        return lines

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, sender: str, _options: list[str]
    ) -> str:
        envelope.mail_from = sender
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, to: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(to)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return self.answers.get("DATA", "250 OK")

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: LoginPassword
    ) -> AuthResult:
        self.logins.append(given)
        return AuthResult(success=given.password == b"s3cret/pw", handled=False)

    def _protocol(self) -> SMTP:
        return SMTP(
            self, hostname="mail", authenticator=self.authenticate, loop=self._loop, **self._options
        )

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, sock=self._listener, ssl=self._tls)
        )
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def message(self) -> EmailMessage:
        """The one mail that was taken."""
        [envelope] = self.taken
        assert isinstance(envelope.content, bytes)
        made = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(made, EmailMessage)
        return made


@contextmanager
def serving(
    tls: ssl.SSLContext | None = None, *, is_secure: bool = False, **options: Any
) -> Iterator[Server]:
    made = Server(tls, is_secure=is_secure, **options)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certified(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def plain(server: Server) -> SmtpMailer:
    return SmtpMailer(f"smtp+plain://127.0.0.1:{server.port}", SENDER)


def test_a_mail_arrives_as_it_was_written_and_says_what_it_is() -> None:
    with serving() as server:
        plain(server).send(MAIL)

    message = server.message()
    assert server.taken[0].rcpt_tos == ["ada@shop.example"]
    assert server.taken[0].mail_from == "no-reply@pay.example"
    assert (message["From"], message["To"]) == (SENDER, "ada@shop.example")
    assert message["Subject"] == MAIL.subject
    assert message.get_content().splitlines() == MAIL.body.splitlines()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"]


def test_the_same_mail_has_the_same_id_at_every_try() -> None:
    with serving() as server:
        for _ in range(2):
            plain(server).send(MAIL)
        ids = [
            str(message_from_bytes(one.content, policy=policy.default)["Message-ID"])  # type: ignore[arg-type]
            for one in server.taken
        ]

    assert ids == ["<mail_1@pay.example>"] * 2
    assert set(server.greeted_as) == {"pay.example"}


@pytest.mark.parametrize("scheme,is_secure", [("smtp", False), ("smtps", True)])
def test_over_tls_we_sign_in_and_send(
    certified: ssl.SSLContext, trusting: ssl.SSLContext, scheme: str, is_secure: bool
) -> None:
    # aiosmtpd knows only of its own STARTTLS, and so asks for none under TLS from the start.
    options = {"auth_require_tls": not is_secure, "auth_required": not is_secure}
    with serving(certified, is_secure=is_secure, **options) as server:
        url = f"{scheme}://farthing%40pay.example:s3cret%2Fpw@localhost:{server.port}"
        SmtpMailer(url, SENDER, tls=trusting).send(MAIL)

    assert server.message()["Subject"] == MAIL.subject
    assert [given.login for given in server.logins] == [b"farthing@pay.example"]


@pytest.mark.parametrize("scheme,is_secure", [("smtp", False), ("smtps", True)])
def test_a_server_that_cannot_prove_its_name_gets_nothing(
    certified: ssl.SSLContext, scheme: str, is_secure: bool
) -> None:
    with serving(certified, is_secure=is_secure) as server:
        mailer = SmtpMailer(f"{scheme}://user:pw@localhost:{server.port}", SENDER)
        with pytest.raises(MailUnavailable):
            mailer.send(MAIL)

    assert (server.taken, server.logins) == ([], [])


def test_a_server_without_starttls_gets_neither_password_nor_mail() -> None:
    with serving(auth_require_tls=False) as server:
        mailer = SmtpMailer(f"smtp://user:pw@127.0.0.1:{server.port}", SENDER)
        with pytest.raises(MailUnavailable, match="STARTTLS"):
            mailer.send(MAIL)

    assert (server.taken, server.logins) == ([], [])


@pytest.mark.parametrize(
    "command,answer,error",
    [
        ("RCPT", "550 5.1.1 No such mailbox", MailRefused),
        ("RCPT", "451 4.7.1 Greylisted, come again", MailUnavailable),
        ("DATA", "554 5.7.1 Looks like spam", MailRefused),
        ("DATA", "452 4.3.1 Disk full", MailUnavailable),
        # These are about the operator's set-up, not about the mail.
        ("MAIL", "553 5.7.1 Sender not allowed", MailUnavailable),
        ("MAIL", "421 4.3.2 Shutting down", MailUnavailable),
    ],
)
def test_only_what_is_said_of_the_mail_for_good_is_final(
    command: str, answer: str, error: type[Exception]
) -> None:
    with serving() as server:
        server.answers[command] = answer
        with pytest.raises(error, match=answer[:3]) as caught:
            plain(server).send(MAIL)

    assert answer[4:] in str(caught.value)


def test_a_wrong_password_is_put_right_later(
    certified: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    with serving(certified) as server:
        mailer = SmtpMailer(f"smtp://farthing:wrong@localhost:{server.port}", SENDER, tls=trusting)
        with pytest.raises(MailUnavailable, match="535") as caught:
            mailer.send(MAIL)

    assert "wrong" not in str(caught.value)


def test_a_server_that_is_away_is_away_for_now() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    with pytest.raises(MailUnavailable, match="cannot be reached"):
        SmtpMailer(f"smtp+plain://127.0.0.1:{port}", SENDER).send(MAIL)


@pytest.mark.parametrize(
    "recipient,subject",
    [
        ("ada@shop.example\r\nBcc: all@shop.example", "Hello"),
        ("ada@shop.example, eve@evil.example", "Hello"),
        ("ada", "Hello\r\nBcc: all@shop.example"),
        ("", "Hello"),
        ("ada@shop.example", "Hello\nBcc: all@shop.example"),
    ],
)
def test_a_mail_cannot_smuggle_recipients(recipient: str, subject: str) -> None:
    with serving() as server, pytest.raises(MailRefused):
        plain(server).send(OutgoingMail(recipient, subject, "x", "mail_1"))

    assert server.taken == []


def test_without_a_server_mails_wait() -> None:
    settings = Settings("postgresql://x", "redis://x", SECRET_KEY, SEAL_KEY)
    mailer = wiring.mailer(settings)

    assert isinstance(mailer, NoMailer)
    assert not mailer.is_set_up
    with pytest.raises(MailUnavailable):
        mailer.send(MAIL)
