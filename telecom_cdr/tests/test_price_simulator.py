# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, datetime

from lxml import html

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from ..parsers.pasted_calls import MAX_LINES, read_pasted
from .common import READER, USER, TelecomCommon
from .test_rating import row

# Whatever may change when a call is priced.
TABLES = (
    "telecom_call",
    "telecom_bundle_draw",
    "telecom_bundle_pass",
    "telecom_rating_mark",
    "telecom_tariff_assignment",
    "telecom_rate",
    "telecom_number",
    "telecom_destination",
    "res_partner",
    "telecom_rerating",
    "ir_cron_trigger",
)


@tagged("post_install", "-at_install")
class TestPriceSimulator(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = cls._new_user("reader", READER, tz="Europe/Madrid")
        cls.insider = cls._new_user(
            "insider", f"{USER},telecom_cdr.group_telecom_cost", tz="Europe/Madrid"
        )

    def _simulate(self, user=None, **values):
        values = {"start_at": "2026-10-05 08:00:00", **values}
        simulator = self.env["telecom.price.simulator"].with_user(user or self.reader)
        return simulator.create(values)

    def _prices(self, simulator):
        """Prices in bold, side by side, call by call."""
        page = html.fromstring(str(simulator.result))
        return [
            " ".join(bold.text_content().split())
            for bold in page.xpath("//tbody/tr[1]/td/b | //tbody/tr[position()>1]/td/b")
        ]

    def _text(self, simulator):
        return " ".join(html.fromstring(str(simulator.result)).text_content().split())

    def _state(self):
        """Every row that pricing might touch, as the database has it."""
        self.env.flush_all()
        state = {}
        for table in TABLES:
            self.env.cr.execute(
                SQL(
                    "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id))"
                    " FROM %s t",
                    SQL.identifier(table),
                )
            )
            state[table] = self.env.cr.fetchone()
        return state

    def test_one_call_of_a_customer(self):
        simulator = self._simulate(
            partner_id=self.customer.id, called_number="912 00 00 01", duration=61
        )
        self.assertEqual(self._prices(simulator), ["0.09 €"])
        text = self._text(simulator)
        self.assertIn("Retail: the tariff of the company", text)
        self.assertIn("120 s at", text)
        self.assertIn("+34 912 00 00 01", text)

    def test_whoever_has_the_number(self):
        own = self._create_tariff("Own", {"price": 0.6})
        self.customer.telecom_tariff_id = own
        values = {"called_number": "912000001", "duration": 60}
        simulator = self._simulate(calling_number="910000001", **values)
        self.assertEqual(self._prices(simulator), ["0.60 €"])
        nobody = self._simulate(calling_number="910000099", **values)
        self.assertEqual(self._prices(nobody), [])
        self.assertIn("nobody held it then", self._text(nobody))

    def test_any_tariff_beside_any_other(self):
        one = self._create_tariff("One", {"price": 0.6})
        two = self._create_tariff("Two", {"price": 0.9, "connect_fee": 0.1})
        simulator = self._simulate(
            called_number="912000001",
            duration=90,
            tariff_id=one.id,
            compare="tariff",
            other_tariff_id=two.id,
        )
        self.assertEqual(self._prices(simulator), ["0.90 €", "1.45 €"])
        text = self._text(simulator)
        self.assertIn("0.55 €", text)
        self.assertIn("Connection fee", text)
        self.assertIn("One, as chosen here.", text)
        self.assertIn("Two, as chosen here.", text)

    def test_before_and_after_a_change(self):
        """Law 6: the price in force on the day, at the same local time."""
        mobile = self.tariff.rate_ids.filtered(lambda r: r.category == "mobile")
        mobile._succeed("2026-10-31 23:00:00", {"price": 0.12})
        simulator = self._simulate(
            partner_id=self.customer.id,
            called_number="600000099",
            duration=60,
            start_at="2026-10-05 22:30:00",
            compare="day",
            other_day="2026-11-01",
        )
        self.assertEqual(self._prices(simulator), ["0.09 €", "0.12 €"])
        simulator.other_day = "2026-10-31"
        self.assertEqual(self._prices(simulator), ["0.09 €", "0.09 €"])

    def test_a_pasted_list(self):
        simulator = self._simulate(
            mode="list",
            partner_id=self.customer.id,
            text="date;from;to;seconds\n"
            "2026-10-05 10:00;910000001;912000001;61\n"
            "\n"
            "05/10/2026 10:05:00;910000001;600000099;0:01:00\n"
            "2026-10-05 10:10;910000001;00442079460001;60\n"
            "tomorrow;910000001;600000099;60\n"
            "2026-10-05 10:10;910000001;600000099;a while\n",
        )
        self.assertEqual(self._prices(simulator), ["0.09 €", "0.09 €"])
        text = self._text(simulator)
        self.assertIn("Line 6: 'tomorrow' is no date.", text)
        self.assertIn("Line 7: 'a while' are no seconds.", text)
        self.assertIn("The tariff has no rate for this destination", text)
        self.assertIn("Total of what has a price 0.18 €", text)

    def test_local_time_of_the_reader_counts(self):
        mobile = self.tariff.rate_ids.filtered(lambda r: r.category == "mobile")
        mobile._succeed("2026-10-05 08:00:00", {"price": 0.12})
        simulator = self._simulate(
            mode="list",
            partner_id=self.customer.id,
            text="2026-10-05 09:59:59,910000001,600000099,60\n"
            "2026-10-05 10:00:00,910000001,600000099,60",
        )
        self.assertEqual(self._prices(simulator), ["0.09 €", "0.12 €"])

    def test_nothing_is_stored(self):
        self._give_bundle(self._create_bundle("B", {"seconds": 600}), self.customer)
        self._process(row("S1"))
        other = self._create_tariff("Other", {"price": 0.6})
        self._forget_marks()
        self.env["ir.cron.trigger"].search([]).unlink()
        before = self._state()
        for values in (
            {"called_number": "600000099", "calling_number": "910000001"},
            {"called_number": "600000099", "tariff_id": other.id},
            {
                "mode": "list",
                "text": "2026-10-05 10:00;910000001;912000001;61",
                "compare": "tariff",
                "other_tariff_id": other.id,
            },
        ):
            self._simulate(**values).action_price()
            self.assertTrue(self._prices(self._simulate(**values)))
        self.assertEqual(self._state(), before)
        self.assertFalse(other.rate_ids.is_telecom_used)

    def test_costs_are_not_shown(self):
        self.carrier.cost_tariff_id = self._create_tariff(
            "Cost", {"price": 0.0777}, is_cost=True
        )
        self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "prefix": "44",
                "method": "markup",
                "markup": 30,
            }
        )
        values = {"partner_id": self.customer.id, "called_number": "+442079460001"}
        seller = self._simulate(duration=60, **values)
        self.assertEqual(self._prices(seller), ["0.101 €"])
        self.assertNotIn("0.0777", str(seller.result))
        self.assertNotIn("30.00", str(seller.result))
        insider = self._simulate(self.insider, duration=60, **values)
        self.assertIn("0.0777", str(insider.result))

    def test_who_may_not(self):
        plain = self._new_user("plain", "base.group_user")
        with self.assertRaises(AccessError):
            self._simulate(plain, called_number="600000099")
        cost = self._create_tariff("Cost", {"price": 0.01}, is_cost=True)
        with self.assertRaises(AccessError):
            _result = self._simulate(
                called_number="600000099", tariff_id=cost.id
            ).result

    def test_empty_form_says_what_to_do(self):
        self.assertIn("Say which number is called", self._text(self._simulate()))

    def test_tables_of_pasted_lines(self):
        moment = datetime.fromisoformat("2026-10-05 10:00")
        cases = (
            ("2026-10-05 10:00\t1\t2\t60", (moment, "1", "2", 60)),
            ("05.10.2026 10:00;1;2;1:00", (moment, "1", "2", 60)),
            ('"2026-10-05T10:00:00","1","2","0:01:00"', (moment, "1", "2", 60)),
            ("5/10/26 10:00|2|60", (moment, "", "2", 60)),
            ("2026-10-05,1,2,0", (datetime.fromisoformat("2026-10-05"), "1", "2", 0)),
        )
        for text, expected in cases:
            with self.subTest(text=text):
                self.assertEqual(read_pasted(text), ([expected], []))
        wrong = (
            ("2026-10-05 10:00", "columns"),
            ("2026-02-30 10:00;1;2;60", "date"),
            ("2026-10-05 10:00;1;;60", "called"),
            ("2026-10-05 10:00;1;2;-60", "seconds"),
            ("2026-10-05 10:00;1;2;99999999999", "seconds"),
        )
        for text, reason in wrong:
            with self.subTest(text=text):
                [[], [refused]] = read_pasted(text)
                self.assertEqual((refused.line, refused.reason), (1, reason))
        calls, refused = read_pasted("2026-10-05,1,2,1\n" * (MAX_LINES + 5))
        self.assertEqual((len(calls), len(refused)), (MAX_LINES, 1))
        self.assertEqual(date(2026, 10, 5), calls[0].start.date())
