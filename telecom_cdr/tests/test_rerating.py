# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date
from unittest.mock import patch

from lxml import html

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from ..models import mixin_rerating_work, telecom_rerating
from ..models.call_table import read_all_calls, read_calls
from .common import MANAGER, READER, USER, TelecomCommon
from .test_rating import row

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


@tagged("post_install", "-at_install")
class TestRerating(TelecomCommon, AccountTestInvoicingCommon):
    """Landline 0.02 a minute by 60/60 and 0.05 to connect; mobile 0.09 by seconds."""

    @classmethod
    def _telecom_company(cls, name):
        cls.env.user.group_ids += cls.env.ref("telecom_cdr.group_telecom_manager")
        company = cls.company_data["company"]
        company.write(
            {
                "country_id": cls.env.ref("base.es").id,
                "telecom_tz": "Europe/Madrid",
                "currency_id": cls.env.ref("base.EUR").id,
            }
        )
        return company

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls.landline = cls.tariff.rate_ids.filtered(lambda r: r.category == "landline")
        cls.mobile = cls.tariff.rate_ids - cls.landline

    # === HELPERS === #

    def _invoice(self, partners=None, is_posted=False, date_to=LAST):
        moves = self.env["telecom.invoicing"]._invoice(
            partners or self.customer, FIRST, date_to
        )
        if is_posted:
            moves.invoice_date = LAST
            moves.action_post()
        return moves

    def _new_price(self, price, rate=None, date_start="2026-10-01 00:00:00"):
        """A price that comes late: in force before calls that are priced already."""
        rate = rate or self.tariff.rate_ids.filtered(
            lambda r: r.category == "mobile" and not r.date_end
        )
        successor = rate._succeed(date_start, {"price": price})
        self._forget_marks()
        self.env.flush_all()
        return successor

    def _propose(self, user=None, **values):
        rerating = self.env["telecom.rerating"].with_user(user or self.user)
        rerating = rerating.create({"name": "Test", **values})
        rerating.action_propose()
        self.env.invalidate_all()
        return rerating.with_env(self.env)

    def _apply(self, rerating):
        rerating.with_user(self.manager).action_apply()
        self.env.invalidate_all()
        return rerating

    def _outcomes(self, rerating):
        calls = self.env["telecom.rerating.call"].search(
            [("rerating_id", "=", rerating.id)]
        )
        return calls.sorted(lambda c: c.call_id.id).mapped(
            lambda c: (c.old_price, c.new_price, c.outcome)
        )

    def _mobile_calls(self, *seconds, **values):
        self._process(
            *(
                row(
                    f"M{index}",
                    called="600000099",
                    seconds=one,
                    start=f"2026-10-05 10:{index:02}:00",
                    **values,
                )
                for index, one in enumerate(seconds)
            )
        )

    def _prices(self):
        return self._calls().mapped("price")

    def _draws(self):
        self.env.invalidate_all()
        draws = self.env["telecom.bundle.draw"].search(
            [("call_id", "in", self._calls().ids)], order="call_id"
        )
        return {draw.call_id.duration: draw.quantity for draw in draws}

    # === CALLS THAT ARE NOT INVOICED === #

    def test_new_price_beside_old_then_applied(self):
        self._process(row("L1", seconds=61))
        self._mobile_calls(60, 30)
        self._new_price(0.12)
        rerating = self._propose()
        self.assertEqual(self._prices(), [0.09, 0.09, 0.045])
        self.assertEqual(
            (rerating.state, rerating.call_count, rerating.changed_count),
            ("proposed", 3, 2),
        )
        self.assertEqual(
            self._outcomes(rerating),
            [(0.09, 0.12, "proposed"), (0.045, 0.06, "proposed")],
        )
        self.assertRecordValues(
            rerating.line_ids.sorted("category"),
            [
                {
                    "partner_id": self.customer.id,
                    "category": "landline",
                    "is_invoiced": False,
                    "call_count": 1,
                    "changed_count": 0,
                    "old_amount": 0.09,
                    "new_amount": 0.09,
                    "difference": 0,
                },
                {
                    "partner_id": self.customer.id,
                    "category": "mobile",
                    "is_invoiced": False,
                    "call_count": 2,
                    "changed_count": 2,
                    "old_amount": 0.135,
                    "new_amount": 0.18,
                    "difference": 0.045,
                },
            ],
        )
        self._apply(rerating)
        self.assertEqual(rerating.state, "applied")
        self.assertEqual(self._prices(), [0.09, 0.12, 0.06])
        self.assertEqual(self._calls()[1].rate_id.price, 0.12)
        self.assertFalse(rerating.move_ids)
        self.assertTrue(self._calls()[1].rate_id.is_telecom_used)

    def test_the_same_selection_twice_changes_nothing(self):
        """Law 2."""
        self._mobile_calls(60, 30)
        self._new_price(0.12)
        self._apply(self._propose())
        again = self._propose()
        self.assertEqual((again.call_count, again.changed_count), (2, 0))
        self.assertFalse(self._outcomes(again))
        with self.assertRaisesRegex(UserError, "Nothing would change"):
            again.with_user(self.manager).action_apply()

    def test_second_click_finds_it_done(self):
        self._mobile_calls(60)
        self._new_price(0.12)
        rerating = self._apply(self._propose())
        with self.assertRaisesRegex(UserError, "the re-rating is 'Applied'"):
            rerating.with_user(self.manager).action_apply()
        self.assertEqual(self._prices(), [0.12])

    def test_apply_is_what_rating_does(self):
        """The results of a proposal are those that telecom.rating would write."""
        self._process(
            row("A1", called="00442079460001"),
            row("A2", caller="910000077", called="600000099"),
            row("A3", called="600000099", seconds=0),
        )
        self._mobile_calls(61)
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "prefix": "44", "price": 0.6}
        )
        self._create_number(
            "+34910000077", self._create_customer("Two"), date_start="2026-10-01"
        )
        self._new_price(0.12)
        self._apply(self._propose())
        self.assertEqual(self._calls().action_rate(), 0)
        self.assertEqual(
            self._calls().mapped("state"), ["rated", "rated", "rated", "rated"]
        )

    def test_selections(self):
        two = self._create_customer("Two")
        number = self._create_number("+34910000002", two)
        self._mobile_calls(60)
        second = self._process(
            row(
                "B1",
                caller="910000002",
                called="600000099",
                start="2026-10-09 09:00:00",
            ),
            row("B2", caller="910000002"),
            name="second.csv",
        )
        self._new_price(0.18)
        cases = (
            ({}, 2),
            ({"date_from": "2026-10-06"}, 1),
            ({"date_to": "2026-10-06"}, 1),
            ({"partner_ids": self.customer.ids}, 1),
            ({"partner_ids": (self.customer + two).ids}, 2),
            ({"number_ids": number.ids}, 1),
            ({"tariff_ids": self.tariff.ids}, 2),
            ({"carrier_ids": self.carrier.ids}, 2),
            ({"file_ids": second.ids}, 1),
            ({"scope": "open"}, 2),
            ({"scope": "invoiced"}, 0),
            ({"call_domain": "[('duration', '>', 60)]"}, 0),
        )
        for values, count in cases:
            with self.subTest(values=values):
                self.assertEqual(self._propose(**values).changed_count, count)

    def test_started_from_lists(self):
        self._mobile_calls(60, 30)
        calls = self._calls()
        model = self.env["telecom.rerating"].with_user(self.user)
        for records, count in (
            (calls[0], 1),
            (self.customer, 2),
            (self.number, 2),
            (self.tariff, 2),
            (self.source.file_ids, 2),
            (self.carrier, 2),
        ):
            with self.subTest(model=records._name):
                action = model._action_for(records)
                rerating = model.browse(action["res_id"])
                rerating.action_propose()
                self.assertEqual(rerating.call_count, count)

    # === INVOICED CALLS === #

    def test_dearer_calls_are_billed_once(self):
        """Law 5: 3 x 0.015 + 0.0037 = 0.0487, rounded once: 0.05."""
        self._mobile_calls(60, 60, 60, 15)
        origin = self._invoice(is_posted=True)
        self._new_price(0.105)
        rerating = self._propose()
        self.assertEqual(
            (rerating.invoiced_count, rerating.open_count, rerating.left_out_count),
            (4, 0, 0),
        )
        self._apply(rerating)
        move = rerating.move_ids
        self.assertRecordValues(
            move,
            [
                {
                    "move_type": "out_invoice",
                    "state": "draft",
                    "partner_id": self.customer.id,
                    "amount_untaxed": 0.05,
                    "ref": f"Correction of {origin.name}",
                }
            ],
        )
        line = move.invoice_line_ids
        self.assertEqual(line.product_id.default_code, "CM")
        self.assertIn(origin.name, line.name)
        self.assertIn("4 calls", line.name)
        self.assertEqual(
            self._calls().mapped(lambda c: (c.state, c.price)),
            [("invoiced", 0.09)] * 3 + [("invoiced", 0.0225)],
        )
        self.assertEqual(
            self._calls().mapped(lambda c: c.correction_ids.amount),
            [0.015, 0.015, 0.015, 0.0038],
        )
        again = self._propose()
        self.assertEqual((again.call_count, again.changed_count), (4, 0))
        move.action_post()
        self.assertEqual(self._propose().changed_count, 0)

    def test_cheaper_calls_are_credited(self):
        self._mobile_calls(600)
        self._process(row("L1", seconds=60, start="2026-10-06 10:00:00"))
        self._invoice(is_posted=True)
        self._new_price(0.03)
        self._new_price(0.03, rate=self.landline)
        rerating = self._apply(self._propose())
        move = rerating.move_ids
        self.assertEqual((move.move_type, move.amount_untaxed), ("out_refund", 0.59))
        self.assertEqual(
            move.invoice_line_ids.mapped(
                lambda line: (line.product_id.default_code, line.price_subtotal)
            ),
            [("CF", -0.01), ("CM", 0.6)],
        )

    def test_late_price_trues_up_what_was_invoiced(self):
        """Invoiced at a provisional price; the final one is dearer, then corrected."""
        self._mobile_calls(60)
        self._invoice(is_posted=True)
        self._new_price(0.2)
        first = self._apply(self._propose())
        self.assertEqual(first.move_ids.amount_untaxed, 0.11)
        first.move_ids.action_post()
        rate = self.tariff.rate_ids.filtered(lambda r: r.price == 0.2)
        self.env.cr.execute(
            "UPDATE telecom_rate SET price = 0.15 WHERE id = %s", rate.ids
        )
        self.env.invalidate_all()
        second = self._propose()
        self.assertEqual(second.invoiced_difference, -0.05)
        self._apply(second)
        self.assertEqual(
            (second.move_ids.move_type, second.move_ids.amount_untaxed),
            ("out_refund", 0.05),
        )
        self.assertEqual(
            sorted(self._calls().correction_ids.mapped("amount")), [-0.05, 0.11]
        )
        self.assertEqual(self._propose().changed_count, 0)

    def test_open_and_invoiced_calls_of_several_customers(self):
        two = self._create_customer("Two")
        self._create_number("+34910000002", two)
        self._mobile_calls(60)
        self._process(
            row("B1", caller="910000002", called="600000099", seconds=120), name="b.csv"
        )
        self._invoice(self.customer + two, is_posted=True)
        self._process(
            row(
                "B2",
                caller="910000002",
                called="600000099",
                start="2026-10-20 10:00:00",
            ),
            name="c.csv",
        )
        self._new_price(0.12)
        rerating = self._apply(self._propose())
        self.assertEqual((rerating.invoiced_count, rerating.open_count), (2, 1))
        self.assertEqual(
            sorted(
                rerating.move_ids.mapped(
                    lambda m: (m.partner_id.name, m.amount_untaxed)
                )
            ),
            [("Customer One", 0.03), ("Two", 0.06)],
        )
        self.assertEqual(self._calls(("state", "=", "rated")).price, 0.12)

    def test_deleted_draft_lets_its_corrections_go(self):
        self._mobile_calls(60)
        self._invoice(is_posted=True)
        self._new_price(0.12)
        rerating = self._apply(self._propose())
        rerating.move_ids.unlink()
        self.env.invalidate_all()
        self.assertFalse(self._calls().correction_ids)
        self.assertEqual(self._propose().changed_count, 1)

    def test_cancelled_correction_counts_no_more(self):
        self._mobile_calls(60)
        self._invoice(is_posted=True)
        self._new_price(0.12)
        move = self._apply(self._propose()).move_ids
        move.button_cancel()
        self._apply(self._propose())
        with self.assertRaisesRegex(UserError, "corrected again meanwhile"):
            move.button_draft()
        self.assertEqual(self._propose().changed_count, 0)

    def test_reversed_correction_counts_no_more(self):
        self._mobile_calls(60)
        self._invoice(is_posted=True)
        self._new_price(0.12)
        move = self._apply(self._propose()).move_ids
        move.invoice_date = LAST
        move.action_post()
        move._reverse_moves([{"invoice_date": LAST}]).action_post()
        self.assertTrue(self._calls().correction_ids.is_released)
        self.assertEqual(self._propose().invoiced_difference, 0.03)

    def test_credited_invoice_and_correction_stay_together(self):
        """The call is invoiced again at the new price: its correction goes first."""
        self._mobile_calls(600)
        origin = self._invoice(is_posted=True)
        self._new_price(0.12)
        correction = self._apply(self._propose()).move_ids
        correction.action_post()
        reversal = origin._reverse_moves([{"invoice_date": LAST}])
        refused = self.assertRaisesRegex(UserError, "have been corrected by")
        with refused, self.cr.savepoint():
            reversal.action_post()
        self.env.invalidate_all()
        correction._reverse_moves([{"invoice_date": LAST}]).action_post()
        reversal.action_post()
        self._calls().action_rate()
        self._invoice(is_posted=True)
        self.assertEqual(self._prices(), [1.2])
        rerating = self._propose()
        self.assertEqual(rerating.invoiced_difference, 0)

    def test_less_than_a_cent_is_remembered_too(self):
        self._mobile_calls(10)
        self._invoice(is_posted=True)
        self._new_price(0.1)
        rerating = self._apply(self._propose())
        self.assertFalse(rerating.move_ids)
        self.assertEqual(self._calls().correction_ids.amount, 0.0017)
        self.assertEqual(self._propose().changed_count, 0)

    def test_what_cannot_be_corrected_is_told(self):
        self._mobile_calls(60)
        self._process(
            row("X1", called="00442079460001", start="2026-10-07 10:00:00"),
            name="x.csv",
        )
        rate = self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "prefix": "44", "price": 0.6}
        )
        self._calls().action_rate()
        self._invoice(is_posted=True)
        self.env.cr.execute(
            "UPDATE telecom_rate SET date_end = '2026-10-01' WHERE id = %s", rate.ids
        )
        heir = self._create_customer("Heir")
        self.env.cr.execute(
            "UPDATE telecom_number SET date_end = '2026-10-05' WHERE id = %s",
            self.number.ids,
        )
        self._create_number(
            "+34910000001", heir, date_start="2026-10-05", date_end="2026-10-06"
        )
        self._create_number("+34910000001", self.customer, date_start="2026-10-06")
        self._forget_marks()
        rerating = self._propose()
        self.assertEqual((rerating.changed_count, rerating.left_out_count), (0, 2))
        self.assertEqual(
            [outcome for _old, _new, outcome in self._outcomes(rerating)],
            ["other_customer", "no_price"],
        )
        with self.assertRaisesRegex(UserError, "Nothing would change"):
            rerating.with_user(self.manager).action_apply()

    # === BUNDLES === #

    def _bundle_of_minute(self, seconds=60):
        mobile = self.env.ref("telecom_cdr.telecom_call_category_mobile")
        bundle = self._create_bundle(
            "MOBILE", {"seconds": seconds, "category_ids": [Command.set(mobile.ids)]}
        )
        bundle.product_id = False
        return bundle

    def test_allowances_are_given_back_first(self):
        """A rate with grace frees the first call: the second takes its minute."""
        self._give_bundle(self._bundle_of_minute(), self.customer)
        self._mobile_calls(20, 50)
        self.assertEqual(
            (self._prices(), self._draws()), ([0, 0.015], {20: 20, 50: 40})
        )
        self.mobile._succeed("2026-10-01 00:00:00", {"grace": 30})
        self._forget_marks()
        rerating = self._propose(call_domain="[('duration', '=', 20)]")
        self.assertEqual(rerating.changed_count, 2)
        self.assertEqual(self._draws(), {20: 20, 50: 40})
        self.assertEqual(
            rerating.bundle_ids.mapped(lambda b: (b.old_quantity, b.new_quantity)),
            [(60, 50)],
        )
        self._apply(rerating)
        self.assertEqual((self._prices(), self._draws()), ([0, 0], {50: 50}))
        self.assertEqual(self._propose().changed_count, 0)
        self.assertEqual(self._calls().action_rate(), 0)

    def test_forgotten_bundle_is_credited(self):
        """Invoiced calls come first, in the order of their invoices."""
        self._mobile_calls(40, 50)
        self._invoice(is_posted=True)
        self._process(
            row("Z1", called="600000099", seconds=30, start="2026-10-05 09:00:00"),
            name="z.csv",
        )
        self.assertEqual(self._prices(), [0.045, 0.06, 0.075])
        self._give_bundle(self._bundle_of_minute(), self.customer)
        self._forget_marks()
        rerating = self._apply(self._propose())
        self.assertEqual(
            self._outcomes(rerating),
            [(0.06, 0, "corrected"), (0.075, 0.045, "corrected")],
        )
        self.assertEqual(rerating.move_ids.move_type, "out_refund")
        self.assertEqual(rerating.move_ids.amount_untaxed, 0.09)
        self.assertEqual(self._draws(), {40: 40, 50: 20})
        self.assertEqual(self._propose().changed_count, 0)
        self._calls().action_rate()
        self.assertEqual(self._draws(), {40: 40, 50: 20})
        usage = self.env["telecom.bundle.usage"].search([("used", ">", 0)])
        self.assertEqual(usage.mapped("used"), [60])

    def test_without_a_change_late_calls_do_not_move_allowances(self):
        """Law 3: what invoiced calls took stands, though a later file began earlier."""
        self._give_bundle(self._bundle_of_minute(), self.customer)
        self._mobile_calls(40, 50)
        self._invoice(is_posted=True)
        self._process(
            row("Z1", called="600000099", seconds=30, start="2026-10-05 09:00:00"),
            name="z.csv",
        )
        self._invoice(is_posted=True)
        rerating = self._propose()
        self.assertEqual((rerating.call_count, rerating.changed_count), (3, 0))
        self.assertFalse(rerating.bundle_ids)

    def test_corrected_call_is_explained_to_its_end(self):
        self._mobile_calls(40, 50)
        origin = self._invoice(is_posted=True)
        self._give_bundle(self._bundle_of_minute(), self.customer)
        self._forget_marks()
        rerating = self._apply(self._propose(name="Forgotten bundle"))
        rerating.move_ids.action_post()
        wizard = self.env["telecom.call.explanation"].create(
            {"call_id": self._calls()[1].id}
        )
        page = str(wizard.steps)
        self.assertNotIn("alert-warning", page)
        self.assertNotIn("From the bundle", page)
        text = " ".join(html.fromstring(page).text_content().split())
        self.assertIn(f"By {rerating.move_ids.name}, from Forgotten bundle.", text)
        self.assertRegex(text, r"0\.075 €.*-0\.03 €.*In all .* 0\.045 €$")
        self.assertNotEqual(origin, rerating.move_ids)

    def test_tiers_of_the_month_are_counted_anew(self):
        """The first 60 s at 0.09, then 0.06: a free call moves the edge."""
        self.env.cr.execute("DELETE FROM telecom_rate WHERE id = %s", self.mobile.ids)
        self.env.invalidate_all()
        rate = self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "category": "mobile",
                "price": 0.09,
                "volume_unit": "seconds",
                "tier_ids": [
                    Command.create(
                        {
                            "kind": "volume",
                            "start": 60,
                            "has_price": True,
                            "price": 0.06,
                        }
                    )
                ],
            }
        )
        self._mobile_calls(20, 60, 120)
        self._calls().action_rate()
        self.assertEqual(self._prices(), [0.03, 0.08, 0.12])
        self._invoice(is_posted=True, date_to=date(2026, 10, 5))
        self._process(
            row("T4", called="600000099", start="2026-10-20 10:00:00"), name="t.csv"
        )
        self.assertEqual(self._prices(), [0.03, 0.08, 0.12, 0.06])
        self.assertEqual(self._propose().changed_count, 0)
        rate._succeed("2026-10-01 00:00:00", {"grace": 60})
        self._forget_marks()
        rerating = self._apply(self._propose())
        self.assertEqual(
            [one[:2] for one in self._outcomes(rerating)],
            [(0.03, 0), (0.08, 0), (0.12, 0.15), (0.06, 0)],
        )
        self.assertEqual(rerating.move_ids.amount_untaxed, 0.08)
        self.assertEqual(self._propose().changed_count, 0)

    def test_periods_begin_on_the_billing_day(self):
        self.customer.telecom_billing_day = 15
        self._give_bundle(self._bundle_of_minute(), self.customer)
        self._mobile_calls(20, 50)
        self._process(
            row("P3", called="600000099", seconds=45, start="2026-10-20 10:00:00"),
            name="p.csv",
        )
        self.assertEqual(self._prices(), [0, 0.015, 0])
        self.mobile._succeed("2026-10-01 00:00:00", {"grace": 30})
        self._forget_marks()
        rerating = self._apply(self._propose())
        self.assertEqual(self._draws(), {50: 50, 45: 45})
        self.assertEqual(
            rerating.bundle_ids.mapped("period_start"), [date(2026, 9, 15)]
        )

    def test_undo_gives_allowances_back(self):
        self._mobile_calls(40, 50)
        self._invoice(is_posted=True)
        self._give_bundle(self._bundle_of_minute(), self.customer)
        self._forget_marks()
        rerating = self._apply(self._propose())
        self.assertEqual(self._draws(), {40: 40, 50: 20})
        rerating.with_user(self.manager).action_undo()
        self.env.invalidate_all()
        self.assertEqual(self._draws(), {})
        self.assertFalse(rerating.move_ids)
        self.assertFalse(self._calls().correction_ids)

    def test_undo_restores_draws_of_open_calls(self):
        self._give_bundle(self._bundle_of_minute(), self.customer)
        self._mobile_calls(20, 50)
        self.mobile._succeed("2026-10-01 00:00:00", {"grace": 30})
        self._forget_marks()
        rerating = self._apply(self._propose())
        self.assertEqual((self._prices(), self._draws()), ([0, 0], {50: 50}))
        rerating.with_user(self.manager).action_undo()
        self.assertEqual(
            (self._prices(), self._draws()), ([0, 0.015], {20: 20, 50: 40})
        )
        self.assertEqual(rerating.state, "undone")

    def test_allowances_that_changed_since_are_left_out(self):
        self._give_bundle(self._bundle_of_minute(), self.customer)
        self._mobile_calls(20, 50)
        self.mobile._succeed("2026-10-01 00:00:00", {"grace": 30})
        self._forget_marks()
        rerating = self._propose()
        self._process(
            row("Z1", called="600000099", seconds=60, start="2026-10-05 09:00:00"),
            name="z.csv",
        )
        before = self._prices(), self._draws()
        self._apply(rerating)
        self.assertEqual((self._prices(), self._draws()), before)
        self.assertTrue(rerating.left_out_count)

    # === WHAT HAPPENS BETWEEN PROPOSAL AND APPLICATION === #

    def test_invoiced_since(self):
        self._mobile_calls(60, 30)
        self._new_price(0.12)
        rerating = self._propose()
        self._process(
            row("W", called="600000099", start="2026-11-02 10:00:00"), name="w.csv"
        )
        self._invoice()
        self._apply(rerating)
        self.assertEqual(
            self._outcomes(rerating),
            [(0.09, 0.12, "kept_invoiced"), (0.045, 0.06, "kept_invoiced")],
        )
        self.assertEqual(self._prices()[:2], [0.09, 0.045])
        self.assertEqual(rerating.left_out_count, 2)

    def test_rated_again_since(self):
        self._mobile_calls(60, 30)
        self._new_price(0.12)
        rerating = self._propose()
        self._calls()[0].action_rate()
        self.env.cr.execute(
            "UPDATE telecom_call SET price = 7 WHERE id = %s", self._calls()[1].ids
        )
        self._apply(rerating)
        self.assertEqual(
            self._outcomes(rerating),
            [(0.09, 0.12, "done_before"), (0.045, 0.06, "kept_changed")],
        )
        self.assertEqual(self._prices(), [0.12, 7])

    def test_two_proposals_bill_a_difference_once(self):
        self._mobile_calls(60)
        self._invoice(is_posted=True)
        self._new_price(0.12)
        one, two = self._propose(), self._propose()
        self._apply(one)
        self._apply(two)
        self.assertEqual(one.move_ids.amount_untaxed, 0.03)
        self.assertFalse(two.move_ids)
        self.assertEqual(self._outcomes(two), [(0.09, 0.12, "kept_corrected")])

    def test_credited_since(self):
        self._mobile_calls(60)
        origin = self._invoice(is_posted=True)
        self._new_price(0.12)
        rerating = self._propose()
        origin._reverse_moves([{"invoice_date": LAST}]).action_post()
        self._apply(rerating)
        self.assertFalse(rerating.move_ids)
        self.assertEqual(rerating.left_out_count, 1)

    def _grant(self):
        """The first call is disputed, found wrong and credited."""
        dispute = self.env["telecom.dispute"].create({"call_id": self._calls()[0].id})
        dispute.action_grant()
        return dispute.refund_id

    def test_a_credited_call_is_not_corrected(self):
        """0.09 of 0.27 are credited for good; the other call costs 0.06 more."""
        self._mobile_calls(60, 120)
        self._invoice(is_posted=True)
        refund = self._grant()
        self.assertEqual(refund.amount_untaxed, 0.09)
        refund.action_post()
        self._new_price(0.12)
        rerating = self._propose()
        self.assertEqual(self._outcomes(rerating), [(0.18, 0.24, "proposed")])
        self.assertEqual(rerating.invoiced_difference, 0.06)
        self._apply(rerating)
        self.assertEqual(rerating.move_ids.amount_untaxed, 0.06)

    def test_credited_to_be_given_back_later(self):
        """What waits to be invoiced anew is priced anew then, not corrected now."""
        self._mobile_calls(60)
        origin = self._invoice(is_posted=True)
        wizard = self.env["telecom.release.wizard"].create(
            {"move_id": origin.id, "date_release": "2126-12-01", "is_posted": True}
        )
        wizard.action_credit()
        self.assertEqual(origin.telecom_release_ids.state, "credited")
        self._new_price(0.12)
        rerating = self._propose()
        self.assertFalse(self._outcomes(rerating))
        self.assertEqual(rerating.invoiced_difference, 0)

    def test_disputed_since(self):
        """Proposed for 0.03 + 0.06, then 0.09 are credited: 0.06 are billed."""
        self._mobile_calls(60, 120)
        self._invoice(is_posted=True)
        self._new_price(0.12)
        rerating = self._propose()
        self.assertEqual(rerating.invoiced_difference, 0.09)
        self._grant().action_post()
        self._apply(rerating)
        self.assertEqual(
            [outcome for *_prices, outcome in self._outcomes(rerating)],
            ["kept_changed", "corrected"],
        )
        self.assertEqual(rerating.move_ids.amount_untaxed, 0.06)

    def test_price_at_the_time_of_the_proposal_counts(self):
        """What was looked at is what is applied, though the rate has changed since."""
        self._mobile_calls(60)
        rate = self._new_price(0.12)
        rerating = self._propose()
        self.env.cr.execute("UPDATE telecom_rate SET price = 9 WHERE id = %s", rate.ids)
        self._apply(rerating)
        self.assertEqual(self._prices(), [0.12])

    # === UNDO, DISCARD === #

    def test_undo(self):
        self._mobile_calls(60, 30)
        self._invoice(is_posted=True, date_to=date(2026, 10, 5))
        self._process(
            row("O1", called="600000099", start="2026-10-20 10:00:00"), name="o.csv"
        )
        old_rate = self._calls()[2].rate_id
        self._new_price(0.12)
        rerating = self._apply(self._propose())
        self.assertEqual(rerating.move_ids.amount_untaxed, 0.05)
        rerating.with_user(self.manager).action_undo()
        self.env.invalidate_all()
        self.assertEqual(rerating.state, "undone")
        self.assertFalse(rerating.move_ids)
        self.assertFalse(self._calls().correction_ids)
        self.assertEqual(self._prices(), [0.09, 0.045, 0.09])
        self.assertEqual(self._calls()[2].rate_id, old_rate)
        rerating.action_propose()
        self.assertEqual(rerating.changed_count, 3)

    def test_undo_leaves_what_was_invoiced_since(self):
        self._mobile_calls(60, 30)
        self._new_price(0.12)
        rerating = self._apply(self._propose())
        self._invoice()
        rerating.with_user(self.manager).action_undo()
        self.assertEqual(self._prices(), [0.12, 0.06])
        self.assertEqual(
            [one[2] for one in self._outcomes(rerating)], ["kept_since"] * 2
        )

    def test_posted_corrections_are_not_undone(self):
        self._mobile_calls(60)
        self._invoice(is_posted=True)
        self._new_price(0.12)
        rerating = self._apply(self._propose())
        move = rerating.move_ids
        move.invoice_date = LAST
        move.action_post()
        with self.assertRaisesRegex(UserError, "is posted, so this cannot be undone"):
            rerating.with_user(self.manager).action_undo()
        self.assertEqual((rerating.state, move.state), ("applied", "posted"))

    def test_discard_forgets_it(self):
        self._mobile_calls(60)
        self._new_price(0.12)
        rerating = self._propose()
        rerating.action_discard()
        self.assertEqual(rerating.state, "discarded")
        self.assertFalse(self._outcomes(rerating))
        self.assertFalse(rerating.line_ids)
        with self.assertRaisesRegex(UserError, "'Discarded'"):
            rerating.with_user(self.manager).action_apply()
        rerating.action_propose()
        self.assertEqual(rerating.changed_count, 1)

    def test_selection_of_a_proposal_stays(self):
        self._mobile_calls(60)
        rerating = self._propose()
        with self.assertRaisesRegex(UserError, "stay those that were selected"):
            rerating.with_user(self.user).scope = "open"
        rerating.action_discard()
        rerating.with_user(self.user).scope = "open"
        rerating.action_propose()
        self.assertEqual(rerating.state, "proposed")

    def test_applied_is_kept(self):
        self._mobile_calls(60)
        self._new_price(0.12)
        rerating = self._apply(self._propose())
        with self.assertRaisesRegex(UserError, "What was applied is kept"):
            rerating.unlink()
        self._propose().unlink()

    # === IN THE BACKGROUND, STEP BY STEP === #

    def test_many_calls_go_on_in_the_background(self):
        self._mobile_calls(60, 30, 20)
        self._new_price(0.12)
        with (
            patch.object(telecom_rerating, "AT_ONCE", 0),
            patch.object(mixin_rerating_work, "BATCH", 1),
        ):
            rerating = self._propose()
            self.assertEqual((rerating.state, rerating.work), ("draft", "propose"))
            with self.assertRaisesRegex(UserError, "'Computing'"):
                rerating.action_propose()
            self._run_cron("rerate")
            self.assertEqual((rerating.state, rerating.work), ("proposed", False))
            self.assertEqual(rerating.changed_count, 3)
            self.assertEqual(len(rerating.line_ids), 1)
            self._apply(rerating)
            self.assertEqual(rerating.work, "apply")
            self._run_cron("rerate")
        self.assertEqual(rerating.state, "applied")
        self.assertEqual(self._prices(), [0.12, 0.06, 0.04])
        self.assertIn("3 of 3 calls", rerating.message_ids[0].body)

    def test_goes_on_after_a_crash(self):
        """Law 8: whatever step was the last, the end is the same."""
        self._give_bundle(self._bundle_of_minute(), self.customer)
        two = self._create_customer("Two")
        self._create_number("+34910000002", two)
        self._mobile_calls(40, 50)
        self._process(
            row("B1", caller="910000002", called="600000099", seconds=120),
            row(
                "B2",
                caller="910000002",
                called="600000099",
                start="2026-10-08 10:00:00",
            ),
            name="b.csv",
        )
        self._invoice(two, is_posted=True, date_to=date(2026, 10, 6))
        self._new_price(0.12)
        with (
            patch.object(telecom_rerating, "AT_ONCE", 0),
            patch.object(mixin_rerating_work, "BATCH", 1),
            patch.object(mixin_rerating_work, "PERIODS", 1),
        ):
            rerating = self._propose().sudo()
            self._crash_again_and_again(rerating)
            self.assertEqual(rerating.changed_count, 4)
            self._apply(rerating)
            self._crash_again_and_again(rerating)
        self.assertEqual(rerating.state, "applied")
        self.assertEqual(self._prices(), [0, 0.18, 0.06, 0.12])
        self.assertEqual(rerating.move_ids.amount_untaxed, 0.06)
        self.assertEqual(self._draws(), {40: 40, 50: 20})

    def _crash_again_and_again(self, rerating):
        """Each run ends after one step."""
        for _run in range(30):
            if not rerating.work:
                return
            rerating._work_through(lambda: False)
            self.env.invalidate_all()
        self.fail("it does not come to its end")

    # === RIGHTS === #

    def test_user_proposes_manager_applies(self):
        self._mobile_calls(60)
        self._new_price(0.12)
        rerating = self._propose(self.user)
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            rerating.with_user(self.user).action_apply()
        self.assertEqual(self._prices(), [0.09])
        self._apply(rerating)
        with self.assertRaisesRegex(AccessError, "Only a manager"):
            rerating.with_user(self.user).action_undo()
        self.assertEqual(self._prices(), [0.12])

    def test_manager_needs_no_accounting_rights(self):
        self._mobile_calls(60)
        self._invoice(is_posted=True)
        self._new_price(0.12)
        rerating = self._apply(self._propose(self.manager))
        self.assertEqual(rerating.sudo().move_ids.state, "draft")

    def test_reader_reads_only(self):
        reader = self._new_user("reader", READER)
        self._mobile_calls(60)
        self._new_price(0.12)
        rerating = self._propose()
        self.assertEqual(rerating.with_user(reader).changed_count, 1)
        with self.assertRaises(AccessError):
            rerating.with_user(reader).action_discard()
        with self.assertRaises(AccessError):
            self._propose(reader)
        self.assertEqual(rerating.state, "proposed")

    def test_margins_are_for_who_may_see_costs(self):
        insider = self._new_user("insider", f"{USER},telecom_cdr.group_telecom_cost")
        self._mobile_calls(60, amount="0.05")
        self._new_price(0.12)
        rerating = self._propose()
        line = rerating.line_ids
        self.assertEqual(line.with_user(insider).margin_difference, 0.03)
        self.assertEqual(rerating.with_user(insider).margin_difference, 0.03)
        for model, names in (
            (line, ("margin_difference", "old_cost")),
            (rerating, ("margin_difference",)),
            (
                self.env["telecom.rerating.call"].search([], limit=1),
                ("new_margin", "old_cost"),
            ),
        ):
            for name in names:
                with self.subTest(name=name), self.assertRaises(AccessError):
                    model.with_user(self.user).read([name])

    def test_nobody_selects_by_a_hidden_cost(self):
        with self.assertRaises(AccessError):
            self._propose(call_domain="[('cost', '>', 1)]")
        with self.assertRaisesRegex(UserError, "cannot be searched by"):
            self._propose(call_domain="[('nothing', '=', 1)]")
        with self.assertRaisesRegex(UserError, "cannot be searched by"):
            self._propose(call_domain="__import__('os')")

    def test_companies_are_apart(self):
        """Law 7."""
        self._mobile_calls(60)
        self._new_price(0.12)
        rerating = self._propose()
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self._new_user("stranger", MANAGER)
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        elsewhere = self.env(user=stranger, context={"allowed_company_ids": other.ids})
        for model in ("", ".call", ".line"):
            records = elsewhere[f"telecom.rerating{model}"]
            self.assertFalse(records.search([]))
        with self.assertRaises(AccessError):
            rerating.with_env(elsewhere).action_apply()
        foreign = elsewhere["telecom.rerating"].create({"name": "F"})
        foreign.action_propose()
        self.assertEqual(foreign.call_count, 0)

    def test_readers_of_calls_read_the_same_columns(self):
        """What the engine learns to ask of calls, a re-rating asks as well."""
        self._mobile_calls(60)
        ids = SQL("(SELECT id FROM telecom_call)")
        plain = read_calls(self.env, ids, 0, 10)
        both = read_all_calls(self.env, ids, 0, 10)
        self.assertFalse(set(plain.columns) - set(both.columns))
        self.assertTrue(both[list(plain.columns)].equals(plain))

    def test_a_million_calls_are_one_statement_a_batch(self):
        """The number of statements does not grow with the calls."""
        self._mobile_calls(*range(1, 31))
        self._new_price(0.12)
        rerating = self.env["telecom.rerating"].create({"name": "Few"})
        with self.assertQueryCount(150):
            rerating.action_propose()
        self.assertEqual(rerating.changed_count, 30)
