# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What switches are told about SIP accounts, and what such texts may hold."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

# What is a plain word in a section's name, a table, a URI and XML alike.
LOGIN = re.compile(r"[A-Za-z0-9_.+~-]{1,64}")
REALM = re.compile(r"[A-Za-z0-9.:_-]{1,254}")
DIGEST = re.compile(r"[0-9a-f]{32}")
CALLER = re.compile(r"\+?[0-9]{1,20}")

# In a name that a person gave: letters and digits of any script, and these.
LABEL_SIGNS = " -_.,/&'()@+#:"
LABEL_LENGTH = 80


@dataclass(frozen=True)
class SipAccount:
    """One account.

    :ivar id: its key in Odoo
    :ivar login: user part of its address, and name for the digest
    :ivar ha1: MD5 of login:realm:password, 32 hexadecimal digits
    :ivar ha1b: the same for phones that log in as login@realm, or ""
    :ivar label: what the customer calls it
    :ivar caller_number: shown to those who are called, E.164 with plus, or ""
    :ivar networks: addresses it may come from, CIDR; none: from anywhere
    """

    id: int
    login: str
    ha1: str
    ha1b: str = ""
    label: str = ""
    caller_number: str = ""
    networks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Removed:
    """An account that a switch may still know and must forget."""

    id: int
    login: str


@dataclass(frozen=True)
class Snapshot:
    """The accounts of a switch at one moment.

    :ivar realm: the SIP domain that the digests were made for
    :ivar is_partial: only what changed since a time that the asker named
    :ivar removed: to be forgotten; complete only in a partial one
    """

    realm: str
    accounts: tuple[SipAccount, ...] = ()
    removed: tuple[Removed, ...] = ()
    is_partial: bool = False

    def __post_init__(self) -> None:
        if not REALM.fullmatch(self.realm):
            raise ValueError(f"not a SIP domain: {self.realm!r}")

    def usable(self) -> list[SipAccount]:
        """Accounts that can be written, by login."""
        usable = (account for account in self.accounts if not fault(account))
        return sorted(usable, key=lambda account: (account.login, account.id))

    def left_out(self) -> list[tuple[int, str]]:
        """(key, why) of the accounts that can not."""
        faults = ((account.id, fault(account)) for account in self.accounts)
        return sorted((key, why) for key, why in faults if why)

    def forgotten(self) -> list[Removed]:
        """What must go: the removed, and what can no longer be written.

        A login that another account has taken since is not among them.
        """
        logins = {account.login for account in self.usable()}
        gone = [*self.removed, *(Removed(a.id, a.login) for a in self._unusable())]
        named = (one for one in gone if LOGIN.fullmatch(one.login))
        return sorted(
            {one for one in named if one.login not in logins},
            key=lambda one: (one.login, one.id),
        )

    def _unusable(self) -> Iterable[SipAccount]:
        return (account for account in self.accounts if fault(account))


def fault(account: SipAccount) -> str:
    """Say why an account can not be written, "" where it can.

    One without a digest would be let in without a password by some switches, and one
    with an address that none can read would be let in from anywhere.
    """
    if not LOGIN.fullmatch(account.login):
        return "its login has signs other than letters, digits and _ . + ~ -"
    if not DIGEST.fullmatch(account.ha1):
        return "it has no password"
    if account.ha1b and not DIGEST.fullmatch(account.ha1b):
        return "its second digest is none"
    try:
        networks(account)
    except ValueError:
        return "one of its addresses is none"
    return ""


def networks(account: SipAccount) -> list[str]:
    """Addresses an account may come from as CIDR, joined where they touch.

    :raises ValueError: where one is no address
    """
    every = [ipaddress.ip_network(text, strict=False) for text in account.networks]
    return [
        str(network)
        for version in (4, 6)
        for network in ipaddress.collapse_addresses(
            one for one in every if one.version == version
        )
    ]


def caller_number(account: SipAccount) -> str:
    """The number shown to those who are called, "" where it is no number."""
    return account.caller_number if CALLER.fullmatch(account.caller_number) else ""


def plain_label(text: str) -> str:
    """A name that a person gave, without what could mean something to a program."""
    kept = (char if _is_plain(char) else " " for char in text)
    return " ".join("".join(kept).split())[:LABEL_LENGTH].rstrip()


def _is_plain(char: str) -> bool:
    return char in LABEL_SIGNS or unicodedata.category(char)[0] in "LMN"
