# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an invoice takes is credited once, by whatever ways, to the cent."""

from datetime import date

from odoo.exceptions import UserError
from odoo.tests import tagged

from .invoicing_common import LAST
from .test_dispute import DisputeMixin
from .test_rating import row
from .test_ways_back import MOBILE, WaysBackCommon

ONCE_MORE = "has taken calls or fees off .* already"


class CreditedOnceCommon(DisputeMixin, WaysBackCommon):
    def _reverse(self, move):
        return move._reverse_moves([{"invoice_date": LAST}])

    def _modify(self, move):
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "date": LAST})
        )
        return self.env["account.move"].browse(wizard.modify_moves()["res_id"])

    def _refused(self, action, words):
        """It is refused in words, and nothing of it is done."""
        with self.assertRaisesRegex(UserError, words), self.cr.savepoint():
            action()
        self.env.invalidate_all()

    def _rerate(self, price):
        """Apply another price a minute to the calls; gives what corrects invoices."""
        self.company.telecom_tariff_id = self._create_tariff(
            f"At {price}", {"category": "mobile", "price": price}
        )
        self._forget_earlier_tariffs()
        self._forget_marks()
        self.env.flush_all()
        rerating = self.env["telecom.rerating"].create({"name": f"At {price}"})
        rerating.action_propose()
        rerating.action_apply()
        return rerating.move_ids

    def _net(self):
        """Untaxed, what the posted documents of the customer come to."""
        moves = self.env["account.move"].search(
            [("partner_id", "=", self.customer.id), ("state", "=", "posted")]
        )
        return round(sum(moves.mapped("amount_untaxed_signed")), 2)


