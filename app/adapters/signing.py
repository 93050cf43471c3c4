"""Signatures that strangers verify: Ed25519, by a library kept by cryptographers."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Ed25519Signer:
    """Keys are 32 bytes; a private one is kept as hexadecimal digits."""

    def new_key(self) -> tuple[bytes, str]:
        """A new pair: the public key's bytes, and the private key as text to be sealed."""
        key = Ed25519PrivateKey.generate()
        return key.public_key().public_bytes_raw(), key.private_bytes_raw().hex()

    def sign(self, private: str, message: bytes) -> bytes:
        """The signature of a message."""
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private)).sign(message)
