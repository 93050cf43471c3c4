"""Hands mails to the operator's mail server.

`smtp://` speaks STARTTLS and takes no for no answer, `smtps://` is TLS from the start, and
`smtp+plain://` has none, for a relay on the same machine. Refused for good is only what the server
says of this mail or its recipient: a wrong password or a refused sender is the operator's to
put right, and the mails wait for it.
"""

import smtplib
import ssl
from collections.abc import Callable
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from urllib.parse import unquote, urlsplit

from app.domain.errors import MailRefused, MailUnavailable
from app.domain.ports import OutgoingMail

DEFAULT_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
WAIT_SECONDS = 10
SHOWN_CHARACTERS = 300


class NoMailer:
    """Stands where no mail server is set up."""

    is_set_up = False

    def send(self, mail: OutgoingMail) -> None:
        """Always raises MailUnavailable."""
        raise MailUnavailable(f"No mail server is set up (SMTP_URL) for {mail.message_id}.")


class SmtpMailer:
    """The Mailer port over SMTP: one connection a mail.

    `before` is called ahead of each; it refuses to go on inside a unit of work.
    """

    is_set_up = True

    def __init__(
        self,
        smtp_url: str,
        mail_from: str,
        *,
        tls: ssl.SSLContext | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        parts = urlsplit(smtp_url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or DEFAULT_PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._from = mail_from
        # Our own machine's name is nobody's business: the sender's domain greets and names mails.
        self._domain = parseaddr(mail_from)[1].rpartition("@")[2]
        self._tls = tls or ssl.create_default_context()
        self._before = before

    def send(self, mail: OutgoingMail) -> None:
        """Raises MailRefused when it will never be taken, MailUnavailable when it may be later."""
        self._before()
        message = self._message(mail)
        try:
            with self._connected() as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            raise _problem(code, words) from None
        except smtplib.SMTPDataError as error:
            raise _problem(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPNotSupportedError as error:
            raise MailUnavailable(_shown(str(error))) from None
        except smtplib.SMTPResponseException as error:
            raise MailUnavailable(
                f"The mail server answered {error.smtp_code}: {_shown(error.smtp_error)}"
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            raise MailUnavailable(
                f"The mail server cannot be reached: {_shown(str(error))}"
            ) from None

    def _connected(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, self._domain, timeout=WAIT_SECONDS, context=self._tls
            )
        else:
            server = smtplib.SMTP(self._host, self._port, self._domain, timeout=WAIT_SECONDS)
        try:
            if self._scheme == "smtp":
                server.starttls(context=self._tls)
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, mail: OutgoingMail) -> EmailMessage:
        message = EmailMessage()
        try:
            message["From"] = self._from
            message["To"] = Address(addr_spec=mail.recipient)
            message["Subject"] = mail.subject
            # The same at every try, so that a mail which came twice is seen to be one.
            message["Message-ID"] = f"<{mail.message_id}@{self._domain}>"
        except (ValueError, IndexError, MessageError) as error:
            raise MailRefused(f"This cannot be made a mail: {_shown(str(error))}") from None
        message["Date"] = formatdate(usegmt=True)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.body)
        return message


def _problem(code: int, words: bytes | str) -> MailRefused | MailUnavailable:
    text = f"The mail server answered {code}: {_shown(words)}"
    return MailRefused(text) if 500 <= code < 600 else MailUnavailable(text)


def _shown(words: bytes | str) -> str:
    """What the server said, on one line and not too much of it."""
    text = words.decode("utf-8", errors="replace") if isinstance(words, bytes) else words
    return " ".join(text.replace("\0", "").split())[:SHOWN_CHARACTERS]