@tagged("post_install", "-at_install")
class TestReversedOnce(CreditedOnceCommon):
    """A native reversal credits what is left."""

    def setUp(self):
        super().setUp()
        self._process(
            row("A1", called=MOBILE, seconds=60),
            row("A2", caller="910000002", called=MOBILE, seconds=120),
            row("A3", called=MOBILE, seconds=20),
        )
        # A line of 0.09 + 0.03 for the one number, and one of 0.18 for the other.
        self.move = self._invoice()
        self.move.company_id.telecom_dispute_keep_off = True

    def test_after_a_bad_debt(self):
        """0.18 of 0.30 are written off: 0.12 are left to credit."""
        self._give_back(
            self.move, "numbers", number_ids=self.second.ids, is_bad_debt=True
        )
        refund = self._reverse(self.move)
        self.assertEqual(refund.amount_untaxed, 0.12)
        self.assertIn("Left out: what R", refund.message_ids[0].body)
        refund.action_post()
        self.assertEqual(
            sorted(self._calls().mapped("state")), ["invoiced", "rated", "rated"]
        )
        self.assertEqual(self._net(), 0)
        self.assertEqual(self._invoice().amount_untaxed, 0.12)

    def test_after_the_credit_of_a_dispute(self):
        """A part of a line: 0.12 less 0.03, and the other line whole."""
        dispute = self._dispute(self._call(20))
        dispute.action_grant()
        dispute.refund_id.action_post()
        refund = self._reverse(self.move)
        self.assertEqual(
            sorted(refund.invoice_line_ids.mapped("price_subtotal")), [0.09, 0.18]
        )
        refund.action_post()
        self.assertEqual(self._net(), 0)
        self.assertEqual(self._invoice().amount_untaxed, 0.27)

    def test_after_calls_were_given_back(self):
        self._give_back(self.move, "numbers", number_ids=self.number.ids)
        again = self._invoice()
        self.assertEqual(again.amount_untaxed, 0.12)
        refund = self._reverse(self.move)
        self.assertEqual(refund.amount_untaxed, 0.18)
        refund.action_post()
        self.assertEqual(self._net(), 0.12)
        refund.button_draft()
        self.assertEqual(self._calls_of(self.second).move_id, self.move)
        self.assertEqual(self._net(), 0.30)

    def test_of_nothing_there_is_no_reversal(self):
        self._give_back(self.move)
        self._refused(lambda: self._reverse(self.move), "Nothing is left of")
        self.assertEqual(len(self.move.reversal_move_ids), 1)

    def test_a_draft_reversal_that_was_overtaken_is_not_posted(self):
        refund = self._reverse(self.move)
        self.assertEqual(refund.amount_untaxed, 0.30)
        self._give_back(
            self.move, "numbers", number_ids=self.second.ids, is_bad_debt=True
        )
        self._refused(refund.action_post, ONCE_MORE)
        self.assertEqual(self._net(), 0.12)
        refund.unlink()
        self._reverse(self.move).action_post()
        self.assertEqual(self._net(), 0)

    def test_one_line_of_the_whole_is_not_posted_either(self):
        """However the credit note is written: 0.30 once more are too much."""
        self._give_back(
            self.move, "numbers", number_ids=self.second.ids, is_bad_debt=True
        )
        refund = self._reverse(self.move)
        refund.invoice_line_ids.unlink()
        line = {"name": "All", "quantity": 1, "price_unit": 0.30}
        line["tax_ids"] = [(6, 0, self.move.invoice_line_ids.tax_ids.ids)]
        refund.write({"invoice_line_ids": [(0, 0, line)]})
        self._refused(refund.action_post, ONCE_MORE)
        self.assertEqual(refund.state, "draft")

    def test_a_part_of_what_is_left_leaves_the_calls(self):
        """0.05 of 0.12 as a favour: the calls stay invoiced."""
        self._give_back(
            self.move, "numbers", number_ids=self.second.ids, is_bad_debt=True
        )
        refund = self._reverse(self.move)
        refund.invoice_line_ids.price_unit = 0.05
        refund.action_post()
        self.assertEqual(set(self._calls().mapped("state")), {"invoiced"})
        self.assertIn("credits a part", self.move.message_ids[0].body)

    def test_what_is_credited_is_not_replaced(self):
        self._give_back(
            self.move, "numbers", number_ids=self.second.ids, is_bad_debt=True
        )
        self._refused(lambda: self._modify(self.move), "is not replaced as a whole")
        self.assertEqual(self._net(), 0.12)

    def test_a_credit_note_of_calls_is_not_reversed(self):
        """An invoice of 0.18 without a call would stand beside that of the call."""
        refund = self._give_back(self.move, "numbers", number_ids=self.second.ids)
        self._refused(lambda: self._reverse(refund), "so it is not reversed: reset")
        self._refused(lambda: self._modify(refund), "so it is not reversed: reset")
        refund.button_draft()
        self.assertEqual(self._net(), 0.30)
        self.assertEqual(self._calls().move_id, self.move)
        # So it is with a native one.
        refund.unlink()
        whole = self._reverse(self.move)
        whole.action_post()
        self._refused(lambda: self._reverse(whole), "so it is not reversed: reset")

    def test_a_dated_release_waits_for_its_day(self):
        """The rest is reversed: what is credited for later does not come free now."""
        self._give_back(
            self.move,
            "numbers",
            number_ids=self.second.ids,
            date_release=date(2099, 1, 1),
        )
        self._reverse(self.move).action_post()
        self.assertEqual(self._calls_of(self.second).state, "invoiced")
        self.assertEqual(set(self._calls_of(self.number).mapped("state")), {"rated"})
        self.assertEqual(self._invoice().amount_untaxed, 0.12)

    def test_reset_and_posted_again_beside_other_prices(self):
        """What came free costs something else now: the invoice is as it was."""
        self._give_back(self.move, "numbers", number_ids=self.second.ids)
        self._rerate(0.18)
        self.assertEqual(self._calls_of(self.second).price, 0.36)
        self.move.button_draft()
        self.move.action_post()
        self.assertEqual(self.move.amount_untaxed, 0.30)

    def test_an_invoice_of_a_waiting_credit_note_is_not_cancelled(self):
        draft = self._give_back(self.move, is_posted=False)
        self._refused(self.move.button_cancel, "is made of calls or fees of")
        draft.button_cancel()
        self.move.button_cancel()
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})


