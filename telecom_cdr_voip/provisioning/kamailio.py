# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Kamailio: rows of its tables subscriber (auth_db) and address (permissions).

A row's key in subscriber is the account's in Odoo, moved up so that rows of one's own
have room below; it is also the account's group in address, from which the configuration
knows where an account may come from.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

from .accounts import Snapshot, networks

FIRST_ID = 1_000_000
ANYWHERE = ["0.0.0.0/0", "::/0"]
SUBSCRIBER = ("id", "username", "domain", "password", "ha1", "ha1b")
ADDRESS = ("grp", "ip_addr", "mask", "port", "tag")
BATCH = 500

Row = tuple[int | str, ...]


def subscribers_csv(snapshot: Snapshot) -> str:
    """Return a table of subscribers with a first row of names.

    The last column says what became of it: active, or removed.
    """
    rows = [(*row, "active") for row in _subscribers(snapshot)]
    if snapshot.is_partial:
        rows += [
            (_key(one.id), one.login, snapshot.realm, "", "", "", "removed")
            for one in snapshot.forgotten()
        ]
    return _csv((*SUBSCRIBER, "state"), rows)


def addresses_csv(snapshot: Snapshot) -> str:
    """Return a table of the networks that accounts may come from."""
    return _csv(ADDRESS, _addresses(snapshot))


def sql(snapshot: Snapshot) -> str:
    """Return statements that bring both tables up to date, in one transaction.

    Plain SQL that MariaDB, PostgreSQL and SQLite read alike: all texts are of signs
    that need no escape (accounts.LOGIN, accounts.REALM).
    """
    lines = [f"-- SIP accounts of {snapshot.realm}, written by Odoo.", "BEGIN;"]
    lines += [
        f"-- account {key} is left out: {why}" for key, why in snapshot.left_out()
    ]
    if not snapshot.is_partial:
        lines += [f"DELETE FROM subscriber WHERE domain = {_quoted(snapshot.realm)};"]
        lines += [f"DELETE FROM address WHERE tag = {_quoted(snapshot.realm)};"]
    lines += _deletions(snapshot)
    lines += _insertions("subscriber", SUBSCRIBER, _subscribers(snapshot))
    lines += _insertions("address", ADDRESS, _addresses(snapshot))
    return "\n".join([*lines, "COMMIT;", ""])


def _subscribers(snapshot: Snapshot) -> list[Row]:
    return [
        (_key(one.id), one.login, snapshot.realm, "", one.ha1, one.ha1b)
        for one in snapshot.usable()
    ]


def _addresses(snapshot: Snapshot) -> list[Row]:
    return [
        (_key(account.id), str(net.network_address), net.prefixlen, 0, snapshot.realm)
        for account in snapshot.usable()
        for text in networks(account) or ANYWHERE
        for net in _matched(text)
    ]


def _matched(text: str) -> list[IPv4Network | IPv6Network]:
    """Give a network as Kamailio matches it; a mask of 0 is none to it: by halves."""
    network = ip_network(text)
    return [network] if network.prefixlen else list(network.subnets())


def _key(account: int) -> int:
    return FIRST_ID + account


def _deletions(snapshot: Snapshot) -> list[str]:
    """Take away every row that is written anew, and what is gone."""
    accounts = {one.id for one in (*snapshot.accounts, *snapshot.removed)}
    lines = []
    for keys in _batches(sorted(map(_key, accounts))):
        listed = ", ".join(map(str, keys))
        lines += [f"DELETE FROM subscriber WHERE id IN ({listed});"]
        lines += [f"DELETE FROM address WHERE grp IN ({listed});"]
    return lines


def _insertions(table: str, columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
    return [
        f"{into}\n  " + ",\n  ".join(map(_values, batch)) + ";"
        for batch in _batches(rows)
    ]


def _batches(rows: Sequence) -> Iterator[Sequence]:
    return (rows[at : at + BATCH] for at in range(0, len(rows), BATCH))


def _values(row: Row) -> str:
    return "(" + ", ".join(map(_quoted, row)) + ")"


def _quoted(value: int | str) -> str:
    return str(value) if isinstance(value, int) else f"'{value}'"


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return target.getvalue()
