# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Host keys and private keys of SSH."""

import base64
import hashlib
import io
from dataclasses import dataclass
from itertools import pairwise

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .contract import CollectError, Settings

KEY_CLASSES = {
    ed25519.Ed25519PrivateKey: paramiko.Ed25519Key,
    ec.EllipticCurvePrivateKey: paramiko.ECDSAKey,
    rsa.RSAPrivateKey: paramiko.RSAKey,
}


@dataclass(frozen=True)
class HostKey:
    """The public key by which a server is known. Its text is what is pinned."""

    kind: str
    blob: bytes

    @classmethod
    def of(cls, key: paramiko.PKey) -> "HostKey":
        """The key that a server showed."""
        return cls(key.get_name(), key.asbytes())

    def __str__(self) -> str:
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """The short form, as ``ssh`` and ``ssh-keygen -l`` show it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode()
        return f"{self.kind} SHA256:{digest.rstrip('=')}"

    def is_in(self, pinned: str) -> bool:
        """Whether a pinned text has this key.

        The text may be a line of ``known_hosts`` or of a ``.pub`` file, with a host
        before or a comment behind, or several lines: a server's old key and its next.
        """
        return tuple(str(self).split()) in set(pairwise(pinned.split()))

    @staticmethod
    def types_of(pinned: str) -> list[str]:
        """The names that a handshake has for the types of keys in a pinned text."""
        types = []
        for word in pinned.split():
            if word == "ssh-rsa":
                types += ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]
            elif word.startswith(("ssh-", "ecdsa-")):
                types.append(word)
        return types


def load_private_key(settings: Settings) -> paramiko.PKey:
    """The key to log in with, from any format that is common.

    :raise CollectError: ``bad_key``, in words that tell what is wrong with it
    """
    lines = settings.private_key.strip().splitlines()
    text = "\n".join(line.strip() for line in lines) + "\n"
    key = _decrypt(text, settings.private_key_passphrase)
    for kind, key_class in KEY_CLASSES.items():
        if isinstance(key, kind):
            plain = key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.OpenSSH,
                serialization.NoEncryption(),
            )
            return key_class.from_private_key(io.StringIO(plain.decode()))
    raise CollectError("bad_key", "it is of a type that servers no longer take")


def _decrypt(text: str, passphrase: str):
    """The key in a text. A passphrase that it does not need does no harm."""
    try:
        return _parse(text, None)
    except TypeError as error:
        if not passphrase:
            raise CollectError("bad_key", "it needs a passphrase") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CollectError("bad_key", _what_is_it(text)) from error
    try:
        return _parse(text, passphrase.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CollectError("bad_key", "the passphrase does not fit it") from error


def _parse(text: str, passphrase: bytes | None):
    if "BEGIN OPENSSH" in text:
        return serialization.load_ssh_private_key(text.encode(), passphrase)
    return serialization.load_pem_private_key(text.encode(), passphrase)


def _what_is_it(text: str) -> str:
    if text.startswith(
        ("ssh-", "ecdsa-", "---- BEGIN SSH2 PUBLIC", "-----BEGIN PUBLIC")
    ):
        return "it is a public key"
    if text.startswith("PuTTY-User-Key-File"):
        return "it is in PuTTY's format: export it from PuTTYgen as an OpenSSH key"
    if "PRIVATE KEY-----" in text:
        return "it is damaged or incomplete"
    return "it is no private key"