@tagged("post_install", "-at_install")
class TestFeesOnce(CreditedOnceCommon):
    """A fee is credited once, too: 9.90 beside 0.09 of calls."""

    def setUp(self):
        super().setUp()
        bundle = self._create_bundle("B", {"seconds": 1}, price=9.9)
        self._give_bundle(bundle, self.customer)
        self._process(row("L1", called=MOBILE, seconds=61))
        self.move = self._invoice()
        self.fee = self.move.invoice_line_ids.filtered("telecom_subscription_id")

    def test_a_fee_that_is_written_off(self):
        refund = self._give_back(
            self.move, "lines", line_ids=self.fee.ids, is_bad_debt=True
        )
        self.assertEqual(refund.amount_untaxed, 9.9)
        self.assertNotIn(self.fee, self._wizard(self.move).offered_line_ids)
        self.assertEqual(self._give_back(self.move).amount_untaxed, 0.09)
        self.assertEqual(self._net(), 0)

    def test_a_fee_that_is_given_back_later(self):
        self._give_back(
            self.move, "lines", line_ids=self.fee.ids, date_release=date(2099, 1, 1)
        )
        refund = self._reverse(self.move)
        self.assertEqual(refund.amount_untaxed, 0.09)
        refund.action_post()
        self.assertFalse(self.fee.telecom_is_released)
        self.assertEqual(self._net(), 0)

    def test_a_fee_that_waits_to_be_credited(self):
        """The calls alone are reversed, while a draft credits the fee."""
        draft = self._give_back(
            self.move, "lines", line_ids=self.fee.ids, is_posted=False
        )
        whole = self._reverse(self.move)
        self._refused(whole.action_post, "credits fees of this credit note, too")
        draft.button_cancel()
        whole.action_post()
        draft.button_draft()
        self._refused(draft.action_post, "credits fees of this credit note, too")
        self.assertEqual(self._net(), 0)

    def test_a_fee_with_a_discount_is_credited_with_it(self):
        self.move.button_draft()
        self.fee.discount = 50
        self.move.action_post()
        refund = self._give_back(self.move, "lines", line_ids=self.fee.ids)
        self.assertEqual(refund.amount_untaxed, 4.95)
        self.assertEqual(self._net(), 0.09)


