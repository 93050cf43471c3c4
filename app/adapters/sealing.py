"""Sealing of processors' secrets, and hashing of passwords: both by libraries kept by
cryptographers.
"""

import base64
import hmac

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken


class FernetSealer:
    """AES-128-CBC with HMAC-SHA256 under the operator's SEAL_KEY."""

    def __init__(self, key: str) -> None:
        self._fernet = Fernet(key.encode())
        # A key of its own: what seals is used for nothing else.
        self._mark = hmac.digest(base64.urlsafe_b64decode(key), b"fingerprint", "sha256")

    def seal(self, text: str) -> bytes:
        """Encrypted and authenticated."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text again; raises ValueError if the key is wrong or a bit was changed."""
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken as error:
            raise ValueError("a sealed secret cannot be opened with this SEAL_KEY") from error

    def fingerprint(self, text: str) -> str:
        """The same for the same text, and of no use to whoever has not the key."""
        return hmac.digest(self._mark, text.encode(), "sha256").hex()


class Argon2Hasher:
    """Argon2id with the library's current defaults."""

    def __init__(self) -> None:
        self._argon2 = Argon2()

    def hash(self, password: str) -> str:
        """A salted hash, its parameters included."""
        return self._argon2.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        """Whether it is the password; takes as long for a wrong one."""
        try:
            return self._argon2.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
