"""What the business needs of the machine around it, besides processors."""

from typing import Protocol


class Queue(Protocol):
    """Wakes a worker. A hint only: what is to be done stands in rows, and sweepers find it anyway."""

    def wake(self, job: str) -> None:
        """Ask for one run of a named job; several calls at once may become one run. Never raises."""
        ...

    def started(self, job: str) -> None:
        """A run begins: whoever wakes the job from now on asks for another run. Never raises."""
        ...


class Sealer(Protocol):
    """Seals secrets for storage."""

    def seal(self, text: str) -> bytes:
        """Encrypted and authenticated."""
        ...

    def open(self, sealed: bytes) -> str:
        """The text again; raises ValueError if the key is wrong or a bit was changed."""
        ...


class PasswordHasher(Protocol):
    """A slow hash for what people choose."""

    def hash(self, password: str) -> str:
        """A salted hash, its parameters included."""
        ...

    def verify(self, hashed: str, password: str) -> bool:
        """Whether it is the password; takes as long for a wrong one."""
        ...