@tagged("post_install", "-at_install")
class TestCorrectionsOnce(CreditedOnceCommon):
    """A correction is a bill as any other: 0.09 a minute become 0.18."""

    def setUp(self):
        super().setUp()
        self._process(
            row("K1", called=MOBILE, seconds=60),
            row("K2", called=MOBILE, seconds=60, start="2026-10-06 10:00:00"),
        )
        self.move = self._invoice()
        self.day = {"date_from": date(2026, 10, 6), "date_to": date(2026, 10, 6)}

    def _standing(self):
        return self._calls().correction_ids.filtered("is_standing")

    def test_a_withdrawn_reversal_of_a_correction(self):
        """It is billed again, so it stands again: nothing lacks."""
        correction = self._rerate(0.18)
        correction.action_post()
        self.assertEqual(correction.amount_untaxed, 0.18)
        refund = self._reverse(correction)
        refund.action_post()
        self.assertFalse(self._standing())
        refund.button_draft()
        self.assertEqual(len(self._standing()), 2)
        refund.unlink()
        self.assertFalse(self._again())

    def _again(self):
        """What a second re-rating would bill."""
        rerating = self.env["telecom.rerating"].create({"name": "Again"})
        rerating.action_propose()
        return rerating.invoiced_difference

    def test_a_correction_that_is_replaced(self):
        correction = self._rerate(0.18)
        correction.action_post()
        new = self._modify(correction)
        self.assertEqual((new.state, new.amount_untaxed), ("draft", 0.18))
        self.assertEqual(self._standing().move_id, new)
        self.assertEqual(new.telecom_rerating_id, correction.telecom_rerating_id)
        self.assertFalse(self._again())
        new.action_post()
        self.assertEqual(self._net(), 0.36)
        self.assertFalse(self._again())

    def test_after_a_part_of_it_was_credited(self):
        """0.18 + 0.18 of corrections; one call is credited: 0.09 + 0.09 are left."""
        correction = self._rerate(0.18)
        correction.action_post()
        refund = self._give_back(self.move, "dates", is_bad_debt=True, **self.day)
        self.assertEqual(refund.amount_untaxed, 0.18)
        rest = self._reverse(correction)
        self.assertEqual(rest.amount_untaxed, 0.09)
        rest.action_post()
        self.assertEqual(self._net(), 0.09)
        rest.button_draft()
        self.assertEqual(self._standing().call_id, self._calls()[0])

    def test_a_credit_note_of_calls_that_were_corrected_meanwhile(self):
        """It was made of 0.09, and they come to 0.18 now."""
        refund = self._give_back(self.move, "dates", is_posted=False, **self.day)
        self._rerate(0.18).action_post()
        self._refused(refund.action_post, "corrected since it was made")
        refund.unlink()
        refund = self._give_back(self.move, "dates", **self.day)
        self.assertEqual(refund.amount_untaxed, 0.18)
        self.assertEqual(self._net(), 0.18)

    def test_a_corrected_invoice_is_not_cancelled(self):
        correction = self._rerate(0.18)
        self.move.button_draft()
        self._refused(self.move.button_cancel, "is made of calls or fees of")
        self._refused(self.move.unlink, "is made of calls or fees of")
        correction.unlink()
        self.move.button_cancel()
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})

    def test_a_credited_correction_is_not_deleted(self):
        """The credit note would take off what was never billed."""
        correction = self._rerate(0.18)
        refund = self._give_back(self.move, "dates", **self.day)
        self.assertEqual(refund.amount_untaxed, 0.18)
        self._refused(correction.unlink, "is made of calls or fees of")
        self._refused(correction.button_cancel, "is made of calls or fees of")
        correction.action_post()
        self.assertEqual(self._net(), 0.18)

    def test_a_correction_is_what_its_calls_came_to(self):
        correction = self._rerate(0.18)
        line = correction.invoice_line_ids
        self.env.cr.execute(
            "UPDATE telecom_call_correction SET amount = 0.01 WHERE move_line_id = %s",
            [line.id],
        )
        self._refused(correction.action_post, "takes 0.18, but its calls come to 0.02")
        self.assertEqual(correction.state, "draft")

    def test_not_beside_a_later_correction(self):
        correction = self._rerate(0.18)
        correction.action_post()
        refund = self._reverse(correction)
        refund.action_post()
        self._rerate(0.27).action_post()
        self.assertEqual(self._net(), 0.54)
        self._refused(refund.button_draft, "corrected again meanwhile")


