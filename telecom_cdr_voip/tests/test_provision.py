# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A switch fetches its accounts, with its key, and what changed since."""

import csv
import hashlib
import io
from datetime import datetime, timedelta
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, tagged
from odoo.tests.common import BaseCase

from odoo.addons.telecom_cdr.tests.common import READER

from ..authorisation.buckets import Buckets
from ..models import switch_requests, telecom_secret
from ..models.times import read_time
from .provision_common import PASSWORD, REALM, ProvisionCommon

NAMES = [
    "pjsip.conf",
    "directory.xml",
    "subscribers.csv",
    "addresses.csv",
    "subscribers.sql",
]
LONG_AGO = datetime(2026, 1, 1)  # noqa: DTZ001 as stored


def digest(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


HA1 = digest(f"reception:{REALM}:{PASSWORD}")


class TestTimes(BaseCase):
    def test_times_in_an_address(self):
        expected = datetime(2026, 10, 5, 8, 0)  # noqa: DTZ001 as stored
        for text in (
            "2026-10-05T08:00:00Z",
            "2026-10-05 10:00:00+02:00",
            "2026-10-05T08:00",
            "Mon, 05 Oct 2026 08:00:00 GMT",
            " 20261005T080000 ",
        ):
            with self.subTest(text):
                self.assertEqual(read_time(text), expected)

    def test_texts_that_are_no_time(self):
        for text in (
            "",
            "yesterday",
            "2026-13-01",
            "0001-01-01T00:00:00+14:00",
            "1;--",
        ):
            with self.subTest(text), self.assertRaises(ValueError):
                read_time(text)


@tagged("post_install", "-at_install")
class TestProvision(ProvisionCommon):
    def _age(self):
        """Everything so far was told to the switch long ago."""
        accounts = self.account | self.other
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE telecom_sip_account SET changed_at = %s WHERE id = ANY(%s)",
            (LONG_AGO, accounts.ids),
        )
        self.env["telecom.sip.removed"].search([]).unlink()
        accounts.invalidate_recordset()

    def _rows(self, since=None, switch=None):
        text = (switch or self.switch)._provision("subscribers.csv", since)
        return {
            (row["username"], row["state"]): row
            for row in csv.DictReader(io.StringIO(text))
        }

    def _changed(self):
        """(login, state) of what changed in the last minute."""
        return sorted(self._rows(fields.Datetime.now() - timedelta(minutes=1)))

    def test_accounts_with_their_digests(self):
        rows = self._rows()
        self.assertEqual(sorted(rows), [("ann", "active"), ("reception", "active")])
        row = rows["reception", "active"]
        self.assertEqual(row["id"], str(1_000_000 + self.account.id))
        self.assertEqual(row["ha1"], HA1)
        self.assertEqual(row["ha1b"], digest(f"reception@{REALM}:{REALM}:{PASSWORD}"))

    def test_caller_id_and_networks(self):
        text = self.switch._provision("pjsip.conf")
        section = text[text.index("[reception](telecom-endpoint)") :]
        self.assertIn("\n; Reception\n", section)
        self.assertIn("\ncallerid=<+34910000001>\n", section)
        self.assertIn("\npermit=192.0.2.0/24\n", section)

    def test_caller_id_is_a_number_that_the_customer_still_has(self):
        second = self._create_number("+34910000003", self.customer)
        self.account.number_ids = [Command.link(second.id)]
        self.account.caller_number_id = second
        cases = [
            ({}, "+34910000003"),
            ({"is_suspended": True}, "+34910000001"),
            ({"is_suspended": False}, "+34910000003"),
            ({"date_start": fields.Datetime.now() + timedelta(1)}, "+34910000001"),
            ({"date_start": False}, "+34910000003"),
            ({"date_end": fields.Datetime.now()}, "+34910000001"),
        ]
        for values, caller in cases:
            self._age()
            second.write(values)
            with self.subTest(values):
                self.assertEqual(self.account._provisioned().caller_number, caller)
                facts = self.account._guide_facts()
                self.assertEqual(facts["caller_id"].replace(" ", ""), caller)
                told = [("reception", "active")] if values else []
                self.assertEqual(self._changed(), told)

    def test_no_password_is_in_any_file(self):
        for name in NAMES:
            self.assertNotIn(PASSWORD, self.switch._provision(name))

    def test_blocked_and_archived_accounts_are_not_let_in(self):
        self.account.action_block()
        self.other.active = False
        for name in NAMES:
            text = self.switch._provision(name)
            self.assertNotIn("reception", text)
            self.assertNotIn("ann", text.replace("telecom-", ""))

    def test_nothing_changed(self):
        self._age()
        self.assertEqual(self._changed(), [])
        self.assertEqual(self.switch._provisioned_until(), LONG_AGO)

    def test_a_network_is_a_change(self):
        self._age()
        self.other.write({"network_ids": [(0, 0, {"network": "2001:db8::/32"})]})
        self.assertEqual(self._changed(), [("ann", "active")])

    def test_a_password_is_a_change(self):
        self._age()
        self.account._new_secret()
        self.assertEqual(self._changed(), [("reception", "active")])

    def test_a_block_is_a_removal(self):
        self._age()
        self.account.action_block()
        self.assertEqual(self._changed(), [("reception", "removed")])

    def test_another_login_removes_the_old_one(self):
        self._age()
        self.account.login = "front"
        self.assertEqual(
            self._changed(), [("front", "active"), ("reception", "removed")]
        )

    def test_another_switch_removes_it_from_the_old_one(self):
        self._age()
        another = self._create_switch("Second", domain="second.example.net")
        self.account.switch_id = another
        self.assertEqual(self._changed(), [("reception", "removed")])
        row = self._rows(switch=another)["reception", "active"]
        self.assertEqual(row["ha1"], digest(f"reception:second.example.net:{PASSWORD}"))

    def test_a_deleted_account_is_removed(self):
        self._age()
        self.other.unlink()
        self.assertEqual(self._changed(), [("ann", "removed")])

    def test_another_domain_changes_all(self):
        self._age()
        self.switch.domain = "new.example.net"
        rows = self._rows(fields.Datetime.now() - timedelta(minutes=1))
        self.assertEqual(sorted(rows), [("ann", "active"), ("reception", "active")])
        row = rows["reception", "active"]
        self.assertEqual(row["ha1"], digest(f"reception:new.example.net:{PASSWORD}"))

    def test_a_change_seen_late_is_told(self):
        """A change is dated when it is made, and seen when its transaction ends."""
        self._age()
        now = datetime(2026, 10, 5, 8, 0)  # noqa: DTZ001 as stored
        self.env.cr.execute(
            "UPDATE telecom_sip_account SET changed_at = %s WHERE id = %s",
            (now - timedelta(minutes=9), self.account.id),
        )
        self.assertEqual(sorted(self._rows(now)), [("reception", "active")])
        self.assertEqual(self._rows(now + timedelta(minutes=2)), {})

    def test_without_the_key_of_the_file_digests_go_on(self):
        with patch.object(telecom_secret, "configured_keys", return_value=[]):
            row = self._rows()["reception", "active"]
        self.assertEqual((row["ha1"], row["ha1b"]), (HA1, ""))

    def test_a_file_that_is_none(self):
        with self.assertRaisesRegex(UserError, "no file 'sip.conf'.*pjsip.conf"):
            self.switch._provision("sip.conf")

    def test_a_reader_sees_removed_logins_and_no_digest(self):
        reader = self._new_user("voip_reader", READER)
        self.other.unlink()
        removed = self.env["telecom.sip.removed"].with_user(reader)
        self.assertEqual(removed.search([]).mapped("login"), ["ann"])
        with self.assertRaises(AccessError):
            removed.search([]).unlink()
        with self.assertRaises(AccessError):
            self.account.with_user(reader).read(["ha1"])


