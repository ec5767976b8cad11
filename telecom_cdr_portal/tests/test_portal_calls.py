# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
import re
from datetime import date, datetime
from unittest.mock import patch
from urllib.parse import quote

from freezegun import freeze_time

from odoo.tests import tagged

from ..models import telecom_portal_base
from .common import PortalCase
from .test_parameters import HOSTILE


@tagged("post_install", "-at_install")
class TestPortalCalls(PortalCase):
    """The list of calls, its filters and its totals."""

    def _call_text(self, text, call_id):
        """The words of one call on a page."""
        part = text.split(f'data-call-id="{call_id}"')[1].partition("</li>")[0]
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", part.partition(">")[2]))

    def _shown(self, **values):
        """The words of a call with these values."""
        call_id = self._create_call(**values)
        return self._call_text(self._open("/my/calls"), call_id).strip()

    def _totals(self, month="2026-07", number=None, user=None):
        login = (user or self.user).login
        self.authenticate(login, login)
        totals = self.make_jsonrpc_request(
            "/my/calls/totals", {"months": [month], "number": number}
        )
        return [text.replace("\xa0", " ") for text in totals[month]]

    # === ONE CALL === #

    def test_a_priced_call(self):
        destination = self._create_destination("Moon, dark side")
        text = self._shown(
            destination_id=destination.id, duration=3_725, price="0.0034"
        )
        self.assertEqual(
            text.replace("\xa0", " "),
            "+34 600 00 00 01 Moon, dark side 07/10/2026 10:00:00 AM "
            "+34 910 00 00 01 (Reception) 1:02:05 0.0034 € Not invoiced yet",
        )

    def test_calls_without_price_say_that_it_follows(self):
        for state in ("unrated", "late"):
            text = self._shown(rating_state=state, price=None)
            self.assertIn("Price follows", text)
            self.assertNotIn("€", text)

    def test_a_price_left_from_before_is_not_shown_while_none_is_known(self):
        text = self._shown(rating_state="unrated", price="9.87")
        self.assertNotIn("9.87", text)

    def test_excluded_calls_are_not_charged(self):
        text = self._shown(rating_state="excluded", direction="incoming", price=None)
        self.assertIn("Not charged", text)
        self.assertNotIn("€", text)

    def test_unanswered_calls(self):
        self.assertIn("no answer", self._shown(duration=0))
        self.assertIn("missed", self._shown(duration=0, direction="incoming"))

    def test_messages_data_and_roaming(self):
        self.assertIn(" message ", self._shown(service="sms", duration=0))
        text = self._shown(
            service="data",
            volume=3 * 10**9,
            called_number=None,
            duration=0,
            visited_country_id=self.env.ref("base.fr").id,
        )
        self.assertIn("3,000 MB", text)
        self.assertIn("roaming in France", text)

    def test_calls_from_a_bundle(self):
        subscription = self._create_subscription(self.acme)
        part, whole = self._create_calls(
            [
                {"duration": 300, "bundle_duration": 200},
                {"duration": 300, "bundle_duration": 300, "price": "0"},
            ]
        )
        self._create_draw(part, subscription, 200)
        self._create_draw(whole, subscription, 300)
        text = self._open("/my/calls")
        self.assertIn("0:03:20 from bundle", self._call_text(text, part))
        self.assertRegex(self._call_text(text, whole), r" from bundle")

    def test_invoiced_calls_lead_to_the_invoice(self):
        call_id = self._create_call()
        invoice = self._create_invoice(self.acme, [call_id])
        text = self._open("/my/calls")
        self.assertIn(invoice.name, self._call_text(text, call_id))
        self.assertIn(f'href="/my/invoices/{invoice.id}"', text)

    def test_a_draft_invoice_is_not_told(self):
        call_id = self._create_call()
        self._create_invoice(self.acme, [call_id], is_posted=False)
        text = self._open("/my/calls")
        self.assertIn("Not invoiced yet", self._call_text(text, call_id))
        self.assertNotIn("/my/invoices/", text.partition("o_telecom_calls")[2])

    def test_times_are_those_of_the_user(self):
        self._create_call(start_at=datetime(2026, 1, 10, 23, 30))
        self.assertIn("01/11/2026 12:30:00 AM", self._open("/my/calls"))
        self.user.tz = "America/New_York"
        self.assertIn("01/10/2026 06:30:00 PM", self._open("/my/calls"))
        self.user.tz = False
        text = self._open("/my/calls")
        self.assertIn("01/11/2026 12:30:00 AM", text, "the company's zone")
        self.assertIn("Times of Europe/Madrid.", text)

    def test_text_from_files_is_escaped(self):
        self._create_call(called_number="<script>alert(1)</script>")
        text = self._open("/my/calls")
        self.assertNotIn("<script>alert(1)", text)
        self.assertIn("&lt;script&gt;alert(1)", text)

    # === FILTERS === #

    def test_dates_are_days_of_the_user(self):
        # Around midnight in Madrid at the start and the end of 10 July.
        moments = [
            datetime(2026, 7, 9, 21, 59, 59),
            datetime(2026, 7, 9, 22, 0),
            datetime(2026, 7, 10, 21, 59, 59),
            datetime(2026, 7, 10, 22, 0),
        ]
        ids = self._create_calls([{"start_at": moment} for moment in moments])
        day = "date_from=2026-07-10&date_to=2026-07-10"
        self.assertEqual(
            self._shown_ids(self._open(f"/my/calls?{day}")), [ids[2], ids[1]]
        )
        self.assertEqual(
            self._shown_ids(self._open("/my/calls?date_from=2026-07-11")), ids[3:]
        )
        self.assertEqual(
            self._shown_ids(self._open("/my/calls?date_to=2026-07-09")), ids[:1]
        )

    def test_dates_the_wrong_way_round_are_turned(self):
        call_id = self._create_call()
        url = "/my/calls?date_from=2026-07-20&date_to=2026-07-01"
        text = self._open(url)
        self.assertEqual(self._shown_ids(text), [call_id])
        self.assertIn('value="2026-07-01"', text)

    def test_numbers_in_any_spelling(self):
        second = self._create_number("+34910000003", self.acme)
        first_id, second_id = self._create_calls([{}, {"number_id": second.id}])
        for spelling in ("+34910000003", "910 000 003", "0034910000003", "0003"):
            with self.subTest(spelling=spelling):
                text = self._open(f"/my/calls?number={quote(spelling)}")
                self.assertEqual(self._shown_ids(text), [second_id])
        text = self._open("/my/calls?number=91000000")
        self.assertEqual(set(self._shown_ids(text)), {first_id, second_id})

    def test_a_number_held_twice_is_one_choice(self):
        self.number.date_end = datetime(2026, 6, 1)
        again = self._create_number(
            "+34910000001", self.acme, date_start=datetime(2026, 7, 1)
        )
        ids = self._create_calls([{}, {"number_id": again.id}])
        text = self._open("/my/calls?number=%2B34910000001")
        self.assertEqual(set(self._shown_ids(text)), set(ids))
        self.assertEqual(text.count('value="+34910000001"'), 1)

    def test_foreign_and_unknown_numbers_are_told_and_left_out(self):
        call_id = self._create_call()
        foreign = ("+34910000002", "910000002", str(self.rival_number.id), "abc")
        for number in foreign:
            with self.subTest(number=number):
                text = self._open(f"/my/calls?number={quote(number)}")
                self.assertIn("is none of your numbers", text)
                self.assertEqual(self._shown_ids(text), [call_id])

    def test_many_numbers_are_typed_not_chosen(self):
        self._create_call()
        with patch.object(telecom_portal_base, "MAX_LISTED_NUMBERS", 0):
            text = self._open("/my/calls?number=910000001")
        self.assertIn('placeholder="Own number or a part of it"', text)
        self.assertIn('value="910000001"', text)

    def test_oldest_first(self):
        ids = self._create_calls(
            [{"start_at": datetime(2026, 7, day)} for day in (3, 1, 2)]
        )
        self.assertEqual(
            self._shown_ids(self._open("/my/calls?sortby=oldest")),
            [ids[1], ids[2], ids[0]],
        )

    def test_hostile_parameters_never_break_the_page(self):
        call_id = self._create_call()
        names = ("date_from", "date_to", "number", "sortby", "before", "after", "x")
        for name in names:
            for value in (*HOSTILE, "start_at; DROP TABLE telecom_call", "__class__"):
                with self.subTest(name=name, value=value[:20]):
                    text = self._open(f"/my/calls?{name}={quote(value)}")
                    self.assertEqual(self._shown_ids(text), [call_id])

    def test_wrong_dates_are_told(self):
        self._create_call()
        text = self._open("/my/calls?date_from=2026-13-45&date_to=<b>x</b>")
        self.assertIn("“2026-13-45” is not a date", text)
        self.assertIn("“&lt;b&gt;x&lt;/b&gt;” is not a date", text)

    def test_empty_pages_guide(self):
        text = self._open("/my/calls")
        self.assertIn("No calls yet.", text)
        self.assertIn('href="/my/bundles"', text)
        self._create_call()
        text = self._open("/my/calls?date_from=2027-01-01")
        self.assertIn("No calls with these filters.", text)
        self.assertIn("Show all calls", text)

    def test_counts_stop_at_the_limit(self):
        self._create_calls([{} for _ in range(4)])
        calls = self.portal._call_filter()
        self.assertEqual(self.portal._count(calls), (4, False))
        self.assertEqual(self.portal._count(calls, 4), (4, False))
        self.assertEqual(self.portal._count(calls, 3), (3, True))

    # === TOTALS === #

    def test_totals_of_a_month(self):
        july = [{"duration": 3_600, "price": "0.105"}, {"duration": 61, "price": "0.1"}]
        self._create_calls(july)
        self._create_calls(
            [
                {"service": "sms", "duration": 0, "price": "0.09"},
                {"service": "data", "duration": 0, "volume": 2_500_000, "price": "0"},
                {"rating_state": "unrated", "price": None, "duration": 1},
                {"rating_state": "excluded", "price": "5", "direction": "incoming"},
                {"start_at": datetime(2026, 8, 1), "price": "7"},
                {"partner_id": self.rival.id, "price": "8"},
            ]
        )
        self.assertEqual(
            self._totals(),
            [
                "4 calls",
                "1:02:02",
                "1 message",
                "2.5 MB",
                "0.30 €",
                "1 without price yet",
            ],
        )
        self.assertEqual(self._totals("2026-06"), ["0.00 €"])

    def test_months_are_those_that_bill(self):
        """The billing day decides, whatever the user's time zone."""
        self.user.tz = "Asia/Tokyo"
        self._create_call(start_at=datetime(2026, 7, 31, 21, 0), price="1")
        text = self._open("/my/calls")
        self.assertIn('data-telecom-month="2026-07"', text)
        self.assertEqual(self._totals(), ["1 call", "0:01:00", "1.00 €"])

    def test_totals_of_a_number(self):
        second = self._create_number("+34910000003", self.acme)
        self._create_calls([{"price": "1"}, {"number_id": second.id, "price": "2"}])
        self.assertEqual(self._totals(number="910000003")[-1], "2.00 €")
        self.assertEqual(self._totals()[-1], "3.00 €")
        # A foreign number gives no foreign totals.
        self._create_call(
            partner_id=self.rival.id, number_id=self.rival_number.id, price="50"
        )
        self.assertEqual(self._totals(number="+34910000002")[-1], "3.00 €")

    def test_a_month_that_is_over_has_the_money_of_the_bill(self):
        """What is never itemised adds to the bill, but neither calls nor time."""
        hidden = self._create_destination("Quiet place", never_itemised=True)
        self._create_call(price="1")
        self._create_call(price="2", destination_id=hidden.id)
        calls = self.portal._call_filter()
        with freeze_time("2026-08-01 12:00:00"):
            over = self.portal._month_totals(calls, date(2026, 7, 1))
        with freeze_time("2026-07-31 12:00:00"):
            running = self.portal._month_totals(calls, date(2026, 7, 1))
        texts = [self.portal._totals_texts(totals) for totals in (over, running)]
        self.assertEqual(texts[0], ["1 call", "0:01:00", "3.00\xa0€"])
        self.assertEqual(texts[1], ["1 call", "0:01:00", "1.00\xa0€"])

    def test_calls_that_a_rate_keeps_out_of_the_list(self):
        """They are on no page and in no file, but in the totals, and told apart."""
        silent, plain = self._create_rates({"show_in_detail": False}, {})
        shown = self._create_call(rate_id=plain.id, price="1")
        self._create_calls(
            [
                {"rate_id": silent.id, "price": "0.105", "duration": 90},
                {"rate_id": silent.id, "price": "0.1", "duration": 30},
            ]
        )
        text = self._open("/my/calls")
        self.assertEqual(self._shown_ids(text), [shown])
        self.assertIn("1 call<", text)
        self.assertEqual(
            self._totals(),
            [
                "3 calls",
                "0:03:00",
                "1.21 €",
                "other calls, not listed: 2, 0:02:00, 0.21 €",
            ],
        )
        content = self.portal._export(self.portal._call_filter()).decode("utf-8-sig")
        self.assertEqual(len(content.splitlines()), 2)

    def test_never_itemised_calls_are_not_among_the_others(self):
        hidden = self._create_destination("Quiet place", never_itemised=True)
        [silent] = self._create_rates({"show_in_detail": False})
        self._create_call(price="2", destination_id=hidden.id, rate_id=silent.id)
        with freeze_time("2026-07-31 12:00:00"):
            self.assertEqual(self._totals(), ["0.00 €"])

    def test_the_label_of_a_rate_stands_for_the_destination(self):
        [rate] = self._create_rates({"label": "Special <i>lines</i>"})
        destination = self._create_destination("Moon, dark side")
        self._create_call(rate_id=rate.id, destination_id=destination.id)
        text = self._open("/my/calls")
        self.assertIn("Special &lt;i&gt;lines", text)
        self.assertNotIn("Moon", text)

    def _create_rates(self, *vals_list):
        tariff = self.env["telecom.tariff"].create(
            {"name": "Retail", "company_id": self.company.id}
        )
        categories = ("mobile", "landline")
        return self.env["telecom.rate"].create(
            [
                {"tariff_id": tariff.id, "category": category, "price": 0.1, **vals}
                for category, vals in zip(categories, vals_list, strict=False)
            ]
        )

    def test_each_currency_has_its_sum(self):
        usd = self.env.ref("base.USD")
        self._create_calls([{"price": "1"}, {"price": "2", "currency_id": usd.id}])
        self.assertEqual(set(self._totals()[2:]), {"1.00 €", "$ 2.00"})

    def test_hostile_months_are_left_out(self):
        self.authenticate(self.user.login, self.user.login)
        for months in (HOSTILE, "2026-07", None, [None, 7, {}, []], {"a": 1}):
            totals = self.make_jsonrpc_request("/my/calls/totals", {"months": months})
            self.assertLessEqual(totals.keys(), {"2026-07"})
        totals = self.make_jsonrpc_request(
            "/my/calls/totals", {"months": ["2026-07"], "number": ["x"], "more": 1}
        )
        self.assertEqual(totals, {"2026-07": ["0.00\xa0€"]})

    # === LANGUAGES === #

    def test_spanish_pages_have_no_english_word(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.env["ir.module.module"].search(
            [("name", "in", ["telecom_cdr", "telecom_cdr_portal"])]
        )._update_translations(["es_ES"])
        self.user.lang = "es_ES"
        self._create_call()
        self._create_subscription(self.acme)
        text = self._open("/es/my/calls") + self._open("/es/my/bundles")
        totals = self.make_jsonrpc_request("/my/calls/totals", {"months": ["2026-07"]})
        self.assertEqual(totals, {"2026-07": ["1 llamada", "0:01:00", "0,10\xa0€"]})
        for word in ("Older", "Download", "Not invoiced", "Number", "left", "Active"):
            self.assertNotIn(f">{word}", re.sub(r">\s+", ">", text))
        for word in ("Descargar", "Sin facturar", "Llamadas", "julio", "0,10"):
            self.assertIn(word, text)
