# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date

from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL, mute_logger

from .common import READER, USER
from .invoicing_common import LAST
from .test_rating import row
from .test_run import RunCommon
from .test_ways_back import MOBILE, WaysBackCommon


class DisputeMixin:
    def _dispute(self, call, user=None, **values):
        disputes = self.env["telecom.dispute"].with_user(user or self.env.user)
        return disputes.create({"call_id": call.id, **values})

    def _call(self, seconds):
        return self._calls(("duration", "=", seconds))


@tagged("post_install", "-at_install")
class TestDispute(DisputeMixin, WaysBackCommon):
    """What becomes of a call that its customer finds wrong."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER)
        cls.contact = cls.env["res.partner"].create(
            {"name": "Ann", "parent_id": cls.customer.id, "email": "ann@example.com"}
        )

    def setUp(self):
        super().setUp()
        # 0.09 a minute: 0.09, 0.18 and 0.03.
        self._process(
            row("A1", called=MOBILE, seconds=60),
            row("A2", called=MOBILE, seconds=120),
            row("A3", called=MOBILE, seconds=20),
        )

    # === WHAT IT HOLDS === #

    def test_it_keeps_what_the_call_was(self):
        dispute = self._dispute(
            self._call(120), self.operator, reason="price", company_id=99, price=77
        )
        self.assertRecordValues(
            dispute,
            [
                {
                    "company_id": self.company.id,
                    "partner_id": self.customer.id,
                    "number_id": self.number.id,
                    "other_number": "+34600000099",
                    "duration": 120,
                    "price": 0.18,
                    "state": "open",
                    "keep_off_invoice": True,
                }
            ],
        )
        self.assertIn("+34 600 00 00 99", dispute.display_name)

    def test_a_withheld_caller_is_not_kept(self):
        call = self._call(60)
        self.env.cr.execute(
            "UPDATE telecom_call SET direction = 'incoming', is_withheld = TRUE,"
            " calling_number = '+34699999999' WHERE id = %s",
            [call.id],
        )
        call.invalidate_recordset()
        self.assertFalse(self._dispute(call).other_number)

    def test_a_call_without_a_customer_has_nobody_to_dispute_it(self):
        call = self._call(60)
        self.env.cr.execute(
            "UPDATE telecom_call SET partner_id = NULL WHERE id = %s", [call.id]
        )
        call.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "has no customer"):
            self._dispute(call)

    def test_one_open_dispute_a_call(self):
        call = self._call(60)
        first = self._dispute(call)
        with (
            self.assertRaises(UniqueViolation),
            self.cr.savepoint(),
            mute_logger("odoo.sql_db"),
        ):
            self._dispute(call)
        first.action_close()
        second = self._dispute(call)
        self.assertEqual(call.action_dispute()["res_id"], second.id)
        with (
            self.assertRaises(UniqueViolation),
            self.cr.savepoint(),
            mute_logger("odoo.sql_db"),
        ):
            first.action_reopen()
            first.flush_recordset()

    # === WHO DOES WHAT === #

    def test_who_answers_gets_a_task(self):
        self.company.telecom_dispute_user_id = self.operator
        dispute = self._dispute(self._call(60), contact_id=self.contact.id)
        self.assertEqual(dispute.user_id, self.operator)
        self.assertEqual(dispute.activity_ids.user_id, self.operator)
        self.assertIn(self.contact, dispute.message_partner_ids)
        dispute.with_user(self.operator).action_reject()
        self.assertFalse(dispute.activity_ids)
        self.assertIn("found it to be right", dispute.message_ids[0].body)

    def test_without_one_the_salesperson_is_asked(self):
        self.customer.user_id = self.operator
        self.assertEqual(self._dispute(self._call(60)).user_id, self.operator)

    def test_readers_read_and_answer_but_do_not_decide(self):
        reader = self._new_user("reader", READER)
        dispute = self._dispute(self._call(60), self.operator).with_user(reader)
        self.assertEqual(dispute.price, 0.09)
        dispute.message_post(body="Which call is that?")
        for action in ("action_grant", "action_reject", "action_close"):
            with self.assertRaises(AccessError), self.cr.savepoint():
                getattr(dispute, action)()
        with self.assertRaises(AccessError):
            self._dispute(self._call(120), reader)
        with self.assertRaises(AccessError):
            dispute.with_user(self.operator).unlink()

    def test_nobody_without_the_role(self):
        dispute = self._dispute(self._call(60))
        for groups in ("base.group_user", "base.group_portal"):
            user = new_test_user(self.env, f"no_role_{groups[-4:]}", groups=groups)
            with self.assertRaises(AccessError):
                dispute.with_user(user).read(["price"])

    def test_companies_stay_apart(self):
        dispute = self._dispute(self._call(60))
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "stranger",
            groups=USER,
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        env = self.env(user=stranger, context={"allowed_company_ids": other.ids})
        self.assertFalse(env["telecom.dispute"].search([]))
        with self.assertRaises(AccessError):
            dispute.with_env(env).read(["price"])
        with self.assertRaises(AccessError):
            env["telecom.dispute"].create({"call_id": self._call(120).id})

    def test_answers_are_given_once(self):
        dispute = self._dispute(self._call(60))
        dispute.action_close()
        with self.assertRaisesRegex(UserError, "in the state 'Closed'"):
            dispute.action_grant()
        dispute.action_reopen()
        dispute.action_grant()
        with self.assertRaisesRegex(UserError, "in the state 'Granted'"):
            dispute.action_reopen()

    # === INVOICES === #

    def _nothing_to_invoice(self):
        with (
            self.assertRaisesRegex(UserError, "There is nothing to invoice"),
            self.cr.savepoint(),
        ):
            self._invoice()

    def test_a_disputed_call_waits_where_that_is_chosen(self):
        waiting = self._dispute(self._call(120))
        billed = self._dispute(self._call(20))
        billed.keep_off_invoice = False
        self.assertEqual(self._invoice().amount_untaxed, 0.12)
        self.assertFalse(self._call(120).move_id)
        waiting.action_reject()
        self.assertEqual(self._invoice().amount_untaxed, 0.18)

    def test_the_company_says_whether_they_wait(self):
        self.company.telecom_dispute_keep_off = False
        self._dispute(self._call(120))
        self.assertEqual(self._invoice().amount_untaxed, 0.30)

    def test_a_granted_call_is_never_invoiced(self):
        dispute = self._dispute(self._call(120))
        dispute.action_grant()
        self.assertEqual(self._invoice().amount_untaxed, 0.12)
        self._call(120).action_rate()
        self._nothing_to_invoice()
        self.assertFalse(dispute.is_to_credit)

    def test_a_granted_call_that_was_invoiced_is_credited(self):
        move = self._invoice()
        self.assertEqual(move.amount_untaxed, 0.30)
        dispute = self._dispute(self._call(120), reason="twice")
        action = dispute.action_grant()
        refund = dispute.refund_id
        self.assertEqual(action["res_id"], refund.id)
        self.assertEqual(
            (refund.move_type, refund.state, refund.amount_untaxed),
            ("out_refund", "draft", 0.18),
        )
        self.assertEqual(refund.reversed_entry_id, move)
        refund.action_post()
        self.assertEqual(dispute.release_id.state, "written_off")
        # Credited, and never invoiced again.
        self._nothing_to_invoice()
        self.assertFalse(dispute.action_credit(), "once only")

    def test_a_bad_debt_is_granted_without_a_credit_note(self):
        """An accountant grants it: 0.30 were written off, and nothing is credited."""
        move = self._invoice()
        refund = self._give_back(move, is_bad_debt=True)
        dispute = self._dispute(self._call(120))
        groups = f"{USER},account.group_account_invoice"
        accountant = self._new_user("grants", groups)
        self.assertIsNone(dispute.with_user(accountant).action_grant())
        self.assertEqual((dispute.state, dispute.refund_id), ("granted", refund))
        self.assertFalse(dispute.is_to_credit)
        self.assertFalse(self.env["telecom.dispute"].search([("is_to_credit", "=", 1)]))
        self.assertIn("credited already by R", dispute.message_ids[0].body)
        self.assertEqual(move.reversal_move_ids, refund)
        self._nothing_to_invoice()
        # The bad debt is withdrawn: the call is owed by its invoice, and credited.
        refund.button_draft()
        refund.unlink()
        self.assertTrue(dispute.is_to_credit)
        dispute.with_user(accountant).action_credit()
        self.assertEqual(dispute.refund_id.amount_untaxed, 0.18)

    def test_what_is_given_back_later_is_granted_too(self):
        """It is credited, and it is never invoiced again."""
        move = self._invoice()
        with freeze_time("2026-11-05"):
            self._give_back(move, date_release=date(2026, 12, 1))
            dispute = self._dispute(self._call(120))
            dispute.action_grant()
        self.assertFalse(dispute.is_to_credit)
        with freeze_time("2026-12-01"):
            move.telecom_release_ids._cron_release()
        self.assertEqual(self._invoice().amount_untaxed, 0.12)

    # === WHAT IS TO BE INVOICED === #

    def test_a_granted_call_is_not_to_be_invoiced(self):
        """0.30 less 0.18, wherever that is told."""
        with freeze_time("2026-10-20"):
            self.assertEqual(self.customer.telecom_to_invoice, 0.30)
            self.customer.invalidate_recordset()
            self._dispute(self._call(120)).action_grant()
            self.assertEqual(self.customer.telecom_to_invoice, 0.12)
        call = self._call(120)
        self.assertEqual(call.state, "excluded")
        calls = self.env["telecom.call"]
        self.assertNotIn(call, calls.search([("state", "=", "rated")]))
        self.assertIn(call, calls.search([("state", "=", "excluded")]))
        self.assertNotIn(call, calls.search([("state", "!=", "excluded")]))
        self.assertNotIn(call, calls.search([("state", "in", ["rated", "late"])]))
        self.assertIn(call, calls.search([("state", "in", ["rated", "excluded"])]))
        self.assertEqual(
            dict(
                calls._read_group(
                    [("id", "in", self._calls().ids)], ["state"], ["__count"]
                )
            ),
            {"rated": 2, "excluded": 1},
        )
        own = [("partner_id", "=", self.customer.id)]
        [figures] = self.env["telecom.call.summary"]._read_group(
            own, [], ["to_invoice_count:sum", "to_invoice:sum", "price:sum"]
        )
        self.assertEqual(
            (figures[0], *(round(one, 6) for one in figures[1:])), (2, 0.12, 0.30)
        )
        [row_] = self.env["telecom.completeness"]._read_group(
            [("source_id", "=", self.source.id)],
            [],
            ["rated_count:sum", "excluded_count:sum"],
        )
        self.assertEqual(row_, (2, 1))
        wizard = self.env["telecom.invoice.wizard"].create({"date_to": LAST})
        self.assertEqual((wizard.call_count, round(wizard.amount, 6)), (2, 0.12))

    def test_who_has_nothing_else_is_not_asked_for(self):
        disputes = self.env["telecom.dispute"]
        for call in self._calls():
            disputes += self._dispute(call)
        wizard = self.env["telecom.invoice.wizard"].create({"date_to": LAST})
        self.assertIn(self.customer, wizard._payers())
        disputes.action_grant()
        self.assertNotIn(self.customer, wizard._payers())

    def test_sums_that_were_added_up_before_know_of_it(self):
        calls = self.env["telecom.call.sum"]
        calls._refresh(lambda done=0, remaining=0: True)
        dispute = self._dispute(self._call(120))
        dispute.action_grant()
        own = [("partner_id", "=", self.customer.id)]
        summary = self.env["telecom.call.summary"]
        self.assertEqual(summary._read_group(own, [], ["to_invoice_count:sum"]), [(2,)])
        calls._refresh(lambda done=0, remaining=0: True)
        dispute.unlink()
        self.env.invalidate_all()
        self.assertEqual(summary._read_group(own, [], ["to_invoice_count:sum"]), [(3,)])

    def test_a_hot_bill_says_what_waits_for_an_answer(self):
        dispute = self._dispute(self._call(120))
        bill = self.env["telecom.hot.bill"].create(
            {"partner_id": self.customer.id, "date_to": "2026-11-01 00:00:00"}
        )
        self.assertEqual(bill.call_count, 2)
        self.assertIn("1 calls are disputed", bill.waiting_text)
        dispute.action_grant()
        bill.invalidate_recordset()
        self.assertEqual(bill.call_count, 2)
        self.assertNotIn("disputed", bill.waiting_text or "")

    # === CREDITS === #

    def test_a_deleted_credit_note_may_be_made_again(self):
        self._invoice()
        dispute = self._dispute(self._call(120))
        dispute.action_grant()
        dispute.refund_id.unlink()
        self.assertTrue(dispute.is_to_credit)
        found = self.env["telecom.dispute"].search([("is_to_credit", "=", True)])
        self.assertEqual(found, dispute)
        dispute.action_credit()
        self.assertEqual(dispute.refund_id.amount_untaxed, 0.18)
        self.assertFalse(dispute.is_to_credit)

    def test_a_draft_is_made_again_without_the_call(self):
        move = self._invoice(is_posted=False)
        dispute = self._dispute(self._call(120))
        with (
            self.assertRaisesRegex(UserError, "not posted: delete the draft"),
            self.cr.savepoint(),
        ):
            dispute.action_grant()
        self.env.invalidate_all()
        self.assertEqual(dispute.state, "open")
        move.unlink()
        dispute.action_grant()
        self.assertEqual(self._invoice().amount_untaxed, 0.12)

    def test_an_operator_grants_and_an_accountant_credits(self):
        self._invoice()
        dispute = self._dispute(self._call(120))
        self.assertIsNone(dispute.with_user(self.operator).action_grant())
        self.assertTrue(dispute.is_to_credit)
        with self.assertRaises(AccessError), self.cr.savepoint():
            dispute.with_user(self.operator).action_credit()
        accountant = self._new_user("credits", READER)
        dispute.with_user(accountant).action_credit()
        self.assertEqual(dispute.refund_id.amount_untaxed, 0.18)

    # === CREDITED ONCE === #

    def test_while_a_credit_note_of_the_whole_waits_there_is_no_second(self):
        """0.30 are invoiced, and 0.30 are credited: not 0.48."""
        move = self._invoice()
        draft = self._give_back(move, is_posted=False)
        dispute = self._dispute(self._call(120))
        with (
            self.assertRaisesRegex(UserError, "not posted yet. Post or delete it"),
            self.cr.savepoint(),
        ):
            dispute.action_grant()
        self.env.invalidate_all()
        self.assertEqual((dispute.state, len(move.telecom_release_ids)), ("open", 1))
        draft.action_post()
        dispute.action_grant()
        self.assertFalse(dispute.refund_id)
        self.assertEqual(move.reversal_move_ids.mapped("amount_untaxed"), [0.30])
        # Made again it is without the call: 0.09 + 0.03.
        self.assertEqual(self._invoice().amount_untaxed, 0.12)

    def test_a_native_credit_note_waits_for_that_of_a_dispute(self):
        """0.18 of 0.30 wait to be credited: the whole is not credited beside them."""
        move = self._invoice()
        dispute = self._dispute(self._call(120))
        dispute.action_grant()
        whole = move._reverse_moves([{"invoice_date": LAST}])
        with (
            self.assertRaisesRegex(UserError, "credits 1 of the calls .* Delete the"),
            self.cr.savepoint(),
        ):
            whole.action_post()
        self.env.invalidate_all()
        dispute.refund_id.unlink()
        whole.action_post()
        self.assertEqual(whole.amount_untaxed, 0.30)
        # What was granted is not to be invoiced again.
        states = {call.duration: call.state for call in self._calls()}
        self.assertEqual(states, {60: "rated", 120: "excluded", 20: "rated"})

    def test_two_notes_of_one_call_are_not_both_posted(self):
        """However the second came about."""
        move = self._invoice()
        dispute = self._dispute(self._call(120))
        dispute.action_grant()
        first = dispute.release_id.sudo()
        second = first.copy({"refund_id": False, "is_chosen": True})
        second.is_bad_debt = True
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO telecom_release_call SELECT %s, call_id, move_line_id"
            " FROM telecom_release_call WHERE release_id = %s",
            [second.id, first.id],
        )
        second.call_count = 1
        for one in (first, second):
            with (
                self.assertRaisesRegex(UserError, "credits 1 of the calls of this"),
                self.cr.savepoint(),
            ):
                one._check_linked()
        second.unlink()
        first.refund_id.action_post()
        self.assertEqual(move.telecom_release_ids.mapped("amount"), [0.18])

    def test_a_better_record_is_the_same_call(self):
        """A granted call is not billed under the id of a longer record of it."""
        dispute = self._dispute(self._call(120))
        dispute.action_grant()
        old = dispute.call_id
        self._process(row("A2", called=MOBILE, seconds=180), name="better.csv")
        better = self._call(180)
        self.assertFalse(old.exists())
        self.assertEqual(dispute.call_id, better)
        self.assertEqual((better.price, dispute.price), (0.27, 0.18))
        self.assertEqual(self._invoice().amount_untaxed, 0.12)
        self._nothing_to_invoice()

    def test_an_open_dispute_follows_its_call_too(self):
        dispute = self._dispute(self._call(120))
        self._process(row("A2", called=MOBILE, seconds=180), name="better.csv")
        self.assertEqual(dispute.call_id, self._call(180))
        self.assertEqual(self._invoice().amount_untaxed, 0.12)
        dispute.action_reject()
        self.assertEqual(self._invoice().amount_untaxed, 0.27)

    def test_a_file_that_is_read_again_brings_the_same_calls(self):
        dispute = self._dispute(self._call(120))
        dispute.action_grant()
        file = dispute.call_id.file_id
        file.action_revert()
        self.assertFalse(self._calls())
        file.write({"state": "received", "position": False})
        file.action_process()
        self.assertEqual(len(self._calls()), 3)
        self.assertEqual(dispute.call_id, self._call(120))
        self.assertEqual(self._invoice().amount_untaxed, 0.12)

    # === CALLS ARE KEPT === #

    def test_a_file_with_a_disputed_call_is_not_taken_back(self):
        dispute = self._dispute(self._call(120))
        file = self._call(120).file_id
        with (
            self.assertRaisesRegex(UserError, "Customers dispute 1 of these calls"),
            self.cr.savepoint(),
        ):
            file.action_revert()
        self.env.invalidate_all()
        self.assertEqual(len(self._calls()), 3)
        dispute.action_close()
        file.action_revert()
        self.assertFalse(self._calls())
        # It outlives its call.
        self.assertEqual((dispute.price, dispute.duration), (0.18, 120))
        self.assertFalse(dispute.move_id)

    def test_whatever_deletes_old_calls_asks(self):
        self._dispute(self._call(120))
        disputes = self.env["telecom.dispute"]
        disputes._check_undisputed(SQL("c.duration = 60"))
        with self.assertRaisesRegex(UserError, "dispute 1 of these"):
            disputes._check_undisputed(SQL("c.duration > 0"))


@tagged("post_install", "-at_install")
class TestSmallDisputes(DisputeMixin, WaysBackCommon):
    """Calls of less than a cent: lines lose what they come to, and no more."""

    def setUp(self):
        super().setUp()
        # 0.09 a minute: 0.0045 each, 0.009 together, so a line of 0.01.
        self._process(
            row("S1", called=MOBILE, seconds=3),
            row("S2", called=MOBILE, seconds=3, start="2026-10-05 11:00:00"),
        )

    def test_two_calls_of_a_line_come_to_its_amount(self):
        """0.01 - 0.00 for the first; 0.00 - 0.00 for the other: 0.01, not 0.02."""
        move = self._invoice()
        self.assertEqual(self._calls().mapped("price"), [0.0045, 0.0045])
        self.assertEqual(move.amount_untaxed, 0.01)
        disputes = self.env["telecom.dispute"]
        for call in self._calls():
            disputes += self._dispute(call)
        disputes.action_grant()
        refunds = disputes.refund_id
        self.assertEqual(len(refunds), 2)
        self.assertEqual(sorted(refunds.mapped("amount_untaxed")), [0, 0.01])
        refunds.action_post()
        self.assertEqual(set(disputes.release_id.mapped("state")), {"written_off"})
        self.assertEqual(sum(refunds.mapped("amount_untaxed")), 0.01)

    def test_so_do_their_corrections(self):
        """0.17 a minute: 0.0085 instead of 0.0045, so 0.004 more of each."""
        self._invoice()
        rates = self.tariff.rate_ids.filtered(lambda r: r.category == "mobile")
        rates._succeed("2026-10-01 00:00:00", {"price": 0.17})
        self._forget_marks()
        self.env.flush_all()
        rerating = self.env["telecom.rerating"].create({"name": "Dearer"})
        rerating.action_propose()
        rerating.action_apply()
        rerating.move_ids.action_post()
        # 2 x 0.004 = 0.008: a line of 0.01 beside that of 0.01.
        self.assertEqual(rerating.move_ids.amount_untaxed, 0.01)
        disputes = self.env["telecom.dispute"]
        for call in self._calls():
            disputes += self._dispute(call)
        disputes.action_grant()
        refunds = disputes.refund_id
        self.assertEqual(sorted(refunds.mapped("amount_untaxed")), [0, 0.02])
        refunds.action_post()
        self.assertFalse(any(self._calls().correction_ids.mapped("is_standing")))


@tagged("post_install", "-at_install")
class TestDisputeInRun(DisputeMixin, RunCommon):
    def test_a_run_shows_what_it_leaves_out(self):
        self._process(
            row("A1", called=MOBILE, seconds=60),
            row("A2", called=MOBILE, seconds=120),
            row("B1", caller="910000002", called=MOBILE, seconds=30),
        )
        dispute = self._dispute(self._call(120))
        self._dispute(self._call(30)).keep_off_invoice = False
        run = self._previewed()
        self.assertEqual(run.line_ids.mapped("call_amount"), [0.09, 0.05])
        self.assertRecordValues(
            run.gap_ids,
            [{"kind": "disputed", "record_count": 1, "duration": 120}],
        )
        self.assertFalse(run.is_held_up, "left out on purpose")
        found = self.env["telecom.dispute"].search(run.gap_ids.action_open()["domain"])
        self.assertEqual(found, dispute)
        run.action_start()
        self.assertEqual(sum(run.move_ids.mapped("amount_untaxed")), 0.14)