@tagged("post_install", "-at_install")
class TestProvisionHttp(HttpCase, ProvisionCommon):
    def _get(self, name, key=None, switch=None, query="", **headers):
        url = f"/telecom/switch/{(switch or self.switch).id}/provision/{name}{query}"
        headers |= {"Authorization": f"Bearer {self.key if key is None else key}"}
        return self.url_open(url, headers=headers)

    def _ask(self, **question):
        question = {"section": "directory", "key_value": REALM, **question}
        url = f"{self.base_url()}/telecom/switch/{self.switch.id}/directory"
        # As mod_xml_curl does with gateway-credentials.
        return self.opener.post(url, data=question, auth=("odoo", self.key), timeout=30)

    def test_each_file(self):
        kinds = ["text/plain", "text/xml", "text/csv", "text/csv", "text/plain"]
        for name, kind in zip(NAMES, kinds, strict=True):
            answer = self._get(name)
            self.assertEqual(answer.status_code, 200, name)
            self.assertEqual(answer.text, self.switch._provision(name))
            self.assertEqual(answer.headers["Content-Type"], f"{kind}; charset=utf-8")

    def test_only_with_the_key(self):
        another = self._create_switch("Second")
        key = another._new_key()
        for wrong in ("", "x", key, self.switch.key_start):
            answer = self._get("subscribers.csv", wrong)
            self.assertEqual(answer.status_code, 401)
            self.assertNotIn("reception", answer.text)
        self.assertEqual(self._get("subscribers.csv", key, another).status_code, 200)

    def test_only_from_its_networks(self):
        self.switch.allowed_networks = "192.0.2.0/24"
        self.assertEqual(self._get("subscribers.csv").status_code, 403)
        self.switch.allowed_networks = "192.0.2.0/24, 127.0.0.0/8"
        self.assertEqual(self._get("subscribers.csv").status_code, 200)

    def test_only_so_many_a_second_with_the_questions_about_calls(self):
        self.switch.rate_limit = 1
        found = [self._get("subscribers.csv") for _turn in range(3)]
        self.assertEqual(found[0].status_code, 200)
        refused = [one for one in found if one.status_code == 429]
        self.assertTrue(refused)
        self.assertEqual(refused[-1].headers["Retry-After"], "1")
        self.assertNotIn("reception", refused[-1].text)
        # One limit for all that it asks, and none for another switch.
        codes = {self._ask(user="ann").status_code for _turn in range(3)}
        self.assertIn(429, codes)
        url = f"{self.base_url()}/telecom/switch/{self.switch.id}/authorise"
        answers = [
            self.opener.post(url, data={"called": "112"}, auth=("odoo", self.key))
            for _turn in range(3)
        ]
        self.assertIn("rate_limit", [one.json()["reason"] for one in answers])
        another = self._create_switch("Second")
        key = another._new_key()
        self.assertEqual(self._get("subscribers.csv", key, another).status_code, 200)

    def test_wrong_keys_have_to_wait(self):
        """Whoever tries keys, at whichever route, is let in nowhere for a while."""
        with (
            patch.object(switch_requests, "_failures", Buckets()),
            patch.object(switch_requests, "FAILURES", 0.01),
        ):
            found = [self._get("pjsip.conf", key) for key in ("wrong", "wrong", None)]
            self.assertEqual([one.status_code for one in found], [401, 429, 429])
        self.assertEqual(self._get("pjsip.conf").status_code, 200)

    def test_not_of_an_archived_switch(self):
        self.switch.active = False
        self.assertEqual(self._get("subscribers.csv").status_code, 401)

    def test_a_file_that_is_none(self):
        self.assertEqual(self._get("sip.conf").status_code, 404)

    def test_what_did_not_change_is_not_sent(self):
        first = self._get("pjsip.conf")
        again = self._get("pjsip.conf", **{"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status_code, again.text), (304, ""))
        self.account.label = "Front desk"
        again = self._get("pjsip.conf", **{"If-None-Match": first.headers["ETag"]})
        self.assertEqual(again.status_code, 200)
        self.assertIn("; Front desk", again.text)

    def test_since_the_last_time(self):
        self.env.cr.execute(
            "UPDATE telecom_sip_account SET changed_at = '2026-10-05 08:00:00'"
            " WHERE switch_id = %s",
            (self.switch.id,),
        )
        self.env["telecom.sip.removed"].search([]).unlink()
        self.account.invalidate_recordset()
        date = self._get("subscribers.csv").headers["Last-Modified"]
        self.assertEqual(date, "Mon, 05 Oct 2026 08:00:00 GMT")
        later = self._get("subscribers.csv", query="?since=2026-10-05T09:00:00Z")
        self.assertEqual(len(later.text.splitlines()), 1)
        same = self._get("subscribers.csv", query=f"?since={date}")
        self.assertEqual(len(same.text.splitlines()), 3)

    def test_a_since_that_is_no_time(self):
        answer = self._get("subscribers.csv", query="?since=yesterday")
        self.assertEqual(answer.status_code, 400)
        self.assertIn("is not a time", answer.text)

    def test_freeswitch_asks_for_a_user(self):
        answer = self._ask(user="reception", action="sip_auth", purpose="")
        document = etree.fromstring(answer.content)
        [user] = document.findall("section/domain/groups/group/users/user")
        self.assertEqual(user.get("id"), "reception")
        params = {one.get("name"): one.get("value") for one in user.iter("param")}
        self.assertEqual(params, {"a1-hash": HA1, "auth-acl": "192.0.2.0/24"})

    def test_freeswitch_asks_for_nobody(self):
        self.account.action_block()
        for question in ({"user": "nobody"}, {"user": "reception"}, {"user": ""}):
            document = etree.fromstring(self._ask(**question).content)
            self.assertEqual(document.find("section/result").get("status"), "not found")

    def test_freeswitch_asks_for_networks(self):
        document = etree.fromstring(self._ask(purpose="network-list").content)
        users = document.findall("section/domain/groups/group/users/user")
        self.assertEqual([user.get("id") for user in users], ["ann", "reception"])

    def test_freeswitch_asks_about_a_call_once(self):
        """What goes on in the context "telecom" was allowed before."""
        asked = {"format": "freeswitch_xml", "Hunt-Context": "telecom"}
        url = f"{self.base_url()}/telecom/switch/{self.switch.id}/authorise"
        answer = self.opener.post(url, data=asked, auth=("odoo", self.key), timeout=30)
        document = etree.fromstring(answer.content)
        self.assertEqual(document.find("section/result").get("status"), "not found")
