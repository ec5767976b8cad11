# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""FreeSWITCH: its directory of users, as a file and as answers to mod_xml_curl."""

from collections.abc import Mapping
from xml.etree import ElementTree

from .accounts import SipAccount, Snapshot, caller_number, networks, plain_label

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
# Where a call is asked about; an allowed one goes on in the context "telecom".
CONTEXT = "default"


def directory(snapshot: Snapshot) -> str:
    """Return the document with all users of the domain."""
    document, domain = _document(snapshot.realm)
    users = _group(domain)
    for account in snapshot.usable():
        users.append(_user(account))
    if snapshot.is_partial:
        # FreeSWITCH itself asks for no such element and passes over it.
        removed = ElementTree.SubElement(domain, "removed")
        for one in snapshot.forgotten():
            ElementTree.SubElement(removed, "user", id=one.login)
    return _text(document)


def answer(question: Mapping[str, str], snapshot: Snapshot) -> str:
    """Return what mod_xml_curl is told that asks for a user or for all networks.

    :param question: its fields: section, purpose, domain or key_value, user
    :param snapshot: the one user that it asks for is enough
    """
    asked = question.get("domain") or question.get("key_value") or ""
    if (
        question.get("section") != "directory"
        or asked.lower() != snapshot.realm.lower()
    ):
        return not_found()
    if question.get("purpose") == "network-list":
        return directory(snapshot)
    login = question.get("user", "")
    found = [account for account in snapshot.usable() if account.login == login]
    if not found:
        return not_found()
    document, domain = _document(snapshot.realm)
    _group(domain).append(_user(found[0]))
    return _text(document)


def not_found() -> str:
    """Return the answer after which FreeSWITCH goes on to its own files."""
    document = ElementTree.Element("document", type="freeswitch/xml")
    section = ElementTree.SubElement(document, "section", name="result")
    ElementTree.SubElement(section, "result", status="not found")
    return _text(document)


def _document(realm: str) -> tuple[ElementTree.Element, ElementTree.Element]:
    document = ElementTree.Element("document", type="freeswitch/xml")
    section = ElementTree.SubElement(document, "section", name="directory")
    return document, ElementTree.SubElement(section, "domain", name=realm)


def _group(domain: ElementTree.Element) -> ElementTree.Element:
    groups = ElementTree.SubElement(domain, "groups")
    group = ElementTree.SubElement(groups, "group", name="telecom")
    return ElementTree.SubElement(group, "users")


def _user(account: SipAccount) -> ElementTree.Element:
    user = ElementTree.Element("user", id=account.login)
    allowed = ",".join(networks(account))
    params = {"a1-hash": account.ha1}
    if allowed:
        # The first for lists of networks of a whole domain, the second for this user.
        user.set("cidr", allowed)
        params["auth-acl"] = allowed
    _named(user, "params", "param", params)
    _named(user, "variables", "variable", _variables(account))
    return user


def _variables(account: SipAccount) -> dict[str, str]:
    number = caller_number(account)
    variables = {
        "user_context": CONTEXT,
        "accountcode": account.login,
        "directory_full_name": plain_label(account.label),
        "effective_caller_id_number": number,
        "outbound_caller_id_number": number,
    }
    return {name: value for name, value in variables.items() if value}


def _named(
    parent: ElementTree.Element, group: str, tag: str, values: Mapping[str, str]
) -> None:
    element = ElementTree.SubElement(parent, group)
    for name, value in values.items():
        ElementTree.SubElement(element, tag, name=name, value=value)


def _text(document: ElementTree.Element) -> str:
    ElementTree.indent(document)
    return DECLARATION + ElementTree.tostring(document, encoding="unicode") + "\n"
