# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Ways back from an invoice: each call on one line at most, and none lost."""

import random
from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import READER
from .invoicing_common import FIRST, LAST, TelecomInvoicingCommon
from .test_rating import row

MOBILE = "600000099"


class WaysBackCommon(TelecomInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls._create_number("+34910000002", cls.customer)

    def _invoice(self, is_posted=True):
        wizard = self.env["telecom.invoice.wizard"].create(
            {
                "partner_ids": self.customer.ids,
                "date_from": FIRST,
                "date_to": LAST,
                "is_posted": is_posted,
            }
        )
        return self.env["account.move"].search(wizard.action_invoice()["domain"])

    def _wizard(self, move, kind="all", **values):
        return self.env["telecom.release.wizard"].create(
            {"move_id": move.id, "kind": kind, **values}
        )

    def _give_back(self, move, kind="all", **values):
        action = self._wizard(move, kind, **{"is_posted": True, **values})
        return self.env["account.move"].browse(action.action_credit()["res_id"])

    def _calls_of(self, number):
        return self._calls().filtered(lambda call: call.number_id == number)

    def _live_links(self):
        """By line: what it bills and what its calls come to."""
        self.env.cr.execute(
            "SELECT move_line_id, count(*) FROM telecom_call_invoice GROUP BY 1"
        )
        return dict(self.env.cr.fetchall())


@tagged("post_install", "-at_install")
class TestGiveCallsBack(WaysBackCommon):
    def _two_numbers(self):
        self._process(
            row("A1", called=MOBILE, seconds=60),
            row("A2", caller="910000002", called=MOBILE, seconds=120),
            row("A3", caller="910000002", called=MOBILE, seconds=20),
        )
        return self._invoice()

    def test_the_calls_of_a_number(self):
        move = self._two_numbers()
        self.assertEqual(move.amount_untaxed, 0.30)
        wizard = self._wizard(move, "numbers", number_ids=self.second.ids)
        self.assertEqual((wizard.call_count, wizard.amount), (2, 0.21))
        self.assertEqual(wizard.offered_number_ids, self.number | self.second)
        refund = self._give_back(move, "numbers", number_ids=self.second.ids)
        self.assertEqual(
            (refund.move_type, refund.amount_untaxed, refund.reversed_entry_id),
            ("out_refund", 0.21, move),
        )
        self.assertEqual(
            refund.invoice_line_ids.name,
            "Taken off: Mobile calls +34 910 00 00 02: 2 calls, 0:02:20",
        )
        self.assertEqual(self._calls_of(self.number).state, "invoiced")
        self.assertEqual(set(self._calls_of(self.second).mapped("state")), {"rated"})
        again = self._invoice()
        self.assertEqual(again.amount_untaxed, 0.21)
        self.assertEqual(self._calls_of(self.second).move_id, again)

    def test_what_is_left_is_the_sum_of_its_calls(self):
        """Law 5: 3 x 0.0165 = 0.0495 -> 0.05; then 0.03, then 0.02, then nothing."""
        self._process(
            *(
                row(
                    f"B{day}",
                    called=MOBILE,
                    seconds=11,
                    start=f"2026-10-0{day} 10:00:00",
                )
                for day in (1, 2, 3)
            )
        )
        move = self._invoice()
        self.assertEqual(move.amount_untaxed, 0.05)
        credited = [
            self._give_back(
                move,
                "dates",
                date_from=date(2026, 10, day),
                date_to=date(2026, 10, day),
            ).amount_untaxed
            for day in (1, 2, 3)
        ]
        self.assertEqual(credited, [0.02, 0.01, 0.02])
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
        with self.assertRaisesRegex(UserError, "No call of .* that is still owed"):
            self._give_back(move)

    def test_later(self):
        move = self._two_numbers()
        with freeze_time("2026-11-05"):
            self._give_back(
                move,
                "numbers",
                number_ids=self.second.ids,
                date_release=date(2026, 12, 1),
            )
            release = move.telecom_release_ids
            release._cron_release()
            self.assertEqual(release.state, "credited")
            self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})
            with self.assertRaisesRegex(UserError, "still owed"):
                self._give_back(move, "numbers", number_ids=self.second.ids)
        with freeze_time("2026-12-01"):
            release._cron_release()
        self.assertEqual(release.state, "released")
        self.assertEqual(set(self._calls_of(self.second).mapped("state")), {"rated"})
        self.assertIn("2 calls may be invoiced again", move.message_ids[0].body)

    def test_a_bad_debt_never_comes_back(self):
        move = self._two_numbers()
        refund = self._give_back(
            move, "numbers", number_ids=self.second.ids, is_bad_debt=True
        )
        self.assertEqual(refund.amount_untaxed, 0.21)
        self.assertEqual(move.telecom_release_ids.state, "written_off")
        rest = self._give_back(move)
        self.assertEqual(rest.amount_untaxed, 0.09)
        self.assertEqual(
            sorted(self._calls().mapped("state")), ["invoiced", "invoiced", "rated"]
        )
        self.assertEqual(self._invoice().amount_untaxed, 0.09)

    def test_lines_and_fees(self):
        self._give_bundle(
            self._create_bundle("B", {"seconds": 1}, price=9.9), self.customer
        )
        self._process(row("L1", called=MOBILE, seconds=61))
        move = self._invoice()
        fee = move.invoice_line_ids.filtered("telecom_subscription_id")
        refund = self._give_back(move, "lines", line_ids=fee.ids)
        self.assertEqual(refund.amount_untaxed, 9.9)
        self.assertEqual(self._calls().state, "invoiced")
        self.assertTrue(fee.telecom_is_released)
        self.assertEqual(self._invoice().amount_untaxed, 9.9)

    def test_a_draft_credit_note_changes_nothing(self):
        move = self._two_numbers()
        draft = self._give_back(move, is_posted=False)
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})
        with self.assertRaisesRegex(UserError, "not posted yet"):
            self._give_back(move)
        draft.invoice_line_ids[0].price_unit = 5
        with self.assertRaisesRegex(UserError, "come to 0.3, but takes"):
            draft.action_post()
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})

    def test_a_deleted_draft_is_forgotten(self):
        move = self._two_numbers()
        self._give_back(move, is_posted=False).unlink()
        self.assertFalse(move.telecom_release_ids)
        self.assertEqual(self._give_back(move).amount_untaxed, 0.30)

    def test_a_withdrawn_credit_note_takes_its_calls_back(self):
        move = self._two_numbers()
        refund = self._give_back(move, "numbers", number_ids=self.second.ids)
        refund.button_draft()
        self.assertEqual(self._calls().move_id, move)
        refund.action_post()
        self.assertEqual(set(self._calls_of(self.second).mapped("state")), {"rated"})
        self._invoice()
        with self.assertRaisesRegex(UserError, "invoiced again meanwhile"):
            refund.button_draft()

    def test_who_may(self):
        move = self._two_numbers()
        accountant = new_test_user(
            self.env, "accountant", READER, company_id=self.company.id
        )
        wizard = self.env["telecom.release.wizard"].with_user(accountant)
        wizard = wizard.create({"move_id": move.id, "is_posted": True})
        wizard.action_credit()
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
        other = self.env["res.company"].create({"name": "Neighbour"})
        neighbour = new_test_user(
            self.env, "neighbour", READER, company_id=other.id, company_ids=other.ids
        )
        releases = self.env["telecom.release"].with_user(neighbour)
        releases = releases.with_context(allowed_company_ids=other.ids)
        self.assertFalse(releases.search([]))
        with self.assertRaises(AccessError):
            releases.browse(move.telecom_release_ids.id).action_release()
        clerk = new_test_user(self.env, "clerk", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["telecom.release.wizard"].with_user(clerk).create(
                {"move_id": move.id}
            )

    def test_what_was_corrected_is_credited_as_corrected(self):
        move = self._two_numbers()
        rates = self.tariff.rate_ids.filtered(lambda r: r.category == "mobile")
        rates._succeed("2026-10-01 00:00:00", {"price": 0.06})
        self._forget_marks()
        self.env.flush_all()
        rerating = self.env["telecom.rerating"].create({"name": "Cheaper"})
        rerating.action_propose()
        rerating.action_apply()
        correction = rerating.move_ids
        correction.action_post()
        self.assertEqual(correction.amount_untaxed, 0.10)
        native = move._reverse_moves([{"invoice_date": LAST}])
        refused = self.assertRaisesRegex(UserError, "have been corrected by")
        with refused, self.cr.savepoint():
            native.action_post()
        self.env.invalidate_all()
        native.button_cancel()
        refund = self._give_back(move)
        self.assertEqual(refund.amount_untaxed, 0.20)
        self.assertFalse(
            any(self._calls().correction_ids.mapped("is_standing")),
        )
        refund.button_draft()
        self.assertTrue(all(self._calls().correction_ids.mapped("is_standing")))


@tagged("post_install", "-at_install")
class TestNativeWays(WaysBackCommon):
    """What accountants do with any invoice, on one that bills calls."""

    def _one(self, is_posted=True, seconds=60):
        self._process(row("N1", called=MOBILE, seconds=seconds))
        return self._invoice(is_posted)

    def test_a_duplicate_bills_no_call(self):
        move = self._one(is_posted=False)
        own = {"name": "Router", "quantity": 1, "price_unit": 20}
        move.write({"invoice_line_ids": [(0, 0, own)]})
        copied = move.copy()
        self.assertEqual(copied.invoice_line_ids.mapped("name"), ["Router"])
        self.assertEqual(self._calls().move_id, move)

    def test_reverse_and_modify_keeps_the_calls_billed_once(self):
        self._give_bundle(
            self._create_bundle("B", {"seconds": 1}, price=9.9), self.customer
        )
        move = self._one(seconds=61)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": LAST})
        )
        action = wizard.modify_moves()
        new = self.env["account.move"].browse(action["res_id"])
        self.assertEqual((new.state, new.amount_untaxed), ("draft", 9.99))
        self.assertEqual(self._calls().move_id, new)
        self.assertEqual(new.telecom_call_count, 1)
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._invoice()
        new.action_post()
        refund = move.reversal_move_ids
        with self.assertRaisesRegex(UserError, "invoiced again meanwhile"):
            refund.button_draft()

    def test_a_deleted_copy_lets_its_calls_go(self):
        move = self._one()
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": LAST})
        )
        new = self.env["account.move"].browse(wizard.modify_moves()["res_id"])
        new.unlink()
        self.env.invalidate_all()
        self.assertEqual(self._calls().state, "rated")
        self.assertEqual(self._invoice().amount_untaxed, 0.09)

    def test_the_amount_of_calls_is_not_edited(self):
        line = self._one(is_posted=False).invoice_line_ids
        for name, value in (("price_unit", 1), ("quantity", 2), ("discount", 10)):
            with self.assertRaisesRegex(UserError, "the sum of its calls, 0.09"):
                line[name] = value
        line.name = "Calls of October"
        line.move_id.write(
            {
                "invoice_line_ids": [
                    (0, 0, {"name": "Off", "quantity": 1, "price_unit": -0.01})
                ]
            }
        )
        line.move_id.action_post()
        self.assertEqual(line.move_id.amount_untaxed, 0.08)

    def test_another_customer_is_not_billed(self):
        move = self._one(is_posted=False)
        move.partner_id = self._create_customer("Other")
        with self.assertRaisesRegex(UserError, "another customer or currency"):
            move.action_post()
        self.assertEqual(move.state, "draft")

    def test_an_invoice_that_became_a_credit_note_is_not_posted(self):
        move = self._one(is_posted=False)
        move.action_switch_move_type()
        with self.assertRaisesRegex(UserError, "takes 0.09, but its calls come to -0"):
            move.action_post()

    def test_a_credit_note_of_whole_lines_gives_their_calls_back(self):
        self._process(
            row("W1", called=MOBILE, seconds=60),
            row("W2", caller="910000002", called=MOBILE, seconds=120),
        )
        move = self._invoice()
        refund = move._reverse_moves([{"invoice_date": LAST}])
        of_first = refund.invoice_line_ids.filtered(
            lambda line: line.telecom_reversed_line_id.telecom_number_id == self.number
        )
        of_first.unlink()
        refund.action_post()
        self.assertEqual(self._calls_of(self.number).state, "invoiced")
        self.assertEqual(self._calls_of(self.second).state, "rated")
        self.assertIn("credits a part", move.message_ids[0].body)
        refund.button_draft()
        self.assertEqual(self._calls().move_id, move)
        self.assertFalse(move.telecom_release_ids)

    def test_a_withdrawn_reversal_leaves_the_invoice_as_it_was(self):
        move = self._one()
        refund = move._reverse_moves([{"invoice_date": LAST}])
        refund.action_post()
        self.assertEqual(self._calls().state, "rated")
        refund.button_draft()
        refund.unlink()
        self.assertEqual(self._calls().move_id, move)
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._invoice()

    def test_a_second_reversal_gives_nothing_twice(self):
        """0.09 are credited once: the second one is not posted."""
        move = self._one()
        first, second = (
            move._reverse_moves([{"invoice_date": LAST}]) for _time in range(2)
        )
        first.action_post()
        again = self._invoice()
        with (
            self.assertRaisesRegex(UserError, "takes them off once more. Delete it"),
            self.cr.savepoint(),
        ):
            second.action_post()
        self.env.invalidate_all()
        self.assertEqual(second.state, "draft")
        self.assertEqual(self._calls().move_id, again)

    def test_reset_to_draft_keeps_the_calls(self):
        move = self._one()
        move.button_draft()
        self.assertEqual(self._calls().move_id, move)
        move.action_post()
        self.assertEqual(move.amount_untaxed, 0.09)

    def test_reset_after_a_partial_credit(self):
        self._process(
            row("P1", called=MOBILE, seconds=60),
            row("P2", called=MOBILE, seconds=60, start="2026-10-06 10:00:00"),
        )
        move = self._invoice()
        day = date(2026, 10, 6)
        refund = self._give_back(move, "dates", date_from=day, date_to=day)
        move.button_draft()
        # Without the invoice the credit note would be a present of 0.09.
        with (
            self.assertRaisesRegex(UserError, "is made of calls or fees of"),
            self.cr.savepoint(),
        ):
            move.button_cancel()
        with (
            self.assertRaisesRegex(UserError, "is made of calls or fees of"),
            self.cr.savepoint(),
        ):
            move.invoice_line_ids.unlink()
        self.env.invalidate_all()
        self.assertEqual(sorted(self._calls().mapped("state")), ["invoiced", "rated"])
        move.action_post()
        self.assertEqual(move.amount_untaxed, 0.18)
        refund.button_draft()
        refund.button_cancel()
        move.button_draft()
        move.button_cancel()
        self.assertEqual(self._calls().mapped("state"), ["rated", "rated"])
        move.button_draft()
        self.assertEqual(self._calls().mapped("state"), ["invoiced", "invoiced"])


