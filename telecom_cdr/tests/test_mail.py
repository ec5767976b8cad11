# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Files come by e-mail: whole messages are given to the gateway."""

import email.message
import email.policy
import xmlrpc.client

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MockEmail

from .common import HEADER, MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin
from .test_file import zipped
from .test_rating import row

DOMAIN = "telecom.example"
SENDER = "CDR <cdr@carrier.example>"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def calls(name):
    return (HEADER + row(name) + "\n").encode()


def message(to, *files, sender=SENDER, number=1, **headers):
    """A whole message; files are (name, content) or (name, content, type, more)."""
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = headers.pop("subject", "Your calls")
    mail["Date"] = "Tue, 06 Jan 2026 08:00:00 +0000"
    mail["Message-ID"] = f"<{number}@mailer.carrier.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Please find the calls attached.")
    mail.add_alternative("<p>Please find the calls attached.</p>", subtype="html")
    for name, content, *more in files:
        mimetype = more[0] if more else "text/csv"
        options = more[1] if len(more) > 1 else {}
        kind, subtype = mimetype.split("/")
        mail.add_attachment(
            content, maintype=kind, subtype=subtype, filename=name, **options
        )
    return mail.as_bytes()


@tagged("post_install", "-at_install")
class TestMail(RefusalMixin, MockEmail, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.alias_domain_id = cls.env["mail.alias.domain"].create(
            {"name": DOMAIN, "bounce_alias": "bounce", "catchall_alias": "all"}
        )
        cls.daily = cls._mail_source("Daily mails", alias_name="cdr-daily")
        cls.address = f"cdr-daily@{DOMAIN}"
        cls.company.telecom_mail_alias_name = "cdr"
        cls.address_for_all = f"cdr@{DOMAIN}"
        cls.operator = cls._new_user("operator", USER)

    @classmethod
    def _mail_source(cls, name, senders="cdr@carrier.example", **values):
        return cls._create_source(
            name=name, protocol="email", email_senders=senders, **values
        )

    def _receive(self, *args, **values):
        """Give a message to the gateway as a mail server does; the record it made."""
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            found = self.env["mail.thread"].message_process(
                None, message(*args, **values)
            )
        self.env.flush_all()
        return self.env["telecom.mail"].browse(found or [])

    def _content(self, file):
        with file._open() as stream:
            return stream.read()

    # === THE ADDRESS OF A SOURCE === #

    def test_files_of_a_mail_become_calls(self):
        mail = self._receive(
            self.address,
            ("jan.csv", calls("J1"), "application/vnd.ms-excel"),
            ("feb.csv", calls("F1")),
            ("image001.png", PNG, "image/png", {"cid": "<logo@x>"}),
            ("invite.ics", b"BEGIN:VCALENDAR", "text/calendar"),
            ("me.vcf", b"BEGIN:VCARD", "text/vcard"),
            ("smime.p7s", b"\x30\x80", "application/pkcs7-signature"),
            ("ATT1.html", b"<p>bye</p>", "text/html"),
            ("winmail.dat", b"\x78\x9f\x3e\x22", "application/ms-tnef"),
        )
        self.assertRecordValues(
            mail,
            [
                {
                    "name": "Your calls",
                    "email_from": '"CDR" <cdr@carrier.example>',
                    "state": "done",
                    "reason": False,
                    "source_id": self.daily.id,
                    "company_id": self.company.id,
                }
            ],
        )
        files = mail.file_ids.sorted("id")
        self.assertEqual(files.mapped("name"), ["jan.csv", "feb.csv"])
        self.assertEqual(files.source_id, self.daily)
        self.assertEqual(self.daily.state, "ok")
        self._run_cron("process")
        self.assertEqual(files.mapped("state"), ["processed"] * 2)
        self.assertEqual(len(self._calls()), 2)

    def test_the_bytes_are_those_that_were_sent(self):
        """Whatever the mail says of their encoding, and whatever Odoo would read."""
        latin = b"name;town\r\nJos\xe9;Le\xf3n\n\x1a"
        raw = b"\r\n".join(
            [
                b"From: cdr@carrier.example",
                b"To: " + self.address.encode(),
                b"Message-ID: <bytes@carrier.example>",
                b"MIME-Version: 1.0",
                b"Content-Type: multipart/mixed; boundary=x",
                b"",
                b"--x",
                b'Content-Type: text/csv; name="8bit.csv"',
                b"Content-Transfer-Encoding: base64",
                b"",
                b"bmFtZTt0b3duDQpKb3PpO0xl824KGg==",
                b"--x",
                b'Content-Type: text/plain; charset=utf-8; name="wrong.csv"',
                b"Content-Transfer-Encoding: 8bit",
                b"",
                b"Jos\xe9;1",
                b"--x--",
                b"",
            ]
        )
        found = self.env["mail.thread"].message_process(None, raw)
        files = self.env["telecom.mail"].browse(found).file_ids
        contents = {file.name: self._content(file) for file in files}
        self.assertEqual(contents, {"8bit.csv": latin, "wrong.csv": b"Jos\xe9;1"})

    def test_an_archive_gives_a_file_for_each_member(self):
        archive = zipped(a__csv=calls("A"), b__csv=calls("B"))
        mail = self._receive(self.address, ("jan.zip", archive, "application/zip"))
        self._run_cron("process")
        self.assertEqual(
            sorted(mail.file_ids.child_ids.mapped("name")), ["a.csv", "b.csv"]
        )
        self.assertEqual(len(self._calls()), 2)

    def test_the_same_mail_twice_is_read_once(self):
        first = self._receive(self.address, ("a.csv", calls("A")))
        again = self._receive(self.address, ("a.csv", calls("A")))
        self.assertFalse(again)
        self.assertEqual(self.daily.file_ids, first.file_ids)
        resent = self._receive(self.address, ("a.csv", calls("A")), number=2)
        self.assertEqual(resent.file_ids.state, "held")
        self._run_cron("process")
        self.assertEqual(len(self._calls()), 1)

    def test_the_pattern_says_which_files_are_wanted(self):
        self.daily.file_pattern = "calls*.csv"
        both = self._receive(
            self.address, ("calls1.csv", calls("A")), ("totals.csv", b"1")
        )
        self.assertRecordValues(both, [{"state": "done", "reason": False}])
        self.assertEqual(both.file_ids.mapped("name"), ["calls1.csv"])
        none = self._receive(self.address, ("totals.csv", b"1"), number=2)
        self.assertRecordValues(none, [{"state": "waiting", "reason": "name"}])
        self.assertFalse(none.file_ids)

    def test_mails_without_files_make_no_noise(self):
        logo = ("logo.png", PNG, "image/png")
        mail = self._receive(self.address, logo)
        self.assertRecordValues(mail, [{"state": "ignored", "reason": False}])
        self.assertFalse(mail.activity_ids)

    def test_a_mail_without_subject_has_a_name(self):
        mail = self._receive(self.address, ("a.csv", calls("A")), subject="")
        self.assertEqual(mail.name, "Without a subject")

    def test_an_answer_with_files_is_a_delivery_of_its_own(self):
        first = self._receive(self.address, ("a.csv", calls("A")))
        answer = self._receive(
            self.address,
            ("b.csv", calls("B")),
            number=2,
            In_Reply_To="<1@mailer.carrier.example>",
        )
        self.assertNotEqual(answer, first)
        self.assertEqual(answer.file_ids.mapped("name"), ["b.csv"])
        thanks = self._receive(
            self.address, number=3, In_Reply_To="<1@mailer.carrier.example>"
        )
        self.assertEqual(thanks, first)
        self.assertEqual(first.file_ids.mapped("name"), ["a.csv"])

    def test_a_carrier_may_send_many_mails_an_hour(self):
        for number in range(25):
            mail = self._receive(
                self.address, (f"{number}.csv", calls(number)), number=number
            )
            self.assertEqual(mail.state, "done", number)
        self.assertEqual(self.daily.file_count, 25)

    def test_files_that_are_too_large_wait(self):
        self.company.telecom_max_file_mb = 1
        large = calls("L") + b"\n" * (1 << 20)
        mail = self._receive(
            self.address, ("large.csv", large), ("small.csv", calls("S"))
        )
        self.assertRecordValues(mail, [{"state": "waiting", "reason": "size"}])
        self.assertEqual(mail.file_ids.mapped("name"), ["small.csv"])
        self.company.telecom_max_file_mb = 2
        mail.with_user(self.operator).action_take()
        self.assertRecordValues(mail, [{"state": "done", "reason": False}])
        names = mail.file_ids.sorted("id").mapped("name")
        self.assertEqual(names, ["small.csv", "large.csv"])

    # === WHO MAY SEND === #

    def test_an_unknown_sender_is_kept_aside(self):
        mail = self._receive(
            self.address, ("a.csv", calls("A")), sender="x@stranger.example"
        )
        self.assertRecordValues(mail, [{"state": "waiting", "reason": "sender"}])
        self.assertFalse(self.daily.file_ids)
        reader = self._new_user("reader", READER)
        with self.assertRaises(AccessError):
            mail.with_user(reader).action_take()
        self.assertFalse(self.daily.file_ids)
        mail.with_user(self.operator).action_take()
        self.assertEqual(self.daily.file_ids.mapped("name"), ["a.csv"])
        self.assertEqual(self._content(self.daily.file_ids), calls("A"))
        self.assertEqual(mail.state, "done")

    def test_an_unknown_sender_without_files_makes_no_noise(self):
        mail = self._receive(self.address, sender="x@stranger.example")
        self.assertRecordValues(mail, [{"state": "ignored", "reason": False}])

    def test_an_unknown_sender_is_refused_where_that_is_chosen(self):
        self.company.telecom_unknown_sender = "bounce"
        for number, address in enumerate((self.address, self.address_for_all)):
            with self.subTest(address=address), self.mock_mail_gateway():
                mail = self._receive(
                    address,
                    ("a.csv", calls("A")),
                    sender="x@stranger.example",
                    number=number,
                )
                self.assertFalse(mail)
                [bounce] = self._mails
                self.assertIn("x@stranger.example", bounce["email_to"][0])
                self.assertIn("could not be accepted", bounce["body"])
        self.assertFalse(self.env["telecom.mail"].search([]))
        known = self._receive(self.address, ("a.csv", calls("A")), number=9)
        self.assertEqual(known.state, "done")

    def test_a_list_without_senders_lets_nobody_in(self):
        self.daily.email_senders = False
        mail = self._receive(self.address, ("a.csv", calls("A")))
        self.assertEqual(mail.reason, "sender")
        self.daily.email_senders = "*"
        mail = self._receive(self.address, ("a.csv", calls("A")), number=2)
        self.assertEqual(mail.state, "done")

    def test_strangers_do_not_fill_the_list(self):
        for number in range(25):
            with self.mock_mail_gateway():
                self._receive(
                    self.address,
                    (f"{number}.csv", calls(number)),
                    number=number,
                    sender="x@stranger.example",
                )
        waiting = self.env["telecom.mail"].search_count([("reason", "=", "sender")])
        self.assertEqual(waiting, 20)

    # === THE ADDRESS FOR ALL === #

    def test_the_sender_tells_the_source(self):
        other = self._mail_source("Other", "@other.example")
        mail = self._receive(
            self.address_for_all, ("a.csv", calls("A")), sender="x@other.example"
        )
        self.assertEqual(mail.file_ids.source_id, other)
        self.assertEqual(mail.source_id, other)
        mail = self._receive(self.address_for_all, ("b.csv", calls("B")), number=2)
        self.assertEqual(mail.file_ids.source_id, self.daily)

    def test_the_file_name_tells_the_source(self):
        self.daily.file_pattern = "D*.csv"
        monthly = self._mail_source("Monthly", file_pattern="M*.csv")
        mail = self._receive(
            self.address_for_all, ("D1.csv", calls("A")), ("M1.csv", calls("B"))
        )
        self.assertEqual(mail.state, "done")
        self.assertEqual(self.daily.file_ids.mapped("name"), ["D1.csv"])
        self.assertEqual(monthly.file_ids.mapped("name"), ["M1.csv"])

    def test_who_is_named_goes_before_anybody(self):
        self._mail_source("Anybody", "*")
        mail = self._receive(self.address_for_all, ("a.csv", calls("A")))
        self.assertEqual(mail.file_ids.source_id, self.daily)

    def test_it_asks_where_several_sources_fit(self):
        self.company.telecom_mail_user_id = self.operator
        monthly = self._mail_source("Monthly", file_pattern="M*.csv")
        mail = self._receive(
            self.address_for_all, ("D1.csv", calls("A")), ("M1.csv", calls("B"))
        )
        self.assertRecordValues(
            mail,
            [{"state": "waiting", "reason": "several", "source_id": self.daily.id}],
        )
        self.assertEqual(mail.file_ids.mapped("name"), ["D1.csv"])
        self.assertEqual(mail.activity_ids.user_id, self.operator)
        with Form(mail.with_user(self.operator)) as form:
            form.source_id = monthly
        mail.with_user(self.operator).action_take()
        self.assertRecordValues(mail, [{"state": "done", "reason": False}])
        self.assertEqual(monthly.file_ids.mapped("name"), ["M1.csv"])
        self.assertFalse(mail.activity_ids)

    def test_a_source_has_to_be_chosen_or_the_mail_left_out(self):
        self._mail_source("Monthly")
        mail = self._receive(self.address_for_all, ("a.csv", calls("A")))
        self.assertEqual(mail.reason, "several")
        with self.assertSays(UserError, "Choose the source"):
            mail.with_user(self.operator).action_take()
        mail.with_user(self.operator).action_discard()
        self.assertRecordValues(mail, [{"state": "ignored", "reason": False}])
        self.assertFalse(self.env["telecom.file"].search([]))

    def test_a_mail_to_both_addresses_is_for_the_source(self):
        both = f"{self.address_for_all}, {self.address}"
        self._receive(both, ("a.csv", calls("A")))
        mail = self.env["telecom.mail"].search([])
        self.assertEqual(len(mail), 1)
        self.assertEqual(mail.file_ids.source_id, self.daily)

    def test_an_archived_source_takes_nothing(self):
        self.daily.active = False
        mail = self._receive(self.address, ("a.csv", calls("A")))
        self.assertRecordValues(mail, [{"state": "waiting", "reason": "sender"}])

    def test_a_mailbox_without_addresses(self):
        """A mailbox that is fetched, and makes a record of each mail."""
        raw = message("someone@elsewhere.example", ("a.csv", calls("A")))
        threads = self.env["mail.thread"].with_company(self.company)
        found = threads.message_process("telecom.mail", raw)
        mail = self.env["telecom.mail"].browse(found)
        self.assertEqual(mail.file_ids.source_id, self.daily)

    def test_other_mail_goes_where_it_went(self):
        partner = self.customer
        self.env["mail.alias"].create(
            {
                "alias_name": "customer",
                "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
                "alias_force_thread_id": partner.id,
                "alias_domain_id": self.company.alias_domain_id.id,
            }
        )
        self._receive(f"customer@{DOMAIN}", ("a.csv", "año".encode("latin-1")))
        self.assertEqual(
            partner.message_ids[0].attachment_ids.mapped("name"), ["a.csv"]
        )
        self.assertFalse(self.env["telecom.mail"].search([]))

    # === SETTING UP === #

    def test_an_address_is_proposed_and_goes_with_its_source(self):
        with Form(self.env["telecom.source"]) as form:
            form.carrier_id = self.carrier
            form.format_id = self.format
            form.name = "Ficheros Año"
            form.protocol = "email"
            self.assertEqual(form.alias_name, "cdr-ficheros-ano")
            form.email_senders = "@carrier.example"
        source = form.record
        self.assertEqual(source.alias_email, f"cdr-ficheros-ano@{DOMAIN}")
        mail = self._receive(source.alias_email, ("a.csv", calls("A")))
        self.assertEqual(mail.file_ids.source_id, source)
        self.env["telecom.mail"].search([]).file_ids.unlink()
        alias = source.alias_id
        source.unlink()
        self.assertFalse(alias.exists())

    def test_there_is_nothing_to_connect_to(self):
        with self.assertSays(UserError, "nothing to connect to"):
            self.daily.action_test_connection()
        self._run_cron("collect")
        self.assertEqual(self.daily.state, "draft")

    def test_the_address_for_all_is_set_in_the_settings(self):
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.telecom_mail_alias_name, "cdr")
        settings.telecom_mail_alias_name = "calls"
        mail = self._receive(f"calls@{DOMAIN}", ("a.csv", calls("A")))
        self.assertEqual(mail.file_ids.source_id, self.daily)

    # === COMPANIES AND ROLES === #

    def test_companies_are_kept_apart(self):
        mail = self._receive(self.address, ("a.csv", calls("A")))
        other = self._telecom_company("Other Telecom")
        stranger = self._new_user("stranger", MANAGER)
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        mails = self.env["telecom.mail"].with_user(stranger)
        self.assertFalse(mails.with_context(allowed_company_ids=other.ids).search([]))
        with self.assertRaises(AccessError):
            mail.with_user(stranger).with_company(other).read(["name"])

    def test_readers_only_look(self):
        mail = self._receive(self.address, ("a.csv", calls("A")))
        reader = self._new_user("reader", READER)
        self.assertEqual(mail.with_user(reader).name, "Your calls")
        with self.assertRaises(AccessError):
            mail.with_user(reader).write({"source_id": self.source.id})
        for user in (reader, self.operator):
            with self.assertRaises(AccessError):
                mail.with_user(user).unlink()


