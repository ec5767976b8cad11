# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Vendor bills against imported cost against our own: figures, tolerance, decisions."""

from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import READER
from .reconciliation_common import ACCOUNTANT, ReconciliationCommon
from .refusal import RefusalMixin
from .test_rating import row

# Bill, amount and percent allowed, against an imported cost of 100; what comes of it.
TOLERANCES = [
    (100, 0, 0, "agrees"),
    (100.01, 0, 0, "differs"),
    (101, 1, 0, "agrees"),
    (101.01, 1, 0, "differs"),
    (99, 1, 0, "agrees"),
    (98.99, 1, 0, "differs"),
    # 10 % of the bill: 11.111 is 11.11, which is the difference; 11.112 is not 11.12.
    (111.11, 0, 10, "agrees"),
    (111.12, 0, 10, "differs"),
    # The larger of both counts: 2 % of 102 is 2.04.
    (102, 1, 2, "agrees"),
    (102, 2, 1, "agrees"),
    (0, 0, 100, "differs"),
]


@tagged("post_install", "-at_install")
class TestReconciliation(RefusalMixin, ReconciliationCommon):
    def _rate_costs(self, **values):
        self.carrier.cost_tariff_id = self._create_tariff(
            "Cost", {"price": 0.06}, **values
        )

    # === FIGURES === #

    def test_three_figures(self):
        """Three calls of a minute in October; those of other days do not count."""
        self._rate_costs()
        self._read_calls("0.01", "0.02", "0.04")
        self._read_calls("5", day="2026-09-30")
        self._read_calls("5", day="2026-11-01")
        self._bill(("Calls", 0.10))
        one = self._reconcile()
        self.assertRecordValues(
            one,
            [
                {
                    "call_count": 3,
                    "duration": 180,
                    "bill_amount": 0.10,
                    "imported_amount": 0.07,
                    "rated_amount": 0.18,
                    "bill_difference": 0.03,
                    "cost_difference": -0.11,
                    "total_difference": -0.08,
                    "state": "differs",
                }
            ],
        )

    def test_the_last_minutes_of_a_month_are_in_it(self):
        """Days are those of the billing time zone: 23:30 in Madrid is 21:30 UTC."""
        self._process(
            row("E1", start="2026-09-30 23:59:00", amount="1"),
            row("E2", start="2026-10-01 00:01:00", amount="2"),
            row("E3", start="2026-10-31 23:59:00", amount="4"),
            row("E4", start="2026-11-01 00:01:00", amount="8"),
        )
        self.assertEqual(self._reconcile().imported_amount, 6)

    def test_without_a_cost_tariff_the_file_is_our_cost(self):
        self._read_calls("0.01", "0.02")
        self._bill(("Calls", 0.03))
        one = self._reconcile()
        self.assertEqual((one.rated_amount, one.state), (0.03, "agrees"))

    def test_sums_are_rounded_once(self):
        """3 x 0.004 is 0.01, not 0."""
        self._read_calls("0.004", "0.004", "0.004")
        self.assertEqual(self._reconcile().imported_amount, 0.01)

    def test_other_carriers_do_not_count(self):
        self._read_calls("1")
        other = self._create_carrier(name="Other")
        one = self._reconcile(carrier_id=other.id)
        self.assertEqual((one.call_count, one.state), (0, "open"))

    def test_where_it_differs(self):
        """By day, file and kind of call; each row leads to its calls."""
        self._rate_costs()
        first = self._read_calls("0.06", "0.09", day="2026-10-05")
        second = self._read_calls("0.06", day="2026-10-06", called="600000099")
        one = self._reconcile()
        rows = one.traffic_ids.sorted("day").mapped(
            lambda t: (
                t.day.day,
                t.file_id,
                t.service,
                t.direction,
                t.category,
                t.call_count,
                t.duration,
                t.imported_amount,
                t.rated_amount,
                t.difference,
            )
        )
        self.assertEqual(
            rows,
            [
                (5, first, "voice", "outgoing", "landline", 2, 120, 0.15, 0.12, 0.03),
                (6, second, "voice", "outgoing", "mobile", 1, 60, 0.06, 0.06, 0),
            ],
        )
        action = one.traffic_ids.sorted("day")[0].action_open_calls()
        calls = self.env["telecom.call"].search(action["domain"])
        self.assertEqual(calls.file_id, first)
        self.assertEqual(len(calls), 2)
        self.assertIn("10/05/2026", one.places)
        self.assertIn(f">{first.name}<", one.places)

    def test_unknown_amounts_are_told(self):
        """A file without amounts says nothing: bills are compared with our own cost."""
        self._rate_costs()
        self._read_calls("", "")
        self._process(row("Z", seconds=0), name="zero.csv")
        self._bill(("Calls", 0.12))
        one = self._reconcile()
        self.assertEqual((one.call_count, one.not_imported_count), (3, 2))
        self.assertEqual((one.imported_count, one.state), (0, "agrees"))

    def test_nothing_known_is_not_compared(self):
        self._read_calls("")
        self._bill(("Calls", 1))
        self.assertEqual(self._reconcile().state, "open")

    # === TOLERANCE === #

    def test_tolerance(self):
        self._read_calls("100")
        for bill, amount, percent, state in TOLERANCES:
            self.carrier.write(
                {"reconciliation_amount": amount, "reconciliation_percent": percent}
            )
            move = self._bill(("Calls", bill))
            one = self._reconcile(bill_ids=[Command.set(move.ids)])
            self.assertEqual(one.state, state, (bill, amount, percent))
            one.unlink()

    def test_another_tolerance_counts_at_once(self):
        self._read_calls("100")
        self._bill(("Calls", 101))
        one = self._reconcile()
        self.assertEqual(one.state, "differs")
        self.carrier.reconciliation_amount = 1
        self.assertEqual(one.state, "agrees")

    def test_tolerances_are_positive(self):
        with self.assertRefused("0 or more"):
            self.carrier.reconciliation_amount = -1

    # === BILLS === #

    def test_bills_are_proposed_by_their_date(self):
        other = self._create_customer("Somebody else")
        early = self._bill(("Calls", 1), date="2026-10-10")
        right = self._bill(("Calls", 2), date="2026-11-30")
        self._bill(("Calls", 4), date="2026-12-02")
        self._bill(("Calls", 8), partner_id=other.id)
        self._bill(("Calls", 16)).button_cancel()
        one = self._reconcile()
        self.assertEqual(one.bill_ids, right)
        one.unlink()
        self.carrier.bill_dated = "within"
        self.assertEqual(self._reconcile().bill_ids, early)

    def test_credit_notes_are_taken_off(self):
        """120 billed, 20 credited: 100."""
        self._read_calls("100")
        self._bill(("Calls", 120))
        self._bill(("Too much", 20), move_type="in_refund")
        one = self._reconcile()
        self.assertEqual(one.line_ids.mapped("amount"), [120, -20])
        self.assertEqual((one.bill_amount, one.state), (100, "agrees"))

    def test_lines_that_bill_no_calls(self):
        """Marked once, lines of that label are known in the next period."""
        self._read_calls("100")
        self._bill(("Calls", 100), ("Line rental", 25))
        one = self._reconcile()
        self.assertEqual((one.bill_amount, one.state), (125, "differs"))
        one.line_ids.filtered(lambda x: x.name == "Line rental").kind = "other"
        self.assertRecordValues(
            one, [{"bill_amount": 100, "bill_other_amount": 25, "state": "agrees"}]
        )
        self._bill(("Calls", 7), ("Line rental", 30), date="2026-12-01")
        later = self._reconcile(date_from="2026-11-01", date_to="2026-11-30")
        self.assertEqual((later.bill_amount, later.bill_other_amount), (7, 30))

    def test_a_bill_of_two_months_is_divided(self):
        self._read_calls("60")
        self._read_calls("40", day="2026-11-05")
        bill = self._bill(("October and November", 100), date="2026-11-30")
        october = self._reconcile()
        self.assertEqual(october.state, "differs")
        october.line_ids.percent = 60
        self.assertEqual((october.bill_amount, october.state), (60, "agrees"))
        november = self._reconcile(date_from="2026-11-01", date_to="2026-11-30")
        self.assertEqual(november.bill_ids, bill)
        self.assertEqual((november.bill_amount, november.state), (40, "agrees"))
        with self.assertRaisesRegex(
            ValidationError, "have 60 % of the line .* one can have 40 % at most"
        ):
            november.line_ids.percent = 41

    def test_a_period_of_two_months(self):
        self._read_calls("60")
        self._read_calls("40", day="2026-11-05")
        self._bill(("Calls", 100), date="2026-12-01")
        one = self._reconcile(date_to="2026-11-30")
        self.assertEqual((one.imported_amount, one.state), (100, "agrees"))

    def test_a_bill_that_changes_counts_when_counted_anew(self):
        self._read_calls("100")
        bill = self._bill(("Calls", 90))
        one = self._reconcile()
        bill.button_draft()
        bill.invoice_line_ids.price_unit = 100
        one.action_refresh()
        self.assertEqual(one.state, "agrees")
        bill.button_cancel()
        one.action_refresh()
        self.assertFalse(one.line_ids)
        self.assertEqual(one.state, "open")

    def test_a_bill_taken_out(self):
        self._bill(("Calls", 100))
        one = self._reconcile()
        one.bill_ids = [Command.clear()]
        self.assertFalse(one.line_ids)
        self.assertEqual(one.bill_amount, 0)

    # === CURRENCIES === #

    def test_two_currencies(self):
        """Files in dollars, tariff and bill in euros, at the rate of the day.

        6 EUR are 7.50 USD on the 5th at 1.25, and 12 USD on the 6th at 2. The 7th has
        no rate: what it costs is unknown. The bill of 80 EUR is 100 USD at 1.25.
        """
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self._set_rates(dollar, d05=1.25, d06=2)
        self.carrier.currency_id = dollar
        self.carrier.cost_tariff_id = self._create_tariff(
            "Cost", {"price": 6}, currency_id=self.company.currency_id.id
        )
        for day in (5, 6, 7):
            self._read_calls("10", day=f"2026-10-{day:02}")
        self.env["res.currency.rate"].create(
            {
                "name": "2026-11-02",
                "currency_id": dollar.id,
                "company_id": self.company.id,
                "rate": 1.25,
            }
        )
        self._bill(("Calls", 80))
        one = self._reconcile()
        self.assertEqual(one.currency_id, dollar)
        self.assertEqual(one.imported_amount, 30)
        self.assertEqual((one.rated_amount, one.not_rated_count), (19.5, 1))
        self.assertEqual(one.bill_amount, 100)

    def test_a_bill_in_another_currency_counts_as_booked(self):
        """100 USD at the 1.25 of their day are 80 EUR."""
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self._set_rates(dollar, d31=1.25)
        self._read_calls("80")
        self._bill(("Calls", 120), currency_id=dollar.id, date="2026-10-31")
        self._bill(
            ("Credit", 20),
            currency_id=dollar.id,
            date="2026-10-31",
            move_type="in_refund",
        )
        one = self._reconcile()
        self.assertEqual(one.line_ids.mapped("amount"), [96, -16])
        self.assertEqual((one.bill_amount, one.state), (80, "agrees"))

    # === BESIDE CALLS === #

    def test_other_costs_are_compared_with_other_lines(self):
        self._read_calls("100")
        self._bill(("Calls", 100), ("Line rental", 25))
        kind = type(self.env["telecom.reconciliation"])
        costs = [("Rental", 20.0), ("Installation", 5.0)]
        with patch.object(kind, "_other_costs", lambda *args: costs):
            one = self._reconcile()
            one.line_ids.filtered(lambda x: x.name == "Line rental").kind = "other"
        self.assertEqual(one.other_ids.mapped("name"), ["Rental", "Installation"])
        self.assertEqual((one.other_amount, one.state), (25, "agrees"))
        with patch.object(kind, "_other_costs", lambda *args: costs[:1]):
            one.action_refresh()
        self.assertEqual((one.other_difference, one.state), (5, "differs"))

    # === DECIDING === #

    def _accepted(self):
        self._read_calls("100")
        self._bill(("Calls", 120))
        one = self._reconcile()
        wizard = self.env["telecom.reconciliation.accept"].create(
            {"reconciliation_id": one.id, "reason": "Credited in November"}
        )
        wizard.action_accept()
        return one

    def test_a_difference_is_accepted_with_a_reason(self):
        one = self._accepted()
        self.assertEqual((one.state, one.reason), ("accepted", "Credited in November"))
        self.assertEqual(one.accepted_by_id, self.env.user)
        self.assertIn("20.00", one.message_ids[0].body)
        self.assertIn("Credited in November", one.message_ids[0].body)
        one.action_reopen()
        self.assertEqual((one.state, one.reason), ("differs", False))

    def test_what_is_accepted_stays_as_it_is(self):
        one = self._accepted()
        with self.assertRaisesRegex(UserError, "Open it again"):
            one.line_ids.percent = 50
        with self.assertRaisesRegex(UserError, "Open it again"):
            one.bill_ids = [Command.clear()]
        with self.assertRaisesRegex(UserError, "Open it again"):
            one.date_to = "2026-10-30"
        with self.assertRaisesRegex(UserError, "Open it again"):
            one.unlink()

    def test_an_acceptance_ends_with_its_figures(self):
        one = self._accepted()
        one.action_refresh()
        self.assertEqual(one.state, "accepted")
        self._read_calls("3", day="2026-10-06")
        one.action_refresh()
        self.assertEqual((one.imported_amount, one.state), (103, "differs"))
        self.assertIn("others than those accepted", one.message_ids[0].body)

    def test_a_period_is_reconciled_once(self):
        self._reconcile()
        with self.assertRefused("reconciled already"):
            self._reconcile()

    def test_files_that_are_not_read_are_told(self):
        self._upload("start\n", "waits.csv")
        self.assertEqual(self._reconcile().waiting_file_count, 1)

    # === WHO === #

    def test_an_accountant_with_the_cost_role(self):
        self._read_calls("100")
        self._bill(("Calls", 120))
        person = self._new_user("accountant", ACCOUNTANT)
        one = (
            self.env["telecom.reconciliation"]
            .with_user(person)
            .create(
                {
                    "carrier_id": self.carrier.id,
                    "date_from": "2026-10-01",
                    "date_to": "2026-10-31",
                }
            )
        )
        self.assertEqual((one.bill_amount, one.state), (120, "differs"))
        one.line_ids.percent = 50
        one.action_refresh()
        self.assertEqual(one.bill_amount, 60)
        wizard = self.env["telecom.reconciliation.accept"].with_user(person)
        wizard.create(
            {"reconciliation_id": one.id, "reason": "Agreed by telephone"}
        ).action_accept()
        self.assertEqual(one.accepted_by_id, person)

    def test_without_the_cost_role_nothing_is_seen(self):
        self._read_calls("100")
        one = self._reconcile()
        person = self._new_user("reader", READER)
        for record in (one, one.traffic_ids):
            with self.assertRaises(AccessError):
                record.with_user(person).search([])
            with self.assertRaises(AccessError):
                record.with_user(person).read(["imported_amount"])
        with self.assertRaises(AccessError):
            self.carrier.with_user(person).read(["reconciliation_count"])

    def test_the_cost_role_without_accounts_sees_figures_alone(self):
        self._read_calls("100")
        self._bill(("Calls", 120))
        one = self._reconcile()
        person = self._new_user(
            "costs", "telecom_cdr.group_telecom_reader,telecom_cdr.group_telecom_cost"
        )
        seen = one.with_user(person)
        self.assertEqual((seen.bill_amount, seen.state), (120, "differs"))
        self.assertEqual(seen.line_ids.mapped("name"), ["Calls"])
        with self.assertRaises(AccessError):
            seen.read(["bill_ids"])

    def test_a_neighbour_sees_nothing(self):
        self._read_calls("100")
        self._bill(("Calls", 120))
        one = self._reconcile()
        neighbour = self._telecom_company("Neighbour")
        person = self._new_user("neighbour", ACCOUNTANT)
        person.write(
            {
                "company_ids": [Command.set(neighbour.ids)],
                "company_id": neighbour.id,
            }
        )
        theirs = self.env(user=person, context={"allowed_company_ids": neighbour.ids})
        for record in (one, one.line_ids, one.traffic_ids):
            self.assertFalse(theirs[record._name].search([]))
            with self.assertRaises(AccessError):
                record.with_env(theirs).read(["display_name"])