@tagged("post_install", "-at_install")
class TestLifeOfACall(WaysBackCommon):
    """Laws 2 and 5 on random lives: what a customer owes is what the calls cost."""

    def test_random_ways(self):
        for seed in range(4):
            with self.subTest(seed=seed), self.cr.savepoint() as savepoint:
                owed, expected = self._live(random.Random(seed))
                self.assertAlmostEqual(owed, expected, 2)
                savepoint.rollback()
            self.env.invalidate_all()

    def _live(self, chance):
        self._process(
            *(
                row(
                    f"Z{i}",
                    caller=chance.choice(["910000001", "910000002"]),
                    called=MOBILE,
                    seconds=chance.choice([7, 11, 60]),
                    start=f"2026-10-{1 + i:02} 10:00:00",
                )
                for i in range(12)
            )
        )
        ways = [self._run, self._part, self._whole, self._cancel, self._copy]
        for _step in range(8):
            chance.choice(ways)(chance)
            self._check()
        self._run(chance)
        drafts = self.env["account.move"].search(
            [("partner_id", "=", self.customer.id), ("state", "=", "draft")]
        )
        drafts.action_post()
        self._check()
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})
        posted = self.env["account.move"].search(
            [("partner_id", "=", self.customer.id), ("state", "=", "posted")]
        )
        owed = sum(posted.mapped("amount_untaxed_signed"))
        lines = self._calls().move_line_id
        return owed, sum(self._left(line) for line in lines)

    def _left(self, line):
        """What the calls that a line bills now come to."""
        calls = self._calls().filtered(lambda call: call.move_line_id == line)
        return line.currency_id.round(round(sum(calls.mapped("price")), 6))

    def _moves(self, state):
        return self.env["account.move"].search(
            [
                ("partner_id", "=", self.customer.id),
                ("state", "=", state),
                ("move_type", "=", "out_invoice"),
            ]
        )

    def _run(self, chance):
        if "rated" in self._calls().mapped("state"):
            self._invoice(is_posted=chance.random() < 0.7)

    def _part(self, chance):
        for move in self._moves("posted")[:1]:
            day = date(2026, 10, chance.randint(1, 12))
            wizard = self._wizard(
                move, "dates", date_from=FIRST, date_to=day, is_posted=True
            )
            if wizard.call_count:
                wizard.action_credit()

    def _whole(self, chance):
        for move in self._moves("posted")[-1:]:
            wizard = self._wizard(move, is_posted=True)
            if wizard.call_count:
                wizard.action_credit()

    def _cancel(self, chance):
        for move in self._moves("draft")[:1]:
            chance.choice([move.button_cancel, move.unlink])()
            self.env.invalidate_all()

    def _copy(self, chance):
        for move in self._moves("posted")[:1]:
            copied = move.copy()
            self.assertFalse(copied.invoice_line_ids)
            copied.unlink()

    def _check(self):
        """A call that is invoiced is on a line of an invoice that stands."""
        for call in self._calls():
            self.assertEqual(call.state == "invoiced", bool(call.move_line_id))
            self.assertIn(call.move_id.state, ("draft", "posted", False))
