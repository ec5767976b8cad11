# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""SIP accounts that the tests of provisioning are made of."""

import hashlib

from telecom_cdr_voip.provisioning.accounts import Removed, SipAccount, Snapshot

REALM = "sip.example.net"


def digest(login, password="correct horse battery", name=None):
    """Compute the HA1 of RFC 2617."""
    text = f"{name or login}:{REALM}:{password}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def account(key=7, login="34910000001", **values):
    """Give an account that any switch can take."""
    blank = {"id": key, "login": login, "ha1": digest(login)}
    return SipAccount(**{**blank, **values})


def snapshot(*accounts, removed=(), is_partial=False):
    """Give the accounts of a switch."""
    gone = tuple(Removed(*one) for one in removed)
    return Snapshot(REALM, accounts, gone, is_partial)


RECEPTION = account(
    7,
    "34910000001",
    ha1="0123456789abcdef0123456789abcdef",
    ha1b="fedcba9876543210fedcba9876543210",
    label="Reception",
    caller_number="+34910000001",
    networks=("192.0.2.0/25", "192.0.2.128/25", "2001:db8::/32", "198.51.100.7"),
)
ANN = account(9, "ann.desk", ha1="00000000000000000000000000000009")
