# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls that are old and done with lose their numbers, and nothing else."""

import io
import json
from datetime import date
from unittest.mock import patch

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..models import telecom_retention
from .common import HEADER, READER, USER
from .invoicing_common import FIRST, LAST, TelecomInvoicingCommon
from .masking_common import DIGITS, MaskingCommon, masked_row
from .reconciliation_common import ReconciliationCommon
from .test_rating import row

LATER = "2027-05-10 08:00:00"  # six months after 2026-11-10
SHOWN = "+346…"
GONE = "…"
SPELLINGS = (DIGITS, "910000001")


class RetentionCommon(MaskingCommon, TelecomInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.telecom_retention_months = 6

    def _anonymise(self, at=LATER, has_time=None):
        """One run; the log of it."""
        with freeze_time(at):
            self.env["telecom.retention"]._run(self.company, has_time)
            self.env.flush_all()
        self.env.invalidate_all()
        return self.env["telecom.retention"].search([], limit=1)

    def _numbers(self):
        return self._calls().mapped("called_number")

    def _invoice_of(self, partner, is_posted=True):
        moves = self.env["telecom.invoicing"]._invoice(partner, FIRST, LAST)
        if is_posted:
            moves.invoice_date = LAST
            moves.action_post()
        return moves

    def _give_back(self, move, is_posted=True):
        """The credit note of all calls of an invoice."""
        wizard = self.env["telecom.release.wizard"].create(
            {"move_id": move.id, "kind": "all", "is_posted": is_posted}
        )
        return self.env["account.move"].browse(wizard.action_credit()["res_id"])

    def _attachments(self, file):
        domain = [("res_model", "=", "telecom.file"), ("res_id", "=", file.id)]
        domain.append(("res_field", "=", "content"))
        return self.env["ir.attachment"].search(domain)


@tagged("post_install", "-at_install")
class TestRetention(RetentionCommon):
    def test_what_goes_and_what_stays(self):
        self._hide()
        self._read(masked_row("1", seconds=61))
        call = self._calls()
        self._invoice_of(self.customer)
        names = (
            "price", "prefix", "category", "destination_id", "duration", "number_id",
            "partner_id", "identity", "rate_id", "state", "start_at", "day", "margin",
            "billed_duration",
        )  # fmt: skip
        before = call.sudo().read(names)
        self.assertEqual(len(self._secrets()), 1)
        run = self._anonymise()
        self.assertEqual(call.called_number, SHOWN)
        self.assertEqual(call.calling_number, GONE)
        self.assertFalse(call.extra or call.account_code or call.redirecting_number)
        self.assertFalse(self._secrets())
        self.assertEqual(call.sudo().read(names), before)
        self.assertEqual(call.state, "invoiced")
        self.assertRecordValues(
            run,
            [
                {
                    "date_limit": date(2026, 11, 10),
                    "state": "done",
                    "call_count": 1,
                    "kept_count": 0,
                    "file_count": 1,
                    "row_count": 0,
                }
            ],
        )
        self.env.cr.execute("SELECT to_jsonb(c)::text FROM telecom_call c")
        [(text,)] = self.env.cr.fetchall()
        for spelling in SPELLINGS:
            self.assertNotIn(spelling, text)

    def test_only_what_is_done_with(self):
        """Posted, draft, not invoiced, nobody's, not charged, without a price."""
        third = self._create_customer("Third")
        self._create_number("+34910000003", third)
        day = "2026-10-05 1{}:00:00".format
        self._process(
            row("1", start=day(0), called=DIGITS),
            row("2", start=day(1), called=DIGITS, caller="910000003"),
            row("4", start=day(3), called=DIGITS, caller="910000077"),
            row("6", start=day(5), called="00442079460001"),
            row("7", start="2026-11-10 10:00:00", called=DIGITS),
        )
        posted = self._calls(("partner_id", "=", self.customer.id))[:1]
        self._invoice_of(self.customer)
        self._invoice_of(third, is_posted=False)
        self._process(row("3", start=day(2), called=DIGITS), name="late.csv")
        self.env.cr.execute(
            "UPDATE telecom_call SET rating_state = 'excluded', rating_reason ="
            " 'ignored' WHERE id IN (SELECT c.id FROM telecom_call c"
            " WHERE c.rating_state = 'unrated')"
        )
        self.env.invalidate_all()
        run = self._anonymise()
        whole = "+34600000123"
        self.assertEqual(self._numbers(), [SHOWN, *[whole] * 3, GONE, whole])
        self.assertEqual(posted.called_number, SHOWN)
        self.assertEqual((run.call_count, run.kept_count), (2, 3))

    def test_zero_keeps_everything(self):
        self.company.telecom_retention_months = 0
        self._read(row("1", called=DIGITS))
        self._invoice_of(self.customer)
        self.assertFalse(self._anonymise())
        self.assertEqual(self._numbers(), ["+34600000123"])
        for months in (-1, 601):
            with (
                self.assertRaises(CheckViolation),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                self.company.telecom_retention_months = months
                self.company.flush_recordset()

    def test_other_companies_keep_theirs(self):
        self._read(row("1", called=DIGITS))
        self._invoice_of(self.customer)
        other = self.env["res.company"].create({"name": "Other"})
        other.telecom_retention_months = 1
        with freeze_time(LATER):
            self.env["telecom.retention"]._run(other)
        self.assertEqual(self._numbers(), ["+34600000123"])

    def test_the_day_is_that_of_the_company(self):
        """At 22:30 UTC on May 5 it is May 6 in Madrid: calls of November 5 are old."""
        self._read(row("1", called=DIGITS, start="2026-11-05 23:59:59"))
        moves = self.env["telecom.invoicing"]._invoice(
            self.customer, FIRST, date(2026, 11, 30)
        )
        moves.action_post()
        self._anonymise("2027-05-05 21:30:00")
        self.assertEqual(self._numbers(), ["+34600000123"])
        self._anonymise("2027-05-05 22:30:00")
        self.assertEqual(self._numbers(), [SHOWN])

    # === WHAT HOLDS CALLS === #

    def test_disputed_calls_stay_until_they_are_answered(self):
        self._read(row("1", called=DIGITS))
        self._invoice_of(self.customer)
        dispute = self.env["telecom.dispute"].create({"call_id": self._calls().id})
        self._anonymise()
        self.assertEqual(self._numbers(), ["+34600000123"])
        dispute.action_reject()
        self._anonymise("2027-05-11 08:00:00")
        self.assertEqual(self._numbers(), [SHOWN])
        self.env.invalidate_all()
        self.assertEqual(dispute.other_number, GONE)

    def test_a_granted_call_is_done_with(self):
        self._read(row("1", called=DIGITS))
        dispute = self.env["telecom.dispute"].create({"call_id": self._calls().id})
        dispute.action_grant()
        self._anonymise()
        self.assertEqual(self._numbers(), [SHOWN])

    def test_a_draft_credit_note_holds_its_calls(self):
        self._read(row("1", called=DIGITS))
        move = self._invoice_of(self.customer)
        refund = self._give_back(move, is_posted=False)
        self.assertEqual(refund.state, "draft")
        self._anonymise()
        self.assertEqual(self._numbers(), ["+34600000123"])

    def test_a_proposal_holds_its_calls(self):
        self._read(row("1", called=DIGITS))
        self._invoice_of(self.customer)
        self._new_price(0.18)
        rerating = self.env["telecom.rerating"].create({"name": "Dearer"})
        rerating.action_propose()
        self._anonymise()
        self.assertEqual(self._numbers(), ["+34600000123"])
        rerating.action_discard()
        self._anonymise("2027-05-11 08:00:00")
        self.assertEqual(self._numbers(), [SHOWN])

    def _new_price(self, price):
        rate = self.tariff.rate_ids.filtered(lambda one: one.category == "mobile")
        rate._succeed("2026-10-01 00:00:00", {"price": price})
        self.env.flush_all()

    def test_two_records_in_conflict_hold_their_call(self):
        self._read(row("1", called=DIGITS, amount="0.01"))
        self._invoice_of(self.customer)
        self._read(row("1", called=DIGITS, amount="0.02"))
        self.assertEqual(self.env["telecom.rejection"].search([]).reason, "conflict")
        self._anonymise()
        self.assertEqual(self._numbers(), ["+34600000123"])

    # === STEP BY STEP === #

    def test_it_goes_on_where_it_was(self):
        for place in range(4):
            self._read(row(str(place), called=DIGITS))
        self._invoice_of(self.customer)
        with patch.object(telecom_retention, "SPAN", 1):
            run = self._anonymise(has_time=lambda: False)
            while run.call_count < 1:
                run = self._anonymise(has_time=lambda: False)
            self.assertEqual((run.state, run.call_count), ("calls", 1))
            self.assertEqual(self._numbers().count(SHOWN), 1)
        again = self._anonymise("2027-05-11 08:00:00")
        self.assertEqual(again, run)
        self.assertEqual((run.state, run.call_count), ("done", 4))
        self.assertEqual(run.date_limit, date(2026, 11, 10))
        # Once a day: the next one is for the next day.
        following = self._anonymise("2027-05-11 09:00:00")
        self.assertEqual(following.date_limit, date(2026, 11, 11))
        self.assertEqual(self._anonymise("2027-05-11 10:00:00"), following)

    def test_the_scheduled_action(self):
        self._read(row("1", called=DIGITS))
        self._invoice_of(self.customer)
        with freeze_time(LATER):
            self._run_cron("retention")
        self.assertEqual(self._numbers(), [SHOWN])

    def test_the_log_stays(self):
        run = self._anonymise()
        operator, reader = self._new_user("o", USER), self._new_user("r", READER)
        for user in (operator, reader):
            self.assertEqual(run.with_user(user).call_count, 0)
            with self.assertRaises(AccessError):
                run.with_user(user).call_count = 7
        with self.assertRaisesRegex(UserError, "stays"):
            run.sudo().unlink()
        other = self.env["res.company"].create({"name": "Other"})
        reader.write({"company_ids": [Command.set(other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            run.with_user(reader).with_context(allowed_company_ids=other.ids).read()


@tagged("post_install", "-at_install")
class TestAnonymousCalls(RetentionCommon):
    """What becomes of a call whose numbers are gone."""

    def setUp(self):
        super().setUp()
        self.file = self._read(
            row("1", called=DIGITS, seconds=60), row("2", seconds=60)
        )
        self.move = self._invoice_of(self.customer)
        self.assertEqual(self.move.amount_untaxed, 0.16)

    def _facts(self):
        return [
            (c.called_number, c.partner_id, c.price, c.duration) for c in self._calls()
        ]

    def test_a_file_that_comes_again_is_known(self):
        self._anonymise()
        before = self._facts()
        again = self._upload(
            HEADER + row("1", called=DIGITS) + "\n" + row("2") + "\n", "1.csv"
        )
        self.assertEqual(again.state, "held")
        other = self._read(
            row("1", called=DIGITS), row("2"), row("3", start="2026-10-07 10:00:00")
        )
        self.assertEqual((other.duplicate_count, other.call_count), (2, 1))
        self.assertEqual(self._facts()[:2], before)

    def test_a_better_record_changes_nothing(self):
        """Neither longer, nor otherwise priced: what it was compared with is gone."""
        self._anonymise()
        before = self._facts()
        other = self._read(row("1", called=DIGITS, seconds=90), row("2", amount="0.07"))
        self.assertEqual(other.duplicate_count, 2)
        self.assertFalse(self.env["telecom.rejection"].search([]))
        self.assertEqual(self._facts(), before)

    def test_it_says_what_it_cannot_explain(self):
        call = self._calls(("called_number", "=", "+34600000123"))
        self._anonymise()
        action = call.action_explain()
        steps = str(self.env[action["res_model"]].browse(action["res_id"]).steps)
        self.assertIn("This call is anonymous", steps)
        self.assertIn("0.09", steps)
        self.assertNotIn("has changed since", steps)

    def test_it_is_no_sample(self):
        self._anonymise()
        with self.assertRaisesRegex(UserError, "without its number it is no sample"):
            self._calls()[0].action_keep_as_sample()

    def test_it_is_credited_and_invoiced_again_as_it_was(self):
        self._anonymise()
        before = self._facts()
        self._give_back(self.move)
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
        rates = self.tariff.rate_ids
        for rate in rates:
            rate._succeed("2026-10-01 00:00:00", {"price": 9})
        self.tariff.env.flush_all()
        self._run_cron("rate")
        self.assertEqual(self._calls().action_rate(), 0)
        told = self._calls().action_rate_and_notify()
        self.assertIn("2 are anonymous", told["params"]["message"])
        self.assertEqual(self._facts(), before)
        again = self._invoice_of(self.customer)
        self.assertEqual(again.amount_untaxed, 0.16)

    def test_proposals_leave_it_alone(self):
        self._anonymise()
        self._read(row("3", called=DIGITS, start="2026-10-20 10:00:00"))
        for rate in self.tariff.rate_ids:
            rate._succeed("2026-10-01 00:00:00", {"price": 9})
        self.env.flush_all()
        rerating = self.env["telecom.rerating"].create({"name": "Dearer"})
        rerating.action_propose()
        self.env.invalidate_all()
        self.assertEqual((rerating.call_count, rerating.changed_count), (1, 1))
        self.assertIn(
            "Some of these calls are anonymous",
            " ".join(rerating.message_ids.mapped("body")),
        )

    def test_its_file_is_not_taken_back(self):
        self._anonymise()
        self._give_back(self.move)
        with self.assertRaisesRegex(UserError, "The content of 1.csv was deleted on"):
            self.file.action_revert()
        self.file.content_gone_on = False
        with self.assertRaisesRegex(UserError, "2 calls of 1.csv are anonymous"):
            self.file.action_revert()
        self.assertEqual(len(self._calls()), 2)

    def test_lawful_access_says_that_the_number_is_gone(self):
        self._anonymise()
        lawful = self._new_user("lawful", f"{USER},telecom_cdr.group_telecom_lawful")
        wizard = (
            self.env["telecom.lawful.access"]
            .with_user(lawful)
            .create(
                {
                    "company_id": self.company.id,
                    "reason": "Order 7",
                    "partner_id": self.customer.id,
                }
            )
        )
        wizard.action_show()
        self.assertIn("+346…, the rest deleted", wizard.shown)
        self.assertIn("Calls before 2026-11-10", wizard.shown)
        self.assertIn("the rest deleted", wizard._csv().decode())
        wizard.write({"called_number": "+34600000123"})
        wizard.action_show()
        self.assertIn("No calls.", wizard.shown)

    def test_the_detail_of_its_invoice_has_what_is_left(self):
        self._anonymise()
        target = io.BytesIO()
        self.move._write_telecom_detail("csv", target)
        text = target.getvalue().decode("utf-8-sig")
        self.assertIn("…", text)
        self.assertIn("0.09", text)
        for spelling in ("600 00 01 23", DIGITS):
            self.assertNotIn(spelling, text)

    def test_masking_that_is_chosen_later_leaves_it_alone(self):
        self._anonymise()
        self._hide(at="2026-10-05 07:00:00")
        self._calls().action_rate()
        self.assertFalse(self._secrets())
        self.assertNotIn("x", "".join(self._calls().mapped("called_number")))


@tagged("post_install", "-at_install")
class TestOldFiles(RetentionCommon):
    def test_content_and_rows_go_with_the_last_call(self):
        file = self._read(row("1", called=DIGITS), f"bad,{DIGITS}")
        self._invoice_of(self.customer)
        rejection = file.rejection_ids
        self.assertIn(DIGITS, rejection.sudo().kept_raw)
        self.assertTrue(self._attachments(file))
        run = self._anonymise()
        self.assertEqual((run.file_count, run.row_count), (1, 1))
        self.assertFalse(self._attachments(file))
        self.assertEqual(file.content_gone_on, date(2027, 5, 10))
        self.assertFalse(rejection.raw or rejection.found or rejection.message)
        self.assertFalse(rejection.is_open)
        self.assertBalanced(file)
        told = json.dumps(rejection.sudo().read(), default=str)
        self.assertNotIn(DIGITS, told)
        for refused in (
            lambda: file.action_download(),
            lambda: b"".join(file._excerpt(rejection)),
            lambda: file._read_whole_again(),
        ):
            with self.assertRaisesRegex(UserError, "deleted on 2027-05-10"):
                refused()

    def test_a_file_with_a_call_that_waits_stays(self):
        file = self._read(
            row("1", called=DIGITS), row("2", called=DIGITS, caller="910000077")
        )
        self._invoice_of(self.customer)
        self.assertEqual(self._anonymise().file_count, 0)
        self.assertEqual(self._numbers().count(SHOWN), 1)
        self.assertTrue(self._attachments(file))

    def test_files_that_nobody_has_read_stay(self):
        waiting = self._upload(HEADER + row("1") + "\n")
        held = self._upload(HEADER + row("1") + "\n")
        self.assertEqual(held.state, "held")
        self.env.cr.execute("UPDATE telecom_file SET create_date = '2026-01-01'")
        self.assertEqual(self._anonymise().file_count, 0)
        self.assertTrue(self._attachments(waiting) and self._attachments(held))
        held.action_discard()
        self.assertEqual(self._anonymise("2027-05-11").file_count, 1)
        self.assertFalse(self._attachments(held))


@tagged("post_install", "-at_install")
class TestRetentionBeside(ReconciliationCommon):
    """What else is kept of a call."""

    def _anonymise(self, at=LATER):
        self.company.telecom_retention_months = 6
        with freeze_time(at):
            self.env["telecom.retention"]._run(self.company)
        self.env.invalidate_all()

    def _exclude(self):
        self.env.cr.execute(
            "UPDATE telecom_call SET rating_state = 'excluded', rating_reason ="
            " 'ignored'"
        )
        self.env.invalidate_all()

    def test_a_period_that_is_compared_keeps_its_calls(self):
        self._read_calls("0.01", called=DIGITS)
        self._exclude()
        one = self._reconcile()
        self.assertEqual(one.state, "open")
        self._anonymise()
        self.assertEqual(self._calls().called_number, "+34600000123")
        self.env.cr.execute("UPDATE telecom_reconciliation SET state = 'accepted'")
        self.env.invalidate_all()
        self._anonymise("2027-05-11 08:00:00")
        self.assertEqual(self._calls().called_number, SHOWN)

    def test_the_record_of_another_carrier_goes_along(self):
        pbx = self._create_carrier(name="PBX")
        smdr = self._create_source(
            name="SMDR", carrier_id=pbx.id, compares_carriers=True
        )
        self._process(row("C", called=DIGITS), name="c.csv")
        late = row("P", called=DIGITS, seconds=58, start="2026-10-05 10:00:03")
        pbx_file = self._process(late, name="p.csv", source=smdr)
        twin = self.env["telecom.call.twin"].search([])
        self.assertEqual(twin.called_number, "+34600000123")
        self._exclude()
        self._anonymise()
        self.assertEqual(
            (twin.called_number, twin.calling_number, bool(twin.sudo().facts)),
            (GONE, GONE, False),
        )
        again = self._process(
            late, row("Q", start="2026-10-09 10:00:00"), name="q.csv", source=smdr
        )
        self.assertEqual((again.duplicate_count, again.call_count), (1, 1))
        self.assertTrue(pbx_file.content_gone_on)

    def test_lists_of_differences_go(self):
        monthly = self._create_source(
            name="Monthly", confirms_source_ids=[Command.set(self.source.ids)]
        )
        self._process(row("1", called=DIGITS, amount="0.01"), name="d.csv")
        self._process(
            row("2", called=DIGITS, amount="0.01", start="2026-10-06 10:00:00"),
            name="m.csv",
            source=monthly,
        )
        found = self.env["telecom.file.difference"].search([])
        self.assertIn("+34600000123", found.mapped("called_number"))
        self._exclude()
        self._anonymise()
        self.assertEqual(set(found.mapped("called_number")), {GONE})
        self.assertEqual(set(found.mapped("calling_number")), {GONE})


@tagged("post_install", "-at_install")
class TestAnonymousBundle(RetentionCommon):
    def test_what_it_took_of_a_bundle_stands(self):
        """Of 90 seconds the frozen call keeps 60: another call of 60 gets 30."""
        bundle = self._create_bundle(
            "Ninety", {"service": "voice", "seconds": 90, "categories": "mobile"}
        )
        self._give_bundle(bundle, self.customer)
        self._read(row("1", called=DIGITS, seconds=60))
        self._run_cron("rate")
        call = self._calls()
        self.assertEqual((call.bundle_duration, call.price), (60, 0))
        move = self._invoice_of(self.customer)
        self._anonymise()
        self._give_back(move)
        self._read(row("0", called=DIGITS, seconds=60, start="2026-10-04 10:00:00"))
        self._run_cron("rate")
        self.assertEqual(
            [(c.called_number, c.bundle_duration) for c in self._calls()],
            [("+34600000123", 30), (SHOWN, 60)],
        )
