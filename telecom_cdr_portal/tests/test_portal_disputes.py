# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).

from unittest.mock import patch

from odoo import http
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger

from ..models import telecom_portal_disputes
from .common import PortalCase


@tagged("post_install", "-at_install")
class TestPortalDisputes(PortalCase):
    """A customer asks about a call, and nobody else reads it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.call_id = cls._create_call(price="0.34")

    def _post(self, url, user=None, **values):
        login = (user or self.user).login
        if self.session is None or self.session.login != login:
            self.authenticate(login, login)
        token = http.Request.csrf_token(self)
        return self.url_open(
            url, data={"csrf_token": token, **values}, allow_redirects=False
        )

    def _ask(self, call_id=None, user=None, **values):
        url = f"/my/telecom/call/{call_id or self.call_id}/dispute"
        return self._post(url, user, **{"reason": "price", **values})

    def _dispute(self, call_id=None):
        return self.env["telecom.dispute"].search(
            [("call_id", "=", call_id or self.call_id)], limit=1
        )

    def _status(self, url, user):
        self.authenticate(user and user.login, user and user.login)
        return self.url_open(url, allow_redirects=False).status_code

    def _others(self):
        """Whoever must not see it."""
        other = self._create_number("+34910000003", self.acme)
        limited = self._create_user("limited", self.acme)
        self.env["telecom.portal.right"].create(
            {
                "partner_id": limited.partner_id.id,
                "number_ids": [Command.set(other.ids)],
            }
        )
        child = self._create_customer("Acme Subsidiary", parent_id=self.acme.id)
        employee = new_test_user(self.env, "no_role", groups="base.group_user")
        employee.partner_id.parent_id = self.acme
        below = self._create_user("child_portal", child)
        return self.rival_user, limited, below, employee

    # === ASKING === #

    def test_asking(self):
        response = self._ask(note="  Far <b>too</b> dear  ")
        dispute = self._dispute()
        self.assertEqual(response.status_code, 303)
        self.assertTrue(
            response.headers["Location"].endswith(f"/my/telecom/dispute/{dispute.id}")
        )
        self.assertRecordValues(
            dispute,
            [
                {
                    "partner_id": self.acme.id,
                    "contact_id": self.user.partner_id.id,
                    "reason": "price",
                    "note": "Far <b>too</b> dear",
                    "state": "open",
                    "price": 0.34,
                }
            ],
        )
        message = dispute.message_ids.filtered(lambda m: m.message_type == "comment")
        self.assertEqual(message.author_id, self.user.partner_id)
        self.assertIn("Far &lt;b&gt;too&lt;/b&gt; dear", message.body)
        page = self._open(f"/my/telecom/dispute/{dispute.id}")
        self.assertIn("We look into it", page)
        self.assertIn("The price is wrong", page)
        self.assertIn("We look into it", self._open("/my/telecom/disputes"))
        self.assertIn("fa-comments-o", self._open("/my/calls"))

    def test_asking_twice_leads_to_the_first(self):
        first = self._ask()
        again = self._ask(reason="other")
        self.assertEqual(first.headers["Location"], again.headers["Location"])
        self.assertEqual(self.env["telecom.dispute"].search_count([]), 1)
        self.assertEqual(self._dispute().reason, "price")

    def test_what_is_asked_must_be_said(self):
        for reason in ("", "nonsense", "state"):
            response = self._ask(reason=reason)
            self.assertEqual(response.status_code, 200)
            self.assertIn("Please say what is wrong", response.text)
        self.assertFalse(self._dispute())

    def test_without_the_token_of_the_form_nothing_happens(self):
        self.authenticate(self.user.login, self.user.login)
        url = f"/my/telecom/call/{self.call_id}/dispute"
        with self.assertLogs("odoo.http", "WARNING"):
            response = self.url_open(url, data={"reason": "price"})
        self.assertEqual(response.status_code, 400)
        self.assertFalse(self._dispute())

    def test_a_flood_is_refused_with_what_to_do(self):
        self._ask()
        second = self._create_call()
        with patch.object(telecom_portal_disputes, "MAX_OPEN", 1):
            response = self._ask(second)
        self.assertIn("1 open questions of yours already", response.text)
        self.assertFalse(self._dispute(second))

    def test_nobody_disputes_anothers_call(self):
        for user in self._others():
            with self.subTest(user=user.login):
                self.assertEqual(self._ask(user=user).status_code, 404)
        for call_id in (2**63, 10**30):
            self.assertEqual(self._ask(call_id).status_code, 404)
        self.assertFalse(self._dispute())

    # === READING === #

    def test_nobody_reads_anothers_dispute(self):
        self._ask()
        dispute = self._dispute()
        url = f"/my/telecom/dispute/{dispute.id}"
        token = dispute.access_token
        self.assertTrue(token)
        for user in self._others():
            with self.subTest(user=user.login):
                self.assertEqual(self._status(url, user), 404)
                self.assertEqual(self._status(f"{url}?access_token={token}", user), 404)
                page = self._open("/my/telecom/disputes", user)
                self.assertNotIn("data-dispute-id", page)
        self.assertEqual(self._status(f"{url}?access_token={token}", None), 303)
        for wrong in (0, 2**31, 10**30):
            self.assertEqual(
                self._status(f"/my/telecom/dispute/{wrong}", self.user), 404
            )
        for page in (0, 99, 10**30):
            self.assertEqual(
                self._status(f"/my/telecom/disputes/page/{page}", self.user), 200
            )

    def test_a_colleague_reads_it(self):
        self._ask()
        second = self._create_user("acme_second", self.acme)
        page = self._open(f"/my/telecom/dispute/{self._dispute().id}", second)
        self.assertIn("The price is wrong", page)
        self.assertIn("We look into it", page)
        self.assertEqual(self._dispute().contact_id, self.user.partner_id)

    # === THE THREAD === #

    def _thread(self, user, token):
        self.authenticate(user and user.login, user and user.login)
        return self.make_jsonrpc_request(
            "/mail/chatter_fetch",
            {
                "thread_model": "telecom.dispute",
                "thread_id": self._dispute().id,
                "token": token,
            },
        )

    def _write(self, user, token, text):
        self.authenticate(user and user.login, user and user.login)
        return self.make_jsonrpc_request(
            "/mail/message/post",
            {
                "thread_model": "telecom.dispute",
                "thread_id": self._dispute().id,
                "post_data": {
                    "body": text,
                    "message_type": "comment",
                    "subtype_xmlid": "mail.mt_comment",
                },
                "token": token,
            },
        )

    def _comments(self):
        return self._dispute().message_ids.filtered(
            lambda message: message.message_type == "comment"
        )

    def test_the_customer_reads_answers_and_writes(self):
        self._ask(note="Why?")
        dispute = self._dispute()
        for text, subtype in (("We will see.", "comment"), ("He is right.", "note")):
            dispute.message_post(
                body=text,
                message_type="comment",
                subtype_xmlid=f"mail.mt_{subtype}",
            )
        found = self._thread(self.user, dispute.access_token)
        texts = str(found["data"])
        self.assertIn("We will see.", texts)
        self.assertNotIn("He is right.", texts)
        self._write(self.user, dispute.access_token, "Thank you")
        last = self._comments()[0]
        self.assertIn("Thank you", last.body)
        self.assertEqual(last.author_id, self.user.partner_id)

    def _told(self, user, *names):
        """What Odoo's own route tells of the thread, beside its messages."""
        self.authenticate(user.login, user.login)
        dispute = self._dispute()
        params = {
            "thread_model": "telecom.dispute",
            "thread_id": dispute.id,
            "access_params": {"token": dispute.access_token},
            "request_list": names,
        }
        params = {"fetch_params": [["mail.thread", params]]}
        return self.make_jsonrpc_request("/mail/data", params)

    def test_files_of_internal_notes_stay_inside(self):
        self._ask(note="Why?")
        dispute = self._dispute()
        for name, subtype in (("answer.txt", "comment"), ("inside.txt", "note")):
            dispute.message_post(
                body=name,
                message_type="comment",
                subtype_xmlid=f"mail.mt_{subtype}",
                attachments=[(name, b"text")],
            )
        self.env["ir.attachment"].create(
            {
                "name": "staff.txt",
                "raw": b"text",
                "res_model": "telecom.dispute",
                "res_id": dispute.id,
            }
        )
        found = self._told(self.user, "attachments", "followers", "suggestedRecipients")
        files = [one["name"] for one in found["ir.attachment"]]
        self.assertEqual(files, ["answer.txt"])
        self.assertNotIn("mail.followers", found)
        self.assertNotIn("suggestedRecipients", str(found))
        names = dispute._get_mail_thread_data_attachments().mapped("name")
        self.assertEqual(sorted(names), ["answer.txt", "inside.txt", "staff.txt"])

    def test_a_token_opens_the_thread_to_nobody_else(self):
        self._ask(note="Why?")
        token = self._dispute().access_token
        count = len(self._comments())
        for user in (*self._others()[:3], None):
            with self.subTest(user=user and user.login):
                with mute_logger("odoo.http"), self.assertRaises(JsonRpcException):
                    self._thread(user, token)
                with mute_logger("odoo.http"), self.assertRaises(JsonRpcException):
                    self._write(user, token, "Let me in")
        self.assertEqual(len(self._comments()), count)

    def test_a_token_opens_it_to_no_employee_without_the_role(self):
        self._ask(note="Why?")
        dispute = self._dispute()
        clerk = new_test_user(self.env, "no_telecom_role", groups="base.group_user")
        token = {"token": dispute.access_token, "mode": "read"}
        found = self.env["telecom.dispute"].with_user(clerk)
        self.assertFalse(found._get_thread_with_access(dispute.id, **token))
        role = self.env.ref("telecom_cdr.group_telecom_reader")
        clerk.group_ids = [Command.link(role.id)]
        thread = found._get_thread_with_access(dispute.id, **token)
        self.assertEqual(thread.id, dispute.id)

    # === WHAT BECOMES OF IT === #

    def test_it_is_settled(self):
        self._ask()
        url = f"/my/telecom/dispute/{self._dispute().id}/close"
        for user in self._others():
            self.assertEqual(self._post(url, user).status_code, 404)
        self.assertEqual(self._dispute().state, "open")
        self.assertEqual(self._post(url).status_code, 303)
        self.assertEqual(self._dispute().state, "closed")
        self.assertIn("Settled", self._open("/my/telecom/disputes"))
        # It may be asked again.
        self._ask()
        self.assertEqual(self._dispute().state, "open")

    def test_a_granted_call_is_not_charged(self):
        self._ask()
        self._dispute().action_grant()
        self.assertIn("You are right", self._comments()[0].body)
        self.assertIn("Not charged", self._open("/my/calls"))
        page = self._open(f"/my/telecom/dispute/{self._dispute().id}")
        self.assertIn("Not charged", page)

    def test_a_dispute_outlives_its_call(self):
        self._ask()
        self.env.cr.execute("DELETE FROM telecom_call WHERE id = %s", [self.call_id])
        self.env.invalidate_all()
        page = self._open(f"/my/telecom/dispute/{self._dispute().id}")
        self.assertIn("+34 600 00 00 01", page)
        self.assertNotIn("The call and its price", page)
