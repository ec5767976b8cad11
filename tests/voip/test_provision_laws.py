# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whatever a customer writes, a switch reads the accounts and nothing else."""

import csv
import io
import re
import sqlite3
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from provision_samples import ANN, REALM, account, snapshot

from telecom_cdr_voip.provisioning import freeswitch, kamailio, pjsip
from telecom_cdr_voip.provisioning.accounts import fault, plain_label

SIGNS = (
    *("\n", "\r", "]", "[", ";", ";--", "--;", '"', "'", "\\", "<", ">", "&", "]]>"),
    *("$", "${system(id)}", "$${x}", "#exec ", "=", "-->", "\0", "\x85", "\u2028"),
    *("a", " "),
)
HOSTILE = st.one_of(
    st.text(),
    st.lists(st.sampled_from(SIGNS)).map("".join),
)
ACCOUNTS = st.lists(
    st.builds(
        account,
        st.integers(1, 99),
        st.one_of(HOSTILE, st.from_regex(r"[a-z0-9._+-]{1,9}", fullmatch=True)),
        ha1=st.one_of(st.just("0" * 32), HOSTILE),
        ha1b=st.one_of(st.just(""), st.just("1" * 32), HOSTILE),
        label=HOSTILE,
        caller_number=st.one_of(st.just("+34910000001"), HOSTILE),
        networks=st.lists(
            st.one_of(HOSTILE, st.sampled_from(["192.0.2.1", "2001:db8::/32"])),
            max_size=2,
        ).map(tuple),
    ),
    max_size=4,
    unique_by=(lambda one: one.id, lambda one: one.login),
).map(lambda accounts: snapshot(ANN, *accounts))
TABLES = """
    CREATE TABLE subscriber (
        id INTEGER PRIMARY KEY, username TEXT, domain TEXT, password TEXT, ha1 TEXT,
        ha1b TEXT, UNIQUE (username, domain)
    );
    CREATE TABLE address (
        id INTEGER PRIMARY KEY, grp INTEGER, ip_addr TEXT, mask INTEGER, port INTEGER,
        tag TEXT
    );
"""


def read_pjsip(text):
    """Read a configuration as Asterisk does: [(section, templates, [(name, value)])].

    A semicolon that no backslash precedes begins a comment, ";--" a longer one, "#" an
    instruction; lines end in LF.
    """
    sections = []
    for line in text.split("\n"):
        assert not re.search(r"(?<!\\);--", line)
        content = re.sub(r"(?<!\\);.*", "", line).replace(r"\;", ";").strip()
        if not content:
            continue
        assert content[0] != "#"
        if content[0] == "[":
            name, _, templates = content[1:].partition("]")
            sections.append((name, templates, []))
        else:
            sections[-1][2].append(tuple(content.split("=", 1)))
    return sections


@given(ACCOUNTS)
def test_asterisk_reads_three_sections_an_account(state) -> None:
    expected = [
        (one.login, f"({template})", {name for name, _value in OPTIONS[template]})
        for one in state.usable()
        for template in OPTIONS
    ]
    found = read_pjsip(pjsip.config(state))
    assert [section[:2] for section in found] == [section[:2] for section in expected]
    for (_name, _template, options), (_login, _same, known) in zip(
        found, expected, strict=True
    ):
        assert {name for name, _value in options} <= known
        assert dict(options)["type"] in ("endpoint", "auth", "aor")


OPTIONS = {
    "telecom-endpoint": [
        (name, "")
        for name in ("type", "auth", "aors", "set_var", "callerid", "deny", "permit")
    ],
    "telecom-auth": [
        (name, "") for name in ("type", "auth_type", "username", "realm", "md5_cred")
    ],
    "telecom-aor": [("type", "")],
}


# What FreeSWITCH's directory is made of: attributes, and what stands below.
GRAMMAR = {
    "document": ({"type"}, {"section"}),
    "section": ({"name"}, {"domain"}),
    "domain": ({"name"}, {"groups", "removed"}),
    "groups": (set(), {"group"}),
    "group": ({"name"}, {"users"}),
    "users": (set(), {"user"}),
    "removed": (set(), {"user"}),
    "user": ({"id", "cidr"}, {"params", "variables"}),
    "params": (set(), {"param"}),
    "param": ({"name", "value"}, set()),
    "variables": (set(), {"variable"}),
    "variable": ({"name", "value"}, set()),
}
VARIABLES = {
    "accountcode",
    "directory_full_name",
    "effective_caller_id_number",
    "outbound_caller_id_number",
    "user_context",
}


@given(ACCOUNTS)
def test_freeswitch_finds_only_what_it_knows(state) -> None:
    root = ElementTree.fromstring(freeswitch.directory(state).encode())
    assert root.attrib == {"type": "freeswitch/xml"}
    for element in root.iter():
        attributes, below = GRAMMAR[element.tag]
        assert set(element.attrib) <= attributes
        assert {one.tag for one in element} <= below
        assert not (element.text or "").strip()
    assert {one.get("name") for one in root.iter("variable")} <= VARIABLES
    for one in root.iter("variable"):
        if "number" in one.get("name"):
            assert re.fullmatch(r"\+?[0-9]{1,20}", one.get("value"))


@given(ACCOUNTS)
def test_freeswitch_reads_users_of_one_domain(state) -> None:
    text = freeswitch.directory(state)
    # "$${name}" in a file and "${name}" in a variable stand for something else.
    assert "$" not in text
    domains = ElementTree.fromstring(text.encode()).findall("section/domain")
    assert [domain.get("name") for domain in domains] == [REALM]
    users = domains[0].findall("groups/group/users/user")
    assert [user.get("id") for user in users] == [one.login for one in state.usable()]
    for user in users:
        params = {
            one.get("name"): one.get("value") for one in user.findall("params/param")
        }
        assert re.fullmatch("[0-9a-f]{32}", params["a1-hash"])
        assert set(params) <= {"a1-hash", "auth-acl"}


@given(ACCOUNTS)
def test_databases_get_one_row_an_account(state) -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(TABLES)
    own = ("1", "own", REALM + ".other", "", "", "")
    database.execute("INSERT INTO subscriber VALUES (?, ?, ?, ?, ?, ?)", own)
    # Twice is as good as once.
    database.executescript(kamailio.sql(state))
    database.executescript(kamailio.sql(state))
    rows = database.execute("SELECT username FROM subscriber WHERE id > 1 ORDER BY 1")
    logins = sorted(one.login for one in state.usable())
    assert [login for (login,) in rows] == logins
    assert database.execute("SELECT count(*) FROM subscriber").fetchone() == (
        len(logins) + 1,
    )
    groups = database.execute("SELECT count(DISTINCT grp) FROM address").fetchone()
    assert groups == (len(logins),)


@given(ACCOUNTS)
def test_tables_have_one_line_an_account(state) -> None:
    rows = list(csv.DictReader(io.StringIO(kamailio.subscribers_csv(state))))
    assert [row["username"] for row in rows] == [one.login for one in state.usable()]
    for row in csv.reader(io.StringIO(kamailio.addresses_csv(state))):
        assert len(row) == 5


@given(HOSTILE)
def test_labels_are_plain(text) -> None:
    label = plain_label(text)
    assert label == label.strip() == plain_label(label)
    assert len(label) <= 80
    assert label.isprintable()
    assert not set(label) & set('\n\r[];"\\<>$={}\0')


@given(HOSTILE)
def test_only_plain_logins_are_written(text) -> None:
    allowed = re.fullmatch(r"[A-Za-z0-9_.+~-]{1,64}", text)
    assert bool(fault(account(login=text))) == (allowed is None)
