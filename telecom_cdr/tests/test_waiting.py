# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import HEADER, MANAGER, READER, USER, TelecomCommon
from .test_rating import row

UNKNOWN = "910000077"


@tagged("post_install", "-at_install")
class TestWaiting(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls.reader = cls._new_user("reader", READER)
        cls.file = cls._process(
            row("U1", caller=UNKNOWN, seconds=60, amount="0.01"),
            row("U2", caller=UNKNOWN, seconds=30, start="2026-10-04 09:00:00"),
            row("U3", caller="910000088", amount="0.02"),
            row("N1", called="00442079460001", amount="0.50"),
            row("N2", called="00442079460002", seconds=120, amount="0.90"),
            row("L1", amount="9"),
            row("G1", called="600000099", amount="0.001"),
            "bad row",
        )

    def _rows(self, cause=None, user=None):
        domain = [("company_id", "=", self.company.id)]
        if cause:
            domain.append(("cause", "=", cause))
        return (
            self.env["telecom.waiting"].with_user(user or self.env.uid).search(domain)
        )

    def _told(self, cause):
        return [(one.name, one.record_count, one.duration) for one in self._rows(cause)]

    def test_all_causes_stand_side_by_side(self):
        self._upload(self.file.name and HEADER + row("H1") + "\n", "a.csv")
        held = self._upload(HEADER + row("H1") + "\n", "b.csv")
        failed = self._upload(b"\x00" * 200, "junk.csv")
        failed.action_process()
        self.assertEqual(
            self._told("unmatched"),
            [("+34 910 00 00 77", 2, 90), ("+34 910 00 00 88", 1, 60)],
        )
        [unrated] = self._rows("unrated")
        self.assertEqual((unrated.record_count, unrated.duration), (2, 180))
        self.assertEqual(unrated.reason, "no_rate")
        self.assertEqual(unrated.cost, 1.4)
        self.assertEqual(self._told("loss")[0][1:], (1, 60))
        self.assertEqual(self._told("rejected"), [("Too few columns", 1, 0)])
        self.assertEqual(self._rows("held").file_id, held)
        self.assertEqual(self._rows("failed").file_id, failed)
        unmatched = self._rows("unmatched")[0]
        self.assertEqual(str(unmatched.oldest), "2026-10-04 07:00:00")
        self.assertEqual(unmatched.cost, 0.01)

    def test_a_number_is_one_row_whatever_its_calls_are(self):
        self.format.direction_default = "incoming"
        self._process(
            row("I1", caller="912000001", called=UNKNOWN, seconds=5), name="in.csv"
        )
        self.assertEqual(self._told("unmatched")[0], ("+34 910 00 00 77", 3, 95))
        [one] = self._rows("unmatched").filtered(lambda r: r.subject[-2:] == "77")
        self.assertEqual(len(one._call_ids()), 3)

    def test_ids_stay_while_other_calls_come(self):
        before = {one.name: one.id for one in self._rows()}
        self._process(row("U4", caller=UNKNOWN), name="more.csv")
        self.env.invalidate_all()
        after = {one.name: one.id for one in self._rows()}
        self.assertEqual(before, after)
        self.assertEqual(len(set(after.values())), len(self._rows()))
        self.assertEqual(self._told("unmatched")[0][1], 3)

    def test_a_row_opens_the_calls_behind_it(self):
        for one in self._rows("unmatched") | self._rows("unrated"):
            domain = one.with_user(self.operator).action_open()["domain"]
            calls = self.env["telecom.call"].search(domain)
            self.assertEqual(len(calls), one.record_count, one.name)
            self.assertEqual(sum(calls.mapped("duration")), one.duration)

    def test_costs_need_their_role(self):
        rows = self._rows("unrated", self.manager)
        with self.assertRaises(AccessError):
            rows.read(["cost"])
        self.assertFalse(self._rows("loss", self.manager))
        figures = self.env["telecom.waiting"].with_user(self.manager)._figures()
        self.assertIsNone(figures["unrated"]["cost"])
        self.manager.group_ids += self.env.ref("telecom_cdr.group_telecom_cost")
        self.assertEqual(self._rows("loss", self.manager).record_count, 1)
        self.assertEqual(self._rows("unrated", self.manager).cost, 1.4)

    def test_other_companies_see_nothing(self):
        other = self._telecom_company("Other")
        self.operator.write(
            {"company_ids": [(6, 0, other.ids)], "company_id": other.id}
        )
        env = self.env(user=self.operator, context={"allowed_company_ids": other.ids})
        self.assertFalse(env["telecom.waiting"].search([]))

    # === SOLVING === #

    def _give(self, one, user, customer):
        action = one.with_user(user).action_give_number()
        wizards = self.env["telecom.give.number"].with_user(user)
        with Form(wizards.with_context(**action["context"])) as form:
            form.partner_id = customer
        return form.record

    def test_operator_gives_a_number_and_the_count_falls(self):
        other = self._create_customer("Customer Two")
        [one] = self._rows("unmatched").filtered(lambda r: r.subject[-2:] == "77")
        wizard = self._give(one, self.operator, other)
        self.assertEqual(
            (wizard.number, wizard.kind, wizard.call_count),
            ("+34910000077", "landline", 2),
        )
        # The first call came on the 4th of October: from its midnight in Madrid.
        self.assertEqual(str(wizard.date_start), "2026-10-03 22:00:00")
        wizard.action_give()
        self.env.invalidate_all()
        calls = self._calls(("partner_id", "=", other.id))
        self.assertEqual(calls.mapped("state"), ["rated", "rated"])
        self.assertEqual(calls.mapped("price"), [0.07, 0.07])
        self.assertEqual(self._told("unmatched"), [("+34 910 00 00 88", 1, 60)])

    def test_codes_wait_under_what_their_source_looks_at(self):
        self.source.identifier_ids = [
            (
                0,
                0,
                {"fact": "extra", "extra_name": "code", "kind": "customer_code"},
            )
        ]
        self.format.column_mapping = self.format.column_mapping.replace(
            '"id"', '"id", "extra.code": "id"'
        )
        self._process(row("K-12", caller=UNKNOWN), name="codes.csv")
        [one] = self._rows("unmatched").filtered(lambda r: r.subject == "K-12")
        self.assertEqual(one.record_count, 1)
        domain = one.with_user(self.operator).action_open()["domain"]
        call = self.env["telecom.call"].search(domain)
        self.assertEqual(call.extra, {"code": "K-12"})
        with self.assertRaisesRegex(UserError, "none of the columns"):
            one.with_user(self.operator).action_ignore()
        wizard = self._give(one, self.operator, self.customer)
        self.assertEqual(wizard.kind, "customer_code")
        wizard.action_give()
        self.assertEqual(call.partner_id, self.customer)

    def test_a_number_goes_on_where_its_last_holder_ended(self):
        self._create_number("+34910000077", self.customer, date_end="2026-10-01")
        [one] = self._rows("unmatched").filtered(lambda r: r.subject[-2:] == "77")
        wizard = self._give(one, self.operator, self._create_customer("Two"))
        self.assertEqual(str(wizard.date_start), "2026-10-01 00:00:00")
        self.assertIn("Customer One", wizard.history)

    def test_a_number_in_stock_is_given_out(self):
        stock = self._create_number("+34910000077", None)
        [one] = self._rows("unmatched").filtered(lambda r: r.subject[-2:] == "77")
        other = self._create_customer("Two")
        self._give(one, self.operator, other).action_give()
        self.assertEqual(stock.partner_id, other)
        self.assertEqual(len(self._rows("unmatched")), 1)

    def test_reader_solves_nothing(self):
        one = self._rows("unmatched", self.reader)[0]
        with self.assertRaises(AccessError):
            self._give(one, self.reader, self.customer)
        with self.assertRaises(AccessError):
            self._rows("unmatched", self.reader).action_ignore()
        with self.assertRaises(AccessError):
            self._rows("rejected", self.reader).action_dismiss()

    def test_manager_adds_the_missing_rate(self):
        near = self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "prefix": "4479",
                "price": 0.25,
            }
        )
        [one] = self._rows("unrated")
        action = one.with_user(self.manager).action_add_rate()
        wizards = self.env["telecom.add.rate"].with_user(self.manager)
        with Form(wizards.with_context(**action["context"])) as form:
            self.assertEqual(form.tariff_id, self.tariff)
            form.target = "prefix"
            form.prefix = "44"
            form.price = 0.3
        wizard = form.record
        self.assertIn(near, wizard.near_rate_ids)
        self.assertEqual(wizard.call_count, 2)
        wizard.action_add()
        self.env.invalidate_all()
        self.assertFalse(self._rows("unrated"))
        calls = self._calls(("category", "=", "international"))
        self.assertEqual(calls.sorted("duration").mapped("price"), [0.3, 0.6])

    def test_operator_sets_no_rates(self):
        [one] = self._rows("unrated", self.operator)
        wizards = self.env["telecom.add.rate"].with_user(self.operator)
        with self.assertRaises(AccessError):
            wizards.create({"waiting_id": one.id, "tariff_id": self.tariff.id})

    def test_a_wrong_action_is_refused(self):
        with self.assertRaisesRegex(UserError, "Calls without a customer"):
            self._rows("unmatched").action_release()
        self.assertEqual(len(self._rows("unmatched")), 2)

    def test_held_files_are_released_or_discarded(self):
        self._process(row("H1"), name="first.csv")
        held = self._upload(HEADER + row("H1") + "\n", "b.csv")
        self._rows("held", self.operator).action_discard()
        self.assertEqual(held.state, "discarded")

    def test_rejected_rows_are_left_out(self):
        self._rows("rejected", self.operator).action_dismiss()
        self.env.invalidate_all()
        self.assertFalse(self._rows("rejected"))
        self.assertEqual(self.file.rejected_count, 1)
        self.assertBalanced(self.file)
        self.file.rejection_ids.with_user(self.operator).action_reopen()
        self.assertEqual(len(self._rows("rejected")), 1)

    # === LEAVING OUT === #

    def test_calls_of_a_number_are_left_out_by_rule(self):
        [one] = self._rows("unmatched", self.operator).filtered(
            lambda r: r.subject[-2:] == "77"
        )
        values = one.action_ignore()["context"]
        self.assertEqual(values["default_number"], "+34910000077")
        rules = self.env["telecom.ignore.rule"].with_user(self.operator)
        with Form(rules.with_context(**values)) as form:
            form.note = "test line"
        rule = form.record
        rule.action_apply()
        self.env.invalidate_all()
        calls = self._calls(("calling_number", "=", "+34910000077"))
        self.assertEqual(calls.mapped("state"), ["excluded"] * 2)
        self.assertEqual(calls.mapped("rating_reason"), ["ignored"] * 2)
        self.assertEqual(len(self._rows("unmatched")), 1)
        self.assertEqual(rule.call_count, 2)
        # Those to come are left out, too.
        later = self._process(row("U9", caller=UNKNOWN), name="later.csv")
        self.assertEqual(later.call_count, 1)
        self.env.invalidate_all()
        self.assertEqual(rule.call_count, 3)
        self.assertEqual(len(self._rows("unmatched")), 1)
        # And all of them come back.
        rule.action_archive()
        self._run_cron("rate")
        self.assertEqual(self._told("unmatched")[0][1], 3)

    def test_a_destination_is_left_out_until_it_has_a_rate(self):
        self._rows("unrated")[0].with_user(self.operator)
        rule = self.env["telecom.ignore.rule"].create({"prefix": "44"})
        rule.action_apply()
        calls = self._calls(("category", "=", "international"))
        self.assertEqual(calls.mapped("state"), ["excluded"] * 2)
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "prefix": "44", "price": 0.1}
        )
        self._run_cron("rate")
        self.assertEqual(calls.mapped("state"), ["rated"] * 2)

    def test_rules_say_which_calls(self):
        rules = self.env["telecom.ignore.rule"]
        with self.assertRaisesRegex(ValidationError, "a number, a prefix or a pattern"):
            rules.create({"carrier_id": self.carrier.id})
        with self.assertRaisesRegex(ValidationError, "RE2"):
            rules.create({"called_pattern": "(?=x)"})
        with self.assertRaisesRegex(ValidationError, "'\\+44' is not a prefix"):
            rules.create({"prefix": "+44"})

    def test_many_are_left_out_at_once(self):
        self._rows("unmatched", self.operator).action_ignore()
        self.env.invalidate_all()
        self.assertFalse(self._rows("unmatched"))
        self.assertEqual(len(self.env["telecom.ignore.rule"].search([])), 2)