@tagged("post_install", "-at_install")
class TestMailGateway(HttpCase):
    """As a mail server hands mails over: Odoo's script for that calls this by RPC."""

    def test_a_mail_comes_over_the_net(self):
        company = self.env.company
        if not company.alias_domain_id:
            company.alias_domain_id = self.env["mail.alias.domain"].create(
                {"name": DOMAIN}
            )
        carrier = self.env["telecom.carrier"].create(
            {
                "name": "Carrier",
                "country_id": self.env.ref("base.es").id,
                "tz": "Europe/Madrid",
                "company_id": company.id,
            }
        )
        source = self.env["telecom.source"].create(
            {
                "name": "Mails",
                "carrier_id": carrier.id,
                "format_id": self.env["telecom.format"].search([], limit=1).id,
                "protocol": "email",
                "alias_name": "cdr-over-the-net",
                "email_senders": "cdr@carrier.example",
            }
        )
        raw = message(source.alias_email, ("a.csv", calls("A")))
        admin = self.env.ref("base.user_admin")
        self.xmlrpc_object.execute_kw(
            self.env.cr.dbname,
            admin.id,
            "admin",
            "mail.thread",
            "message_process",
            [False, xmlrpc.client.Binary(raw)],
        )
        self.env.invalidate_all()
        self.assertEqual(source.file_ids.mapped("name"), ["a.csv"])
