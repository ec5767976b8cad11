# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from ast import literal_eval
from datetime import date, timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from .common import READER, USER, TelecomCommon
from .test_rating import row

WIDE_HEADER = (
    "start,calling,called,duration,amount,id"
    ",forwarder,service,bytes,country,direction\n"
)
WIDE_MAPPING = {
    "start": "start",
    "calling_number": "calling",
    "called_number": "called",
    "duration": "duration",
    "carrier_amount": "amount",
    "unique_id": "id",
    "redirecting_number": "forwarder",
    "volume": "bytes",
    "visited_country": "country",
    "direction": "direction",
}
SERVICE_RULES = [
    {"column": "service", "pattern": "^SMS$", "service": "sms"},
    {"column": "service", "pattern": "^GPRS$", "service": "data"},
]


@tagged("post_install", "-at_install")
class TestCallStates(TelecomCommon):
    """A call in each state, and one that a bundle covers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_accounts()
        cls.company.currency_id = cls.env.ref("base.EUR")
        cls.env["telecom.rate"].create(
            {"tariff_id": cls.tariff.id, "prefix": "48", "is_late_priced": True}
        )
        cls.format.direction_rules = json.dumps(
            [{"column": "calling", "pattern": "^912", "direction": "incoming"}]
        )
        cls._give_bundle(
            cls._create_bundle("B", {"seconds": 60}),
            cls.customer,
            date_start="2026-10-06 00:00:00",
        )
        cls._process(row("S0", start="2026-10-01 10:00:00"), name="first.csv")
        day = date(2026, 10, 1)
        cls.invoice = cls.env["telecom.invoicing"]._invoice(cls.customer, day, day)
        cls._process(
            row("S1", start="2026-10-02 10:00:00"),
            row("S2", called="00442079460001", start="2026-10-03 10:00:00"),
            row("S3", called="0048000000001", start="2026-10-04 10:00:00"),
            row("S4", caller="910000077", start="2026-10-05 10:00:00"),
            row("S5", start="2026-10-06 10:00:00"),
            row(
                "S6",
                caller="912000001",
                called="910000001",
                start="2026-10-07 10:00:00",
            ),
        )
        cls.calls = cls._calls()
        cls.expected = [
            "invoiced",
            "rated",
            "unrated",
            "late",
            "unmatched",
            "rated",
            "excluded",
        ]

    def _found(self, *domain):
        """Days of October of the calls that are found."""
        return [call.day.day for call in self._calls(*domain)]

    def test_states(self):
        self.assertEqual(self.calls.mapped("state"), self.expected)
        self.assertEqual(
            self.calls.mapped("rating_reason"),
            [False, False, "no_rate", "late", "no_number", False, "excluded"],
        )

    def test_search_and_group_by_reason(self):
        self.assertEqual(self._found(("rating_reason", "=", False)), [1, 2, 6])
        self.assertEqual(self._found(("rating_reason", "=", "late")), [4])
        groups = self.env["telecom.call"].formatted_read_group(
            [("company_id", "=", self.company.id)], ["rating_reason"], ["__count"]
        )
        self.assertEqual({g["rating_reason"]: g["__count"] for g in groups}[False], 3)

    def test_search_by_state(self):
        for state in set(self.expected):
            days = [i for i, s in enumerate(self.expected, 1) if s == state]
            self.assertEqual(self._found(("state", "=", state)), days, state)
            others = [i for i, s in enumerate(self.expected, 1) if s != state]
            self.assertEqual(self._found(("state", "!=", state)), others, state)
        self.assertEqual(self._found(("state", "in", ["invoiced", "late"])), [1, 4])
        self.assertEqual(
            self._found(("state", "not in", ["invoiced", "rated"])), [3, 4, 5, 7]
        )
        self.assertEqual(self._found("!", ("state", "=", "rated")), [1, 3, 4, 5, 7])

    def test_search_is_what_is_shown(self):
        """What a search finds has what was asked for."""
        for state in set(self.expected):
            found = self._calls(("state", "=", state))
            self.assertEqual(set(found.mapped("state")), {state})

    def test_group_by_state(self):
        company = [("company_id", "=", self.company.id)]
        groups = self.env["telecom.call"].formatted_read_group(
            company, ["state"], ["__count", "price:sum"]
        )
        self.assertEqual(
            {g["state"]: (g["__count"], g["price:sum"]) for g in groups},
            {
                "invoiced": (1, 0.07),
                "rated": (2, 0.07),
                "unrated": (1, 0),
                "late": (1, 0),
                "unmatched": (1, 0),
                "excluded": (1, 0),
            },
        )
        for group in groups:
            found = self._calls(*group["__extra_domain"])
            self.assertEqual(set(found.mapped("state")), {group["state"]})
        counts = dict(
            self.env["telecom.call"]._read_group(company, ["state"], ["__count"])
        )
        self.assertEqual(counts["rated"], 2)

    def test_group_by_invoice_line(self):
        groups = self.env["telecom.call"].formatted_read_group(
            [("company_id", "=", self.company.id)], ["move_line_id"], ["__count"]
        )
        line = self.invoice.invoice_line_ids
        self.assertEqual(
            {g["move_line_id"] and g["move_line_id"][0]: g["__count"] for g in groups},
            {line.id: 1, False: 6},
        )

    def test_search_by_invoice(self):
        line = self.invoice.invoice_line_ids
        for domain in (
            ("move_id", "=", self.invoice.id),
            ("move_id", "any", [("id", "=", self.invoice.id)]),
            ("move_id.partner_id", "=", self.customer.id),
            ("move_line_id", "in", line.ids),
            ("move_line_id.move_id", "=", self.invoice.id),
            ("move_id", "!=", False),
        ):
            self.assertEqual(self._found(domain), [1], domain)
        for domain in (
            ("move_id", "=", False),
            ("move_line_id", "=", False),
            ("move_id", "!=", self.invoice.id),
            ("move_line_id", "not in", line.ids),
        ):
            self.assertEqual(self._found(domain), [2, 3, 4, 5, 6, 7], domain)

    def test_sorted_by_state(self):
        calls = self.env["telecom.call"].search(
            [("company_id", "=", self.company.id)], order="state, start_at"
        )
        self.assertEqual(calls.mapped("state"), sorted(self.expected))

    def test_covered_by_a_bundle(self):
        self.assertEqual(self._found(("is_covered", "=", True)), [6])
        self.assertEqual(self._found(("is_covered", "!=", True)), [1, 2, 3, 4, 5, 7])
        self.assertEqual(self._found(("is_covered", "=", False)), [1, 2, 3, 4, 5, 7])
        self.assertEqual(self.calls.mapped("is_covered"), [False] * 5 + [True, False])

    def test_every_filter_of_the_search_view_runs(self):
        view = self.env["telecom.call"].get_view(
            self.env.ref("telecom_cdr.telecom_call_view_search").id, "search"
        )
        filters = {
            node.get("name"): node.get("domain")
            for node in etree.fromstring(view["arch"]).iter("filter")
            if node.get("domain")
        }
        self.assertIn("filter_to_invoice", filters)
        for name, text in filters.items():
            if "today" not in text:
                found = self._calls(*literal_eval(text))
                self.assertLessEqual(set(found), set(self.calls), name)

    # === BUTTONS AND ACTIONS === #

    def _open(self, action, model="telecom.call"):
        self.assertEqual(action["res_model"], model)
        return self.env[model].search(Domain(action["domain"] or []), order="id")

    def test_button_of_the_customer(self):
        reader = self._new_user("reader", READER)
        action = self.customer.with_user(reader).action_telecom_calls()
        self.assertEqual(
            self._open(action), self.calls.filtered("partner_id").sorted("id")
        )
        self.assertEqual(action["context"], {"search_default_filter_to_invoice": 1})
        contact = self._create_customer(
            "Ann", is_company=False, parent_id=self.customer.id
        )
        self.assertEqual(contact.action_telecom_calls()["domain"], action["domain"])

    def test_figures_of_the_customer(self):
        with freeze_time("2026-10-31 12:00:00"):
            self.customer.invalidate_recordset()
            self.assertRecordValues(
                self.customer,
                [
                    {
                        "telecom_call_count": 6,
                        "telecom_recent_amount": 0.14,
                        "telecom_to_invoice": 0.07,
                        "telecom_waiting_count": 2,
                        "telecom_number_count": 1,
                        "telecom_bundle_count": 1,
                    }
                ],
            )

    def test_button_of_the_invoice(self):
        action = self.invoice.action_telecom_calls()
        self.assertEqual(self._open(action), self.calls[0])
        self.assertEqual(self.invoice.telecom_call_count, 1)
        back = self.calls[0].action_open_invoice()
        self.assertEqual(
            (back["res_model"], back["res_id"]), ("account.move", self.invoice.id)
        )

    def test_button_of_the_number_and_of_the_file(self):
        found = self._open(self.number.action_open_calls())
        self.assertEqual(found, self.calls.filtered("number_id").sorted("id"))
        file = self.calls[0].file_id
        self.assertEqual(self._open(file.action_open_calls()), self.calls[0])

    def test_server_action_rates_what_waits(self):
        """Whoever solves adds the rate, and takes the waiting calls up by hand."""
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "prefix": "44", "price": 0.6}
        )
        self._forget_marks()
        action = self.env.ref("telecom_cdr.telecom_call_rate_server_action")
        context = {
            "active_model": "telecom.call",
            "active_ids": self.calls[:5].ids,
            "active_id": self.calls[0].id,
        }
        operator = self._new_user("operator", USER)
        shown = action.with_user(operator).with_context(**context).run()
        self.assertEqual(shown["params"]["message"], "1 calls have another result now.")
        self.calls.invalidate_recordset()
        self.assertEqual((self.calls[2].state, self.calls[2].price), ("rated", 0.6))
        reader = self._new_user("reader", READER)
        with self.assertRaises(AccessError):
            action.with_user(reader).with_context(**context).run()

    def test_server_action_rates_what_has_no_customer(self):
        self._create_number("+34910000077", self._create_customer("Two"))
        self._forget_marks()
        self.calls[4].action_rate()
        self.assertRecordValues(
            self.calls[4],
            [{"state": "rated", "price": 0.07, "rating_reason": False}],
        )

    def test_rates_of_a_customers_calls(self):
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "prefix": "44", "price": 0.6}
        )
        self._forget_marks()
        shown = self.customer.action_telecom_rate()
        self.assertIn("calls have another result now", shown["params"]["message"])
        self.assertEqual(self.calls.mapped("price"), [0.07, 0.07, 0.6, 0, 0, 0, 0])

    def test_invoice_action_knows_customers_and_day(self):
        action = self.calls.action_invoice()
        self.assertEqual(
            action["context"],
            {
                "default_partner_ids": self.customer.ids,
                "default_date_to": date(2026, 10, 7),
            },
        )
        wizard = self.env["telecom.invoice.wizard"].with_context(**action["context"])
        move = self.env["account.move"].search(
            wizard.create({}).action_invoice()["domain"]
        )
        self.assertEqual((move.partner_id, move.telecom_call_count), (self.customer, 2))


@tagged("post_install", "-at_install")
class TestCall(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wide = cls._create_format(
            WIDE_MAPPING, name="Wide", service_rules=json.dumps(SERVICE_RULES)
        )
        cls.source.format_id = cls.wide

    def _read(self, *rows, **values):
        """Rows as dicts over a plain outgoing call, in the wide format."""
        plain = {
            "start": "2026-10-05 10:00:00",
            "calling": "910000001",
            "called": "912000001",
            "duration": "60",
        }
        names = WIDE_HEADER.strip().split(",")
        lines = [
            ",".join(str({**plain, "id": i, **values}.get(name, "")) for name in names)
            for i, values in enumerate(rows)
        ]
        file = self._upload(WIDE_HEADER + "\n".join(lines) + "\n", **values)
        file.action_process()
        self.assertBalanced(file)
        return self._calls()

    # === TEXTS === #

    def test_texts(self):
        call = self._read({"duration": 3725})
        self.assertEqual(call.duration_text, "1:02:05")
        self.assertEqual(call.calling_text, "+34 910 00 00 01")
        self.assertEqual(call.display_name, "+34 910 00 00 01 → +34 912 00 00 01")
        self.assertEqual(
            self.env["telecom.call"].search([("display_name", "ilike", "912 000 001")]),
            call,
        )

    def test_long_calls_and_short_codes(self):
        long, short = self._read(
            {"duration": 90_061}, {"called": "11888", "duration": 0}
        )
        self.assertEqual(long.duration_text, "25:01:01")
        self.assertEqual((short.called_text, short.duration_text), ("11888", "0:00:00"))

    def test_withheld_caller_is_not_shown_to_the_called(self):
        for index, word in enumerate(("anonymous", "", "Restricted")):
            calls = self._read(
                {
                    "calling": word,
                    "called": "910000001",
                    "direction": "in",
                    "id": index,
                },
                name=f"{index}.csv",
            )
            call = calls.sorted("id")[-1]
            self.assertTrue(call.is_withheld, word)
            self.assertEqual(call.calling_text, "Withheld")
            self.assertEqual((call.state, call.partner_id), ("excluded", self.customer))

    # === WHO PAYS === #

    def test_who_forwards_pays(self):
        self._create_number("+34910000002", self._create_customer("Forwarder"))
        call = self._read({"forwarder": "910000002", "called": "600000099"})
        self.assertEqual(call.partner_id.name, "Forwarder")
        self.assertEqual(call.redirecting_number, "+34910000002")
        self.assertEqual((call.number_id.number, call.price), ("+34910000002", 0.09))

    def test_forwarded_by_a_stranger_is_paid_by_the_caller(self):
        call = self._read({"forwarder": "913000001"})
        self.assertEqual((call.partner_id, call.state), (self.customer, "rated"))

    def test_incoming_call_belongs_to_the_called(self):
        self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "direction": "incoming",
                "price": 0.012,
            }
        )
        call = self._read(
            {"calling": "600000099", "called": "910000001", "direction": "in"}
        )
        self.assertRecordValues(
            call,
            [
                {
                    "direction": "incoming",
                    "partner_id": self.customer.id,
                    "state": "rated",
                    "price": 0.012,
                }
            ],
        )

    def test_internal_call_has_its_category(self):
        self._create_number("101", self.customer, kind="extension")
        call = self._read({"calling": "101", "called": "102", "direction": "internal"})
        self.assertEqual(
            (call.direction, call.category, call.state),
            ("internal", "internal", "excluded"),
        )

    # === SERVICES === #

    def test_messages_and_data(self):
        self.env["telecom.rate"].create(
            [
                {
                    "tariff_id": self.tariff.id,
                    "service": "sms",
                    "method": "call",
                    "price": 0.1,
                },
                {
                    "tariff_id": self.tariff.id,
                    "service": "data",
                    "method": "volume",
                    "price": 0.02,
                },
            ]
        )
        sms, data = self._read(
            {"called": "600000099", "service": "SMS", "duration": 0},
            {
                "called": "",
                "service": "GPRS",
                "bytes": 5_000_000_000,
                "duration": 0,
                "start": "2026-10-05 11:00:00",
            },
        )
        self.assertEqual((sms.service, sms.state, sms.price), ("sms", "rated", 0.1))
        self.assertEqual((data.service, data.state, data.price), ("data", "rated", 100))
        self.assertEqual(data.volume, 5_000_000_000)

    def test_a_service_without_any_rate_is_not_charged(self):
        call = self._read({"called": "600000099", "service": "SMS", "duration": 0})
        self.assertEqual((call.service, call.state), ("sms", "excluded"))

    def test_roaming(self):
        """Dialled abroad in national spelling; billed by the product for roaming."""
        self._load_accounts()
        self.company.currency_id = self.env.ref("base.EUR")
        self.env["telecom.rate"].create(
            {"tariff_id": self.tariff.id, "category": "international", "price": 0.5}
        )
        home, abroad = self._read(
            {"called": "600000099"},
            {"called": "0199000001", "country": "fr", "start": "2026-10-05 11:00:00"},
        )
        self.assertEqual(abroad.visited_country_id, self.env.ref("base.fr"))
        self.assertEqual(
            (abroad.called_number, abroad.category, abroad.price),
            ("+33199000001", "international", 0.5),
        )
        move = self.env["telecom.invoicing"]._invoice(self.customer, home.day, home.day)
        codes = abroad.move_line_id.product_id.default_code
        self.assertEqual(codes, "CR")
        self.assertEqual(len(move.invoice_line_ids), 2)

    # === TIME === #

    def test_the_double_hour_of_autumn(self):
        """The order of the file tells the second pass of the clock."""
        calls = self._read(
            {"start": "2026-10-25 02:30:00"},
            {"start": "2026-10-25 02:50:00"},
            {"start": "2026-10-25 02:10:00"},
            {"start": "2026-10-25 02:30:00"},
            {"start": "2026-10-25 03:00:00"},
        )
        self.assertEqual(
            calls.mapped(lambda c: str(c.start_at)),
            [
                "2026-10-25 00:30:00",
                "2026-10-25 00:50:00",
                "2026-10-25 01:10:00",
                "2026-10-25 01:30:00",
                "2026-10-25 02:00:00",
            ],
        )
        self.assertEqual(calls[0].extra["time_note"], "fold")
        self.assertEqual(set(calls.mapped("day")), {date(2026, 10, 25)})

    def test_the_skipped_hour_of_spring(self):
        before, skipped, after = self._read(
            {"start": "2026-03-29 01:59:59"},
            {"start": "2026-03-29 02:30:00"},
            {"start": "2026-03-29 03:45:00"},
        )
        self.assertEqual(str(before.start_at), "2026-03-29 00:59:59")
        self.assertEqual(str(skipped.start_at), "2026-03-29 01:30:00")
        self.assertEqual(skipped.extra["time_note"], "gap")
        self.assertEqual(str(after.start_at), "2026-03-29 01:45:00")

    # === CURRENCY === #

    def _dollar_rate(self, day, rate):
        return self.env["res.currency.rate"].create(
            {
                "name": day,
                "rate": rate,
                "currency_id": self.env.ref("base.USD").id,
                "company_id": self.company.id,
            }
        )

    def test_cost_in_another_currency_waits_for_its_day(self):
        """Dollar cost, euro price: the rate of the call's own day, or none."""
        self.carrier.currency_id = self.env.ref("base.USD")
        self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "prefix": "44",
                "method": "markup",
                "markup": 50,
            }
        )
        day = date(2026, 10, 5)
        self._dollar_rate(day - timedelta(days=1), 4)
        call = self._read({"called": "00442079460001", "amount": "0.0301"})
        self.assertEqual(
            (call.state, call.rating_reason, call.price),
            ("unrated", "no_currency_rate", 0),
        )
        self._dollar_rate(day, 1.25)
        self.assertEqual(call.action_rate(), 1)
        self.assertEqual((call.state, call.price), ("rated", 0.0361))
        self.assertEqual(call.cost_currency_id.name, "USD")

    def test_price_in_another_currency(self):
        """A customer with a dollar tariff gets an invoice in dollars."""
        self._load_accounts()
        self.company.currency_id = self.env.ref("base.EUR")
        self.env.ref("base.USD").active = True
        self._dollar_rate(date(2026, 10, 5), 1.25)
        self.customer.telecom_tariff_id = self._create_tariff(
            "Dollars", {"price": 0.5}, currency_id=self.env.ref("base.USD").id
        )
        call = self._read({"amount": "0.1"})
        self.assertEqual((call.price, call.currency_id.name), (0.5, "USD"))
        move = self.env["telecom.invoicing"]._invoice(self.customer, call.day, call.day)
        self.assertEqual((move.amount_untaxed, move.currency_id.name), (0.5, "USD"))