@tagged("post_install", "-at_install")
class TestSubCents(CreditedOnceCommon):
    """0.0045 each, 0.009 together, so a line of 0.01: it is credited to the cent."""

    def setUp(self):
        super().setUp()
        self._process(
            row("S1", called=MOBILE, seconds=3),
            row("S2", called=MOBILE, seconds=3, start="2026-10-06 10:00:00"),
        )
        self.move = self._invoice()
        disputes = self.env["telecom.dispute"]
        for call in self._calls():
            disputes += self._dispute(call)
        disputes.action_grant()
        self.first, self.second_dispute = disputes

    def _amounts(self):
        refunds = (self.first + self.second_dispute).refund_id
        return [
            (refund.state, refund.amount_untaxed) for refund in refunds.sorted("id")
        ]

    def test_the_first_of_two_drafts_goes(self):
        self.assertEqual(self._amounts(), [("draft", 0.01), ("draft", 0)])
        self.first.refund_id.unlink()
        self.assertEqual(self._amounts(), [("draft", 0.01)])
        self.second_dispute.refund_id.action_post()
        self.assertEqual(self._net(), 0)
        self.first.action_credit()
        self.assertEqual(self._amounts(), [("posted", 0.01), ("draft", 0)])
        self.first.refund_id.action_post()
        self.assertEqual(self._net(), 0)

    def test_the_second_goes(self):
        self.second_dispute.refund_id.unlink()
        self.assertEqual(self._amounts(), [("draft", 0.01)])
        self.first.refund_id.action_post()
        self.assertEqual(self._net(), 0)

    def test_the_second_is_posted_before_the_first_goes(self):
        """What is left is credited with the last of them."""
        self.second_dispute.refund_id.action_post()
        self.assertEqual(self._net(), 0.01)
        self.first.refund_id.unlink()
        self.first.action_credit()
        self.assertEqual(self._amounts(), [("posted", 0), ("draft", 0.01)])
        self.first.refund_id.action_post()
        self.assertEqual(self._net(), 0)

    def test_the_first_is_cancelled_and_comes_back(self):
        first = self.first.refund_id
        first.button_cancel()
        self.assertEqual(self._amounts(), [("cancel", 0.01), ("draft", 0.01)])
        first.button_draft()
        self.assertEqual(sum(amount for _state, amount in self._amounts()), 0.01)
        (first + self.second_dispute.refund_id).action_post()
        self.assertEqual(self._net(), 0)

    def test_a_draft_that_was_edited_is_still_found_out(self):
        second = self.second_dispute.refund_id
        second.invoice_line_ids.price_unit = 0.05
        self.first.refund_id.unlink()
        self._refused(second.action_post, "but takes 0.05 off")
        self.assertEqual(second.state, "draft")


@tagged("post_install", "-at_install")
class TestCancelledDrafts(CreditedOnceCommon):
    """A cancelled credit note waits for nothing."""

    def setUp(self):
        super().setUp()
        self._process(
            row("C1", called=MOBILE, seconds=60),
            row("C2", called=MOBILE, seconds=120),
        )
        self.move = self._invoice()

    def test_another_is_made_instead(self):
        draft = self._give_back(self.move, is_posted=False)
        self._refused(lambda: self._give_back(self.move), "not posted yet")
        draft.button_cancel()
        release = self.move.telecom_release_ids
        self.assertEqual(release.state, "cancelled")
        self.assertEqual(self._give_back(self.move).amount_untaxed, 0.27)
        # Back from the dead it finds its calls gone.
        draft.button_draft()
        self.assertEqual(release.state, "draft")
        self._refused(draft.action_post, "0 of them are still on")
        self.assertEqual(self._net(), 0)

    def test_a_dispute_is_granted_and_credited_beside_it(self):
        draft = self._give_back(self.move, is_posted=False)
        dispute = self._dispute(self._call(120))
        self._refused(dispute.action_grant, "not posted yet")
        draft.button_cancel()
        dispute.action_grant()
        self.assertEqual(dispute.refund_id.amount_untaxed, 0.18)

    def test_that_of_a_dispute_is_made_again(self):
        dispute = self._dispute(self._call(120))
        dispute.action_grant()
        cancelled = dispute.refund_id
        cancelled.button_cancel()
        self.assertTrue(dispute.is_to_credit)
        found = self.env["telecom.dispute"].search([("is_to_credit", "=", True)])
        self.assertEqual(found, dispute)
        dispute.action_credit()
        self.assertNotEqual(dispute.refund_id, cancelled)
        cancelled.button_draft()
        self._refused(cancelled.action_post, "credits 1 of the calls of this")
        cancelled.button_cancel()
        dispute.refund_id.action_post()
        self.assertEqual(self._net(), 0.09)

    def test_a_posted_one_that_is_cancelled(self):
        refund = self._give_back(self.move)
        refund.button_draft()
        refund.button_cancel()
        self.assertEqual(self._calls().move_id, self.move)
        self.assertEqual(self._give_back(self.move).amount_untaxed, 0.27)
        self.assertEqual(self._net(), 0)

    def test_uncancelled_it_is_posted(self):
        draft = self._give_back(self.move, is_posted=False)
        draft.button_cancel()
        draft.button_draft()
        draft.action_post()
        self.assertEqual(set(self._calls().mapped("state")), {"rated"})
        self.assertEqual(self._net(), 0)
