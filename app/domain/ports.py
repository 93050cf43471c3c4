"""What the business needs of the machine around it, besides processors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.fx import Quote


class Queue(Protocol):
    """Wakes a worker. A hint only: what is to be done stands in rows, and sweepers find it anyway."""

    def wake(self, job: str) -> None:
        """Ask for one run of a named job; several calls at once may become one run. Never raises."""
        ...

    def started(self, job: str) -> None:
        """A run begins: whoever wakes the job from now on asks for another run. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receiver answered: `status` is None and `error` says why where it did not.

    `body` is the beginning of its answer, at most 2,048 characters.
    """

    status: int | None
    body: str
    duration_ms: int
    error: str | None = None
    retry_after_seconds: int | None = None

    @property
    def is_accepted(self) -> bool:
        """Only 2xx: a redirect is a failure too."""
        return self.status is not None and 200 <= self.status < 300


class Sender(Protocol):
    """Posts to addresses that merchants chose, and to no address of the inside."""

    def check(self, url: str) -> None:
        """Raises AddressRefused for an address that may not be posted to; asks the name server."""
        ...

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Receipt:
        """One POST within the time budget, without redirects. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """One mail in plain text."""

    recipient: str
    subject: str
    body: str
    message_id: str


class RateProvider(Protocol):
    """Tells exchange rates; `name` is stored with each as its source."""

    name: str

    def latest(self) -> Sequence[Quote]:
        """The newest quotes, all of EUR; raises RatesUnreadable where nothing sound came."""
        ...


class Mailer(Protocol):
    """Hands mails to the operator's mail server, if one `is_set_up`."""

    @property
    def is_set_up(self) -> bool:
        """Whether there is a server; without one mails wait, and the dashboard says so."""
        ...

    def send(self, mail: OutgoingMail) -> None:
        """Raises MailRefused when it will never be taken, MailUnavailable when it may be later."""
        ...


class Limiter(Protocol):
    """Counts calls per key. A limiter that cannot be asked lets everything pass."""

    def take(self, key: str, weight: str) -> int:
        """0 if the call may go on, else after how many seconds to come again.

        `weight` is critical, standard, read or search: the critical calls are shed last.
        """
        ...


class Sealer(Protocol):
    """Seals secrets for storage."""

    def seal(self, text: str) -> bytes:
        """Encrypted and authenticated."""
        ...

    def open(self, sealed: bytes) -> str:
        """The text again; raises ValueError if the key is wrong or a bit was changed."""
        ...

    def fingerprint(self, text: str) -> str:
        """The same for the same text, and of no use to whoever has not the key."""
        ...


class Signer(Protocol):
    """Makes signatures that anybody can verify with the public key."""

    def new_key(self) -> tuple[bytes, str]:
        """A new pair: the public key's bytes, and the private key as text to be sealed."""
        ...

    def sign(self, private: str, message: bytes) -> bytes:
        """The signature of a message."""
        ...


class PasswordHasher(Protocol):
    """A slow hash for what people choose."""

    def hash(self, password: str) -> str:
        """A salted hash, its parameters included."""
        ...

    def verify(self, hashed: str, password: str) -> bool:
        """Whether it is the password; takes as long for a wrong one."""
        ...
