# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Certificates of servers: known authorities, or pinned by their SHA-256."""

import hashlib
import re
import ssl

from .contract import CollectError, Settings

# As browsers and openssl write it: 32 pairs of digits, with colons or without.
FINGERPRINT = re.compile(r"(?<![0-9a-z])(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}(?![0-9a-z])")


def tls_context(settings: Settings) -> ssl.SSLContext:
    """How to talk TLS with a server. Where its certificate is pinned, the caller has to
    :func:`check_pinned` before anything secret is sent."""
    context = ssl.create_default_context()
    if settings.certificate_check == "pinned":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def fingerprint(certificate: bytes) -> str:
    """The SHA-256 of a certificate, as it is shown and pinned."""
    digits = hashlib.sha256(certificate).hexdigest().upper()
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return f"SHA256:{':'.join(pairs)}"


def is_pinned(certificate: bytes, pinned: str) -> bool:
    """Whether a pinned text has the SHA-256 of a certificate.

    The text may hold several: that of a server's old certificate, and of its next.
    """
    found = FINGERPRINT.findall(pinned.lower())
    wanted = hashlib.sha256(certificate).hexdigest()
    return wanted in {digits.replace(":", "") for digits in found}


def check_pinned(session: ssl.SSLSocket, settings: Settings, probe: bool) -> str | None:
    """Look whether a session is with the server that it is to be with.

    :param probe: trust a server whose certificate is not pinned yet
    :return: what is to be pinned; None where authorities vouch for the server
    :raise CollectError: ``certificate_missing``, ``certificate_changed``
    """
    if settings.certificate_check != "pinned":
        return None
    certificate = session.getpeercert(binary_form=True) or b""
    shown = fingerprint(certificate)
    if not settings.host_key.strip():
        if not probe:
            raise CollectError("certificate_missing", shown)
    elif not is_pinned(certificate, settings.host_key):
        raise CollectError("certificate_changed", shown)
    return shown


def refused_certificate(error: ssl.SSLCertVerificationError) -> CollectError:
    """The error for a certificate that nobody vouches for."""
    return CollectError("certificate_refused", error.verify_message or str(error))
