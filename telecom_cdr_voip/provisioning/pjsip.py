# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asterisk: a file for pjsip.conf to include.

What is the same for all accounts (codecs, context, transport) stays with the PBX:
templates that the sections take it from, telecom-endpoint, telecom-auth, telecom-aor.
"""

from .accounts import Removed, SipAccount, Snapshot, caller_number, networks
from .accounts import plain_label as label_of

HEAD = """\
; SIP accounts of {realm}, written by Odoo. Changes made here are lost.
; To be included by pjsip.conf after the templates telecom-endpoint, telecom-auth and
; telecom-aor.
"""


def config(snapshot: Snapshot) -> str:
    """Return the sections of all accounts, in the order of their logins."""
    head = [HEAD.format(realm=snapshot.realm)]
    if snapshot.is_partial:
        head += ["; Only what changed.\n"]
        head += [_removed(one) for one in snapshot.forgotten()]
    head += [
        f"; account {key} is left out: {why}\n" for key, why in snapshot.left_out()
    ]
    sections = (_account(one, snapshot.realm) for one in snapshot.usable())
    return "".join(head) + "".join(sections)


def _removed(one: Removed) -> str:
    return f"; removed: {one.login}\n"


def _account(account: SipAccount, realm: str) -> str:
    """Return the three sections of an account: who it is, its password, its phones."""
    login = account.login
    lines = ["", f"[{login}](telecom-endpoint)", *_endpoint(account)]
    lines += ["", f"[{login}](telecom-auth)", "type=auth", "auth_type=md5"]
    lines += [f"username={login}", f"realm={realm}", f"md5_cred={account.ha1}"]
    lines += ["", f"[{login}](telecom-aor)", "type=aor"]
    return "\n".join(lines) + "\n"


def _endpoint(account: SipAccount) -> list[str]:
    login = account.login
    # A blank after the sign: ";--" would open a comment over many lines.
    label = label_of(account.label)
    lines = [f"; {label}"] if label else []
    lines += ["type=endpoint", f"auth={login}", f"aors={login}"]
    lines += [f"set_var=TELECOM_ACCOUNT={login}"]
    number = caller_number(account)
    lines += [f"callerid=<{number}>"] if number else []
    allowed = networks(account)
    # The last rule that fits decides.
    lines += ["deny=0.0.0.0/0", "deny=::/0"] if allowed else []
    return lines + [f"permit={network}" for network in allowed]
