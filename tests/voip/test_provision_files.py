# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The files of switches, letter by letter."""

import pytest
from provision_samples import ANN, REALM, RECEPTION, account, snapshot

from telecom_cdr_voip.provisioning import freeswitch, kamailio, pjsip
from telecom_cdr_voip.provisioning.accounts import Snapshot

PJSIP = """\
; SIP accounts of sip.example.net, written by Odoo. Changes made here are lost.
; To be included by pjsip.conf after the templates telecom-endpoint, telecom-auth and
; telecom-aor.

[34910000001](telecom-endpoint)
; Reception
type=endpoint
auth=34910000001
aors=34910000001
set_var=TELECOM_ACCOUNT=34910000001
callerid=<+34910000001>
deny=0.0.0.0/0
deny=::/0
permit=192.0.2.0/24
permit=198.51.100.7/32
permit=2001:db8::/32

[34910000001](telecom-auth)
type=auth
auth_type=md5
username=34910000001
realm=sip.example.net
md5_cred=0123456789abcdef0123456789abcdef

[34910000001](telecom-aor)
type=aor

[ann.desk](telecom-endpoint)
type=endpoint
auth=ann.desk
aors=ann.desk
set_var=TELECOM_ACCOUNT=ann.desk

[ann.desk](telecom-auth)
type=auth
auth_type=md5
username=ann.desk
realm=sip.example.net
md5_cred=00000000000000000000000000000009

[ann.desk](telecom-aor)
type=aor
"""
NETWORKS = "192.0.2.0/24,198.51.100.7/32,2001:db8::/32"
RECEPTION_XML = f"""\
            <user id="34910000001" cidr="{NETWORKS}">
              <params>
                <param name="a1-hash" value="0123456789abcdef0123456789abcdef" />
                <param name="auth-acl" value="{NETWORKS}" />
              </params>
              <variables>
                <variable name="user_context" value="default" />
                <variable name="accountcode" value="34910000001" />
                <variable name="directory_full_name" value="Reception" />
                <variable name="effective_caller_id_number" value="+34910000001" />
                <variable name="outbound_caller_id_number" value="+34910000001" />
              </variables>
            </user>
"""
ANN_XML = """\
            <user id="ann.desk">
              <params>
                <param name="a1-hash" value="00000000000000000000000000000009" />
              </params>
              <variables>
                <variable name="user_context" value="default" />
                <variable name="accountcode" value="ann.desk" />
              </variables>
            </user>
"""
XML = """\
<?xml version="1.0" encoding="UTF-8"?>
<document type="freeswitch/xml">
  <section name="directory">
    <domain name="sip.example.net">
      <groups>
        <group name="telecom">
          <users>
{users}\
          </users>
        </group>
      </groups>
{more}\
    </domain>
  </section>
</document>
"""
NOT_FOUND = """\
<?xml version="1.0" encoding="UTF-8"?>
<document type="freeswitch/xml">
  <section name="result">
    <result status="not found" />
  </section>
</document>
"""
SQL = """\
-- SIP accounts of sip.example.net, written by Odoo.
BEGIN;
DELETE FROM subscriber WHERE domain = 'sip.example.net';
DELETE FROM address WHERE tag = 'sip.example.net';
DELETE FROM subscriber WHERE id IN (1000007, 1000009);
DELETE FROM address WHERE grp IN (1000007, 1000009);
INSERT INTO subscriber (id, username, domain, password, ha1, ha1b) VALUES
  (1000007, '34910000001', 'sip.example.net', '', '0123456789abcdef0123456789abcdef', \
'fedcba9876543210fedcba9876543210'),
  (1000009, 'ann.desk', 'sip.example.net', '', '00000000000000000000000000000009', '');
INSERT INTO address (grp, ip_addr, mask, port, tag) VALUES
  (1000007, '192.0.2.0', 24, 0, 'sip.example.net'),
  (1000007, '198.51.100.7', 32, 0, 'sip.example.net'),
  (1000007, '2001:db8::', 32, 0, 'sip.example.net'),
  (1000009, '0.0.0.0', 1, 0, 'sip.example.net'),
  (1000009, '128.0.0.0', 1, 0, 'sip.example.net'),
  (1000009, '::', 1, 0, 'sip.example.net'),
  (1000009, '8000::', 1, 0, 'sip.example.net');
COMMIT;
"""


def test_asterisk() -> None:
    assert pjsip.config(snapshot(ANN, RECEPTION)) == PJSIP


def test_asterisk_only_what_changed() -> None:
    text = pjsip.config(snapshot(ANN, removed=[(7, "34910000001")], is_partial=True))
    head, section = text.split("\n[", 1)
    assert head.splitlines()[3:] == ["; Only what changed.", "; removed: 34910000001"]
    assert "[" + section == PJSIP[PJSIP.index("[ann.desk]") :]


def test_freeswitch() -> None:
    text = XML.format(users=RECEPTION_XML + ANN_XML, more="")
    assert freeswitch.directory(snapshot(ANN, RECEPTION)) == text