@tagged("post_install", "-at_install")
class TestCallApi(TelecomCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self._process(row("J1", amount="0.01"), row("J2", caller="910000077"))
        self.reader = self._new_user("api", READER, password="api")

    def _key(self, user):
        expires = fields.Datetime.now() + timedelta(days=1)
        keys = self.env["res.users.apikeys"].with_user(user)
        return keys._generate("rpc", "test", expires)

    def _post(self, user, **body):
        return self.url_open(
            "/json/2/telecom.call/search_read",
            data=json.dumps(body),
            headers={
                "Authorization": f"Bearer {self._key(user)}",
                "Content-Type": "application/json",
            },
        )

    def test_calls_are_read_by_json(self):
        answer = self._post(
            self.reader,
            domain=[("state", "=", "rated")],
            fields=["called_number", "price", "state"],
        )
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(
            [(c["called_number"], c["price"], c["state"]) for c in answer.json()],
            [("+34912000001", 0.07, "rated")],
        )

    @mute_logger(
        "odoo.http",
        "odoo.addons.web.controllers.json",
        "odoo.addons.base.models.ir_model",
    )
    def test_costs_and_strangers_are_refused(self):
        answer = self._post(self.reader, domain=[], fields=["cost"])
        self.assertEqual(answer.status_code, 403)
        stranger = self._new_user("stranger", "base.group_user")
        self.assertEqual(self._post(stranger, domain=[]).status_code, 403)