def test_freeswitch_only_what_changed() -> None:
    changed = snapshot(ANN, removed=[(7, "34910000001")], is_partial=True)
    gone = '      <removed>\n        <user id="34910000001" />\n      </removed>\n'
    assert freeswitch.directory(changed) == XML.format(users=ANN_XML, more=gone)


ASKED = {"section": "directory", "tag_name": "domain", "key_name": "name"}
ANSWERS = [
    # question of mod_xml_curl, answer
    ({"key_value": REALM, "user": "ann.desk", "action": "sip_auth"}, ANN_XML),
    ({"key_value": REALM.upper(), "user": "ann.desk"}, ANN_XML),
    ({"domain": REALM, "user": "34910000001"}, RECEPTION_XML),
    ({"domain": REALM, "purpose": "network-list"}, RECEPTION_XML + ANN_XML),
    ({"domain": REALM, "user": "nobody"}, None),
    ({"domain": REALM, "purpose": "gateways"}, None),
    ({"domain": "other.example.net", "user": "ann.desk"}, None),
    ({"domain": REALM, "user": "ann.desk", "section": "configuration"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("question", "users"), ANSWERS)
def test_freeswitch_asks(question: dict, users: str | None) -> None:
    answer = freeswitch.answer({**ASKED, **question}, snapshot(ANN, RECEPTION))
    assert answer == (XML.format(users=users, more="") if users else NOT_FOUND)


def test_kamailio_statements() -> None:
    assert kamailio.sql(snapshot(ANN, RECEPTION)) == SQL


def test_kamailio_only_what_changed() -> None:
    text = kamailio.sql(snapshot(removed=[(7, "34910000001")], is_partial=True))
    assert text.splitlines()[1:] == [
        "BEGIN;",
        "DELETE FROM subscriber WHERE id IN (1000007);",
        "DELETE FROM address WHERE grp IN (1000007);",
        "COMMIT;",
    ]


def test_kamailio_tables() -> None:
    changed = snapshot(ANN, removed=[(7, "34910000001")], is_partial=True)
    assert kamailio.subscribers_csv(changed).splitlines() == [
        "id,username,domain,password,ha1,ha1b,state",
        "1000009,ann.desk,sip.example.net,,00000000000000000000000000000009,,active",
        "1000007,34910000001,sip.example.net,,,,removed",
    ]
    assert kamailio.addresses_csv(changed).splitlines() == [
        "grp,ip_addr,mask,port,tag",
        "1000009,0.0.0.0,1,0,sip.example.net",
        "1000009,128.0.0.0,1,0,sip.example.net",
        "1000009,::,1,0,sip.example.net",
        "1000009,8000::,1,0,sip.example.net",
    ]


LEFT_OUT = [
    # what is wrong, what the file says
    ({"login": "ann]\ntype=endpoint"}, "its login has signs other than"),
    ({"login": ""}, "its login has signs other than"),
    ({"ha1": ""}, "it has no password"),
    ({"ha1": "0" * 31}, "it has no password"),
    ({"ha1b": "x"}, "its second digest is none"),
    ({"networks": ("192.0.2.1", "anywhere")}, "one of its addresses is none"),
]


@pytest.mark.parametrize(("values", "why"), LEFT_OUT)
def test_what_would_let_anybody_in_is_left_out(values: dict, why: str) -> None:
    broken = account(8, **{"login": "broken", **values})
    whole = snapshot(ANN, broken)
    assert f"; account 8 is left out: {why}" in pjsip.config(whole)
    assert f"-- account 8 is left out: {why}" in kamailio.sql(whole)
    for text in (pjsip.config(whole), kamailio.sql(whole), freeswitch.directory(whole)):
        assert "ann.desk" in text
        assert "broken" not in text
    assert len(kamailio.subscribers_csv(whole).splitlines()) == 2


def test_what_can_no_longer_be_written_is_forgotten() -> None:
    changed = snapshot(account(8, "bob", ha1=""), is_partial=True)
    assert "; removed: bob\n" in pjsip.config(changed)
    assert "DELETE FROM subscriber WHERE id IN (1000008);" in kamailio.sql(changed)


def test_a_login_taken_by_another_account_is_not_forgotten() -> None:
    changed = snapshot(ANN, removed=[(4, "ann.desk")], is_partial=True)
    assert "removed:" not in pjsip.config(changed)
    assert "IN (1000004, 1000009)" in kamailio.sql(changed)


def test_a_domain_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not a SIP domain"):
        Snapshot("sip.example.net'; DROP TABLE subscriber; --")


def test_kamailio_lets_in_from_anywhere_by_halves() -> None:
    """A mask of 0 is no network to it: nobody would be let in."""
    anywhere = account(8, "bob", networks=("0.0.0.0/0", "192.0.2.1"))
    assert kamailio.addresses_csv(snapshot(anywhere)).splitlines()[1:] == [
        "1000008,0.0.0.0,1,0,sip.example.net",
        "1000008,128.0.0.0,1,0,sip.example.net",
    ]
