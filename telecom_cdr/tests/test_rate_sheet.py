# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast
import base64
import io
import zipfile
from pathlib import Path
from unittest.mock import patch

import xlsxwriter
from pandas.testing import assert_frame_equal

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Datetime
from odoo.tests import HttpCase, freeze_time, tagged

from ..models.rate_sheet_export import neutralised
from ..models.reading_messages import TEXTS
from ..models.table_frames import read_frame
from ..models.tariff_tables import load_rates
from ..parsers.rate_sheets import names
from .common import MANAGER, READER, TelecomCommon
from .refusal import RefusalMixin
from .test_rating import row

at = Datetime.to_datetime
COST_MANAGER = f"{MANAGER},telecom_cdr.group_telecom_cost"
COST_READER = f"{READER},telecom_cdr.group_telecom_cost"
# Headers above the table, prefixes in ranges and lists, a note at its end.
SPANISH = """\
Operadora Ejemplo;;;;
Tarifas en EUR, lista completa;;;;
Fecha de vigencia: 01/02/2027;;;;
;;;;
Destino;Código;Precio/min;Incrementos;Estado
España Fijo;34-91, 93;0,0123;60/1;
España Móvil;34600-34602;0,05;1/1;
Cuba;53;1,2;60/60;Bloqueado
Mal código;abc;0,05;60/60;
Mal precio;347;x;60/60;
Nota: IVA no incluido;;;;
"""
AZ = """\
Prefix,Destination,Rate,Effective Date,End Date,Increments
44,United Kingdom,0.02,2027-03-01,,60/1
44,United Kingdom,0.03,2027-04-01,,60/1
447,UK Mobile,0.10,2020-01-01,,1/1
33,France,0.01234567891,,,1/1
"""


class RateSheetCase(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.az = cls._create_tariff("A-Z", tz="Europe/Madrid")
        cls._forget_marks()

    @classmethod
    def _sheet(cls, content, name="rates.csv", tariff=None, **values):
        data = content.encode() if isinstance(content, str) else content
        return cls.env["telecom.rate.sheet"].create(
            {
                "tariff_id": (tariff or cls.az).id,
                "content": base64.b64encode(data),
                "content_name": name,
                **values,
            }
        )

    @classmethod
    def _import(cls, content, name="rates.csv", **values):
        sheet = cls._sheet(content, name, **values)
        sheet.action_preview()
        if sheet.change_count:
            sheet.action_apply()
        return sheet

    def _lines(self, sheet, *names):
        lines = self.env["telecom.rate.sheet.line"].search(
            [("sheet_id", "=", sheet.id)], order="prefix, date_start, line_number"
        )
        names = names or ("prefix", "kind", "old_price", "new_price")
        return [tuple(line[name] for name in names) for line in lines]

    def _rates(self, tariff=None, *names):
        rates = self.env["telecom.rate"].search(
            [("tariff_id", "=", (tariff or self.az).id)], order="prefix, date_start, id"
        )
        names = names or ("prefix", "price", "date_start", "date_end")
        return [tuple(rate[name] for name in names) for rate in rates]

    def _counts(self, sheet):
        kinds = (
            "new", "dearer", "cheaper", "changed", "blocked", "ended", "same",
            "doubled", "broken",
        )  # fmt: skip
        return {kind: n for kind in kinds if (n := sheet[f"{kind}_count"])}


@tagged("post_install", "-at_install")
class TestRateSheet(RateSheetCase):
    def test_a_sheet_fills_an_empty_tariff(self):
        sheet = self._sheet(SPANISH)
        sheet.action_preview()
        self.assertEqual(sheet.state, "previewed")
        self.assertEqual(self._counts(sheet), {"new": 5, "blocked": 1, "broken": 2})
        self.assertFalse(self._rates())
        # 1 February, 0:00 in Madrid.
        self.assertEqual(sheet.date_start, at("2027-01-31 23:00:00"))
        self.assertTrue(sheet.is_full)
        self.assertIn("The file says that it is a full list.", sheet.assumption_text)
        self.assertIn("Decimal mark: Comma", sheet.assumption_text)
        self.assertIn("Nota: IVA no incluido", sheet.assumption_text)
        sheet.action_apply()
        start = at("2027-01-31 23:00:00")
        self.assertEqual(
            self._rates(
                None, "prefix", "price", "increments", "date_start", "is_allowed"
            ),
            [
                ("34600", 0.05, "1/1", start, True),
                ("34601", 0.05, "1/1", start, True),
                ("34602", 0.05, "1/1", start, True),
                ("3491", 0.0123, "60/1", start, True),
                ("3493", 0.0123, "60/1", start, True),
                ("53", 1.2, "60/60", start, False),
            ],
        )
        self.assertEqual(sheet.state, "applied")
        self.assertEqual(sheet.applied_by_id, self.env.user)
        self.assertIn("rates.csv", self.az.message_ids[0].body)

    def test_broken_rows_have_line_and_reason(self):
        sheet = self._sheet(SPANISH)
        sheet.action_preview()
        lines = self.env["telecom.rate.sheet.line"].search(
            [("sheet_id", "=", sheet.id), ("kind", "=", "broken")], order="line_number"
        )
        self.assertRecordValues(
            lines,
            [
                {
                    "line_number": 9,
                    "reason": "prefix",
                    "message": "Expected digits of a dialling code, such as 34600, "
                    "34600-34609 or 34-600; found 'abc'.",
                    "raw": "Mal código | abc | 0,05 | 60/60 |",
                },
                {
                    "line_number": 10,
                    "reason": "price",
                    "message": "Expected an amount such as 0,05; found 'x'.",
                    "raw": "Mal precio | 347 | x | 60/60 |",
                },
            ],
        )

    def test_the_same_sheet_again_is_the_same(self):
        first = self._import(SPANISH)
        rates = self._rates()
        self.assertEqual(first.state, "applied")
        again = self._sheet(SPANISH)
        again.action_preview()
        self.assertEqual(self._counts(again), {"same": 6, "broken": 2})
        with self.assertSays(UserError, "Nothing would change"):
            again.action_apply()
        with self.assertSays(UserError, "the import is 'Applied'"):
            first.action_apply()
        self.assertEqual(self._rates(), rates)

    def test_a_full_sheet_changes_and_ends(self):
        self._import(SPANISH)
        changed = SPANISH.replace("01/02/2027", "01/03/2027")
        changed = changed.replace("0,0123", "0,02").replace(
            "34600-34602", "34600-34601"
        )
        changed = changed.replace("0,05;1/1", "0,04;1/1").replace(";Bloqueado", ";")
        sheet = self._sheet(changed)
        sheet.action_preview()
        self.assertEqual(
            self._lines(
                sheet, "prefix", "kind", "old_price", "new_price", "difference"
            ),
            [
                ("34600", "cheaper", 0.05, 0.04, -20.0),
                ("34601", "cheaper", 0.05, 0.04, -20.0),
                ("34602", "ended", 0.05, 0.0, 0.0),
                ("347", "broken", 0.0, 0.0, 0.0),
                ("3491", "dearer", 0.0123, 0.02, 62.6016),
                ("3493", "dearer", 0.0123, 0.02, 62.6016),
                ("53", "changed", 1.2, 1.2, 0.0),
                (False, "broken", 0.0, 0.0, 0.0),
            ],
        )
        sheet.action_apply()
        feb, mar = at("2027-01-31 23:00:00"), at("2027-02-28 23:00:00")
        self.assertEqual(
            self._rates(),
            [
                ("34600", 0.05, feb, mar), ("34600", 0.04, mar, False),
                ("34601", 0.05, feb, mar), ("34601", 0.04, mar, False),
                ("34602", 0.05, feb, mar),
                ("3491", 0.0123, feb, mar), ("3491", 0.02, mar, False),
                ("3493", 0.0123, feb, mar), ("3493", 0.02, mar, False),
                ("53", 1.2, feb, mar), ("53", 1.2, mar, False),
            ],
        )  # fmt: skip

    @freeze_time("2027-02-10 12:00:00")
    def test_a_partial_sheet_with_dates_of_its_own(self):
        self._import("Prefix,Rate\n44,0.05\n55,0.5\n", date_start="2027-01-01 00:00:00")
        sheet = self._import(AZ)
        today = at("2027-02-09 23:00:00")
        self.assertEqual(sheet.date_start, today)
        self.assertIn("it counts from today", sheet.assumption_text)
        self.assertIn("which count from then: 1", sheet.assumption_text)
        self.assertIn("more than 9 decimals, rounded: 1", sheet.assumption_text)
        start = at("2027-01-01 00:00:00")
        mar, apr = at("2027-02-28 23:00:00"), at("2027-03-31 22:00:00")
        self.assertEqual(
            self._rates(),
            [
                ("33", 0.012345679, today, False),
                ("44", 0.05, start, mar),
                ("44", 0.02, mar, apr),
                ("44", 0.03, apr, False),
                ("447", 0.1, today, False),
                ("55", 0.5, start, False),
            ],
        )
        again = self._sheet(AZ)
        again.action_preview()
        self.assertEqual(self._counts(again), {"same": 4})

    def test_a_scheduled_price_is_replaced(self):
        self._import("Prefix,Rate\n44,0.05\n", date_start="2027-01-01 00:00:00")
        self._import("Prefix,Rate\n44,0.09\n", date_start="2027-06-01 00:00:00")
        sheet = self._import("Prefix,Rate\n44,0.07\n", date_start="2027-05-01 00:00:00")
        self.assertIn("others take the place of: 1", sheet.assumption_text)
        first, may = at("2027-01-01 00:00:00"), at("2027-05-01 00:00:00")
        self.assertEqual(
            self._rates(), [("44", 0.05, first, may), ("44", 0.07, may, False)]
        )

    def test_what_the_sheet_does_not_say_stays(self):
        self.az.rate_ids = [
            Command.create(
                {
                    "prefix": "44",
                    "price": 0.05,
                    "connect_fee": 0.1,
                    "initial_increment": 60,
                    "increment": 30,
                    "free_seconds": 5,
                    "has_minimum_price": True,
                    "minimum_price": 0.2,
                    "label": "Great Britain",
                    "tier_ids": [
                        Command.create(
                            {
                                "kind": "second",
                                "start": 600,
                                "price": 0.01,
                                "has_price": 1,
                            }
                        )
                    ],
                }
            )
        ]
        self._import("Prefix,Rate\n44,0.07\n", date_start="2027-05-01 00:00:00")
        new = self.az.rate_ids.filtered(lambda r: r.price == 0.07)
        self.assertRecordValues(
            new,
            [
                {
                    "connect_fee": 0.1,
                    "increments": "60/30",
                    "free_seconds": 5,
                    "has_minimum_price": True,
                    "minimum_price": 0.2,
                    "label": "Great Britain",
                    "method": "duration",
                    "date_start": at("2027-05-01 00:00:00"),
                }
            ],
        )
        self.assertEqual(new.tier_ids.mapped("start"), [600])

    def test_prices_per_second_are_compared_per_minute(self):
        self.az.rate_ids = [
            Command.create({"prefix": "44", "price": 0.001, "price_per": "second"})
        ]
        sheet = self._sheet("Prefix,Rate\n44,0.06\n")
        sheet.action_preview()
        self.assertEqual(self._counts(sheet), {"same": 1})
        sheet.price_unit = "second"
        self.assertEqual(sheet.state, "draft")
        sheet.action_preview()
        self.assertEqual(self._lines(sheet), [("44", "dearer", 0.06, 3.6)])

    def test_rates_with_bands_are_left_alone(self):
        band = self.env["telecom.time.band"].create(
            {
                "name": "Night",
                "company_id": self.company.id,
                "line_ids": [Command.create({"hour_from": 22, "hour_to": 8})],
            }
        )
        self.az.rate_ids = [
            Command.create({"prefix": "44", "price": 0.01, "time_band_id": band.id})
        ]
        sheet = self._import("Full list\nPrefix,Rate\n33,0.06\n")
        self.assertEqual(self._counts(sheet), {"new": 1})
        self.assertIn("bands, patterns), left alone: 1", sheet.assumption_text)
        self.assertFalse(self.az.rate_ids.filtered("time_band_id").date_end)

    # === WHAT A ROW NAMES === #

    def _night(self, name="Night", **hours):
        return self.env["telecom.time.band"].create(
            {
                "name": name,
                "company_id": self.company.id,
                "line_ids": [Command.create(hours or {"hour_from": 22, "hour_to": 8})],
            }
        )

    def _targets(self):
        names = ("prefix", "destination_id", "category", "time_band_id", "price")
        return [
            tuple(one.name if hasattr(one, "name") else one for one in row)
            for row in self._rates(None, *names)
        ]

    def test_rows_are_for_what_they_name(self):
        self._night()
        testland = {"name": "Testland", "company_id": self.company.id}
        self.env["telecom.destination"].create(testland)
        text = (
            "Destination,Prefix,Category,Time band,Rate\n"
            "Somewhere,44,premium,,0.10\n"  # what stands beside a code says nothing
            "Somewhere,44,,night,0.05\n"
            "TESTLAND,,,any time,0.20\n"
            ",,International,,0.30\n"
            ",,all calls,NIGHT,0.40\n"
        )
        sheet = self._import(text)
        self.assertEqual(self._counts(sheet), {"new": 5})
        self.assertCountEqual(
            self._targets(),
            [
                ("44", False, False, False, 0.10),
                ("44", False, False, "Night", 0.05),
                (False, "Testland", False, False, 0.20),
                (False, False, "international", False, 0.30),
                (False, False, False, "Night", 0.40),
            ],
        )
        dearer = text.replace("0.20", "0.25").replace("0.05", "0.04")
        sheet = self._import(dearer, date_start="2030-01-01 00:00:00")
        self.assertEqual(self._counts(sheet), {"dearer": 1, "cheaper": 1, "same": 3})
        names = ("destination", "time_band_id", "old_price", "new_price")
        lines = self.env["telecom.rate.sheet.line"].search(
            [("sheet_id", "=", sheet.id), ("kind", "!=", "same")], order="kind"
        )
        self.assertEqual(
            [tuple(line[name] for name in names) for line in lines],
            [
                (
                    "Somewhere",
                    self.env["telecom.time.band"].search([], limit=1),
                    0.05,
                    0.04,
                ),
                ("TESTLAND", self.env["telecom.time.band"], 0.20, 0.25),
            ],
        )

    def test_unknown_names_are_rejected_lines(self):
        self._night()
        for name in ("Twin", "Twin"):
            self.env["telecom.destination"].create(
                {"name": name, "company_id": self.company.id}
            )
        sheet = self._import(
            "Destination,Prefix,Category,Time band,Called pattern,Rate\n"
            "Marsland,,,,,0.1\n"
            ",,martian,,,0.1\n"
            ",44,,Noon,,0.1\n"
            "Twin,,,,,0.1\n"
            ",44,,,(,0.1\n"
            ",33,,,,0.1\n"
        )
        self.assertEqual(self._counts(sheet), {"new": 1, "broken": 5})
        messages = dict(self._lines(sheet, "line_number", "message"))
        self.assertEqual(
            messages[2],
            "Expected a code in the row, a list of codes for its destination, or the "
            "name of one of the company's destinations; found 'Marsland'.",
        )
        self.assertIn("one of the categories Landline, Mobile", messages[3])
        self.assertIn("found 'martian'", messages[3])
        self.assertEqual(
            messages[4],
            "Expected one of the company's time bands Night (empty: at any time); "
            "found 'Noon'.",
        )
        self.assertIn("a name that only one of them has", messages[5])
        self.assertIn("RE2", messages[6])
        self.assertEqual([one[0] for one in self._rates()], ["33"])

    def test_a_full_list_ends_only_kinds_that_it_holds(self):
        band = self._night()
        self.az.rate_ids = [
            Command.create({"prefix": "44", "price": 0.01, "time_band_id": band.id}),
            Command.create({"prefix": "45", "price": 0.01, "time_band_id": band.id}),
            Command.create({"category": "mobile", "price": 0.1}),
            Command.create({"prefix": "46", "price": 0.1}),
        ]
        text = "Full list\nPrefix,Time band,Rate\n44,Night,0.01\n45,Noon,0.02\n"
        sheet = self._import(text, date_start="2030-01-01 00:00:00")
        # 46 is missing; 45 is named in a row that cannot be read; 'mobile' is of a
        # kind that the file does not speak of.
        self.assertEqual(self._counts(sheet), {"same": 1, "ended": 1, "broken": 1})
        self.assertIn("left alone: 1", sheet.assumption_text)
        ended = self.az.rate_ids.filtered("date_end")
        self.assertEqual(ended.mapped("prefix"), ["46"])

    def test_bands_that_contradict_each_other_are_refused(self):
        self._night()
        self._night("Late", hour_from=23, hour_to=24)
        sheet = self._sheet(
            "Prefix,Time band,Rate\n44,Night,0.01\n44,Late,0.02\n33,Late,0.02\n"
        )
        with self.assertSays(UserError, "Night and Late both hold"):
            sheet.action_preview()
        self.assertFalse(self._rates())
        self.env["telecom.time.band"].search([("name", "=", "Late")]).priority = 20
        sheet.action_preview()
        sheet.action_apply()
        self.assertEqual(len(self._rates()), 3)

    def test_what_is_changed_by_name_is_rated_again(self):
        self._night()
        self._import("Category,Time band,Rate\nmobile,Night,0.06\n")
        marks = self.env["telecom.rating.mark"].search([("tariff_id", "=", self.az.id)])
        self.assertEqual(marks.mapped("category"), ["mobile"])
        self.assertEqual(marks.mapped("prefix"), [False])

    # === CALLS === #

    def test_a_rate_that_has_priced_a_call_stays(self):
        self.company.telecom_tariff_id = self.az
        self._import("Prefix,Rate\n34,0.06\n", date_start="2026-01-01 00:00:00")
        self._process(row("C1"))
        [call] = self._calls()
        old = call.rate_id
        self.assertEqual(old.price, 0.06)
        self._forget_marks()
        self._import("Prefix,Rate\n34,0.12\n", date_start="2026-01-01 00:00:00")
        self.assertFalse(old.active)
        self.assertEqual(old.price, 0.06)
        marks = self.env["telecom.rating.mark"].search([("tariff_id", "=", self.az.id)])
        self.assertRecordValues(
            marks,
            [
                {
                    "prefix": "34",
                    "date_start": at("2026-01-01 00:00:00"),
                    "service": "voice",
                }
            ],
        )
        self._run_cron("rate")
        self.assertEqual(call.rate_id.price, 0.12)
        self.assertAlmostEqual(call.price, 2 * old.price * call.billed_duration / 60, 4)

    def test_many_rates_leave_one_mark(self):
        rows = "".join(f"44{n:03},0.0{n % 7 + 1}\n" for n in range(200))
        self._import("Prefix,Rate\n" + rows, date_start="2027-01-01 00:00:00")
        marks = self.env["telecom.rating.mark"].search([("tariff_id", "=", self.az.id)])
        self.assertRecordValues(
            marks, [{"prefix": False, "date_start": at("2027-01-01 00:00:00")}]
        )
        self.assertEqual(len(self._rates()), 200)

    def test_blocked_without_a_price_is_never_free(self):
        sheet = self._import("Prefix,Rate\n53,Blocked\n44,0.01\n")
        rate = self.az.rate_ids.filtered(lambda r: r.prefix == "53")
        self.assertRecordValues(rate, [{"is_allowed": False, "is_late_priced": True}])
        self.assertIn("(calls wait for one): 1", sheet.assumption_text)

    # === ALL OR NOTHING === #

    def test_rates_changed_since_the_preview(self):
        self._import("Prefix,Rate\n44,0.05\n", date_start="2027-01-01 00:00:00")
        sheet = self._sheet("Prefix,Rate\n44,0.07\n", date_start="2027-05-01 00:00:00")
        sheet.action_preview()
        self.az.rate_ids._succeed("2027-04-01 00:00:00", {"price": 0.06})
        before = self._rates()
        with self.assertSays(UserError, "changed since the preview"):
            sheet.action_apply()
        self.assertEqual(self._rates(), before)
        sheet.action_preview()
        sheet.action_apply()
        self.assertEqual(len(self._rates()), 3)

    def test_negative_prices_only_where_allowed(self):
        sheet = self._import("Prefix,Rate\n44,-0.05\n33,0.01\n")
        self.assertEqual(self._counts(sheet), {"new": 1, "broken": 1})
        message = self._lines(sheet, "message")
        self.assertIn(("A price below 0: the tariff does not allow any.",), message)
        self.az.allow_negative = True
        sheet = self._import("Prefix,Rate\n44,-0.05\n33,0.01\n")
        self.assertEqual(self._counts(sheet), {"new": 1, "same": 1})
        self.assertIn(-0.05, self.az.rate_ids.mapped("price"))

    def test_another_currency_is_not_taken(self):
        text = "Prefix,Rate,Currency\n44,0.05,USD\n33,0.01,EUR\n"
        sheet = self._sheet(text)
        sheet.action_preview()
        self.assertEqual(self._counts(sheet), {"new": 1, "broken": 1})
        self.assertIn(
            ("The price is in USD, and the tariff in EUR.",),
            self._lines(sheet, "message"),
        )
        sheet.ignore_currency = True
        sheet.action_preview()
        self.assertEqual(self._counts(sheet), {"new": 2})

    def test_two_prices_for_a_prefix_are_not_taken(self):
        sheet = self._import("Prefix,Rate\n44,0.05\n44,0.06\n33,0.01\n")
        self.assertEqual(self._counts(sheet), {"new": 1, "doubled": 2})
        self.assertEqual([one[0] for one in self._rates()], ["33"])

    def test_implied_decimals_and_columns_without_names(self):
        sheet = self._sheet(
            "GB;44;125\nFR;33;100\n",
            implied_decimals=4,
            column_ids=[
                Command.create({"field": "prefix", "column": "2"}),
                Command.create({"field": "price", "column": "3"}),
                Command.create({"field": "destination", "column": "1"}),
            ],
        )
        sheet.action_preview()
        self.assertEqual(
            self._lines(sheet, "prefix", "destination", "new_price"),
            [("33", "FR", 0.01), ("44", "GB", 0.0125)],
        )

    # === REFUSALS === #

    def test_what_is_no_rate_sheet(self):
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<a/>")
            archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
        for name, content, words in [
            ("x.pdf", b"%PDF-1.4\n\x00\x01\x02", "This is no text file"),
            ("x.xlsx", bomb.getvalue(), "unpacks to too much"),
            ("x.csv", b"apples,pears\n1,2\n", "No table of prices was found"),
            ("x.csv", b"\n", "No table of prices was found"),
            ("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel"),
        ]:
            with self.subTest(name=name, words=words):
                sheet = self._sheet(content, name)
                sheet.action_preview()
                self.assertEqual((sheet.state, sheet.work), ("draft", False))
                self.assertIn(words, sheet.last_error)
                self.assertFalse(self._lines(sheet))
        self.assertFalse(self._rates())

    def test_the_first_rows_are_shown_where_headers_are_unknown(self):
        sheet = self._sheet("apples,pears\n1,<b>2</b>\n")
        sheet.action_preview()
        self.assertIn("pears", sheet.sample)
        self.assertIn("&lt;b&gt;2", sheet.sample)

    def test_a_file_is_needed_and_steps_make_sense(self):
        sheet = self.env["telecom.rate.sheet"].create({"tariff_id": self.az.id})
        with self.assertSays(UserError, "Choose the file"):
            sheet.action_preview()
        with self.assertSays(ValidationError, "'0/60' are no steps"):
            sheet.new_increments = "0/60"

    def test_what_was_applied_is_kept(self):
        sheet = self._import("Prefix,Rate\n44,0.05\n")
        with self.assertSays(UserError, "What was applied is kept"):
            sheet.unlink()
        with self.assertSays(UserError, "stays as it is"):
            sheet.update_kind = "full"
        draft = self._sheet("Prefix,Rate\n44,0.06\n")
        draft.action_preview()
        draft.unlink()
        lines = self.env["telecom.rate.sheet.line"].search_count([])
        self.assertEqual(lines, 1)

    # === IN THE BACKGROUND === #

    def test_large_files_are_worked_off_in_the_background(self):
        with self._at_once(0):
            sheet = self._sheet("Prefix,Rate\n44,0.05\n")
            sheet.action_preview()
            self.assertEqual((sheet.state, sheet.work), ("draft", "preview"))
            with self.assertSays(UserError, "is at work"):
                sheet.update_kind = "full"
            self._run_cron("rate_sheet")
            self.assertEqual((sheet.state, sheet.work), ("previewed", False))
            self.assertEqual(sheet.progress, 100)
            sheet.action_apply()
            self.assertEqual((sheet.state, sheet.work), ("previewed", "apply"))
            self.assertFalse(self._rates())
            self._run_cron("rate_sheet")
        self.assertEqual(sheet.state, "applied")
        self.assertEqual(len(self._rates()), 1)

    def _at_once(self, limit):
        """Let nothing be small enough to be waited for."""
        return patch.multiple(
            "odoo.addons.telecom_cdr.models.telecom_rate_sheet",
            AT_ONCE_BYTES={"text": limit, "packed": limit},
            AT_ONCE_CHANGES=limit,
        )

    # === DESTINATIONS === #

    def test_destinations_are_added(self):
        known = self.env["telecom.destination"].create(
            {
                "name": "Testland",
                "category": "international",
                "company_id": self.company.id,
                "prefix_ids": [Command.create({"prefix": "+88299"})],
            }
        )
        text = "Prefix,Destination,Rate\n88299,Elsewhere,1\n882991,TESTLAND,1\n"
        text += "349999,Spain Mobile Test,0.1\n882881,Nowhere,2\n"
        self._import(text, add_destinations=True)
        self.assertEqual(known.prefix_ids.mapped("prefix"), ["88299", "882991"])
        names = ["Spain Mobile Test", "Nowhere", "Elsewhere"]
        new = self.env["telecom.destination"].search(
            [("name", "in", names), ("company_id", "=", self.company.id)], order="name"
        )
        self.assertRecordValues(
            new,
            [
                {
                    "name": "Nowhere",
                    "category": "international",
                    "prefix_text": "882881",
                },
                {
                    "name": "Spain Mobile Test",
                    "category": "mobile",
                    "prefix_text": "349999",
                },
            ],
        )

    # === LOADING === #

    def test_many_rates_are_loaded_as_few(self):
        """By COPY or row by row: the same table, whatever stands in it."""
        self.az.rate_ids = [
            Command.create({"prefix": "44", "price": 9_000_000.000000001}),
            Command.create(
                {
                    "prefix": "33",
                    "method": "formula",
                    "formula": "duration *\n2 + units",
                    "units_formula": "1",
                    "has_initial_price": True,
                    "initial_price": 0.123456789,
                    "date_start": "2027-01-01 00:00:00",
                }
            ),
        ]
        fast = load_rates(self.env, self.company)
        path = "odoo.addons.telecom_cdr.models.tariff_tables.read_large_frame"
        with patch(path, read_frame):
            slow = load_rates(self.env, self.company)
        order = {"by": "rate_id", "ignore_index": True}
        assert_frame_equal(fast.sort_values(**order), slow.sort_values(**order))
        empty = self._telecom_company("Without Rates")
        none = load_rates(self.env, empty)
        self.assertEqual((len(none), list(none)), (0, list(fast)))

    # === TEXTS === #

    def test_every_text_of_the_reader_can_be_translated(self):
        folder = Path(__file__).parents[1] / "parsers"
        found = []
        for path in [*folder.glob("rate_sheets/*.py"), folder / "spreadsheet.py"]:
            for node in ast.walk(ast.parse(path.read_text())):
                found += list(_told(node))
        found += [*names.EXPECTED.values(), names.NO_BANDS, names.SEVERAL]
        found += [names.EXPECTED_PATTERN, names.EXPECTED_ORDER]
        self.assertGreater(len(found), 20)
        self.assertEqual([text for text in found if text not in TEXTS], [])


def _told(node):
    """Texts for users: what is given to problems and errors, or named so."""
    names = ("expected", "message")
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
        target = node.targets[0]
        if getattr(target, "id", "") in names and isinstance(node.value.value, str):
            yield node.value.value
    place = {"Problem": 2, "_CodeError": 0}.get(
        getattr(getattr(node, "func", None), "id", "")
    )
    if place is not None and len(node.args) > place:
        text = node.args[place]
        if isinstance(text, ast.Constant):
            yield text.value


@tagged("post_install", "-at_install")
class TestMarginGuard(RateSheetCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cost = cls._create_tariff("Cost", is_cost=True)
        cls.carrier.cost_tariff_id = cls.cost

    def _losses(self, sheet):
        return [
            (
                loss.retail_tariff_id.name, loss.rate_text, loss.prefix, loss.quantity,
                loss.retail_amount, loss.cost_amount, loss.customer_count,
            )
            for loss in sheet.loss_ids.sorted(lambda one: (one.prefix, one.margin))
        ]  # fmt: skip

    def test_a_cost_above_prices_needs_to_be_confirmed(self):
        special = self._create_tariff("Special", {"prefix": "346", "price": 0.05})
        other = self._create_customer("Customer Two")
        other.telecom_tariff_id = special
        self._create_number("+34910000002", other)
        sheet = self._sheet(
            "Prefix,Rate\n346,0.06\n3491,0.01\n", tariff=self.cost, new_increments="1/1"
        )
        sheet.action_preview()
        # 3 minutes at 0.06 and at 0.05; 0.09 of the company's tariff is enough.
        self.assertEqual(
            self._losses(sheet), [("Special", "346", "346", 60, 0.05, 0.06, 1)]
        )
        self.assertEqual((sheet.loss_count, sheet.loss_customer_count), (1, 1))
        self.assertTrue(sheet.needs_confirmation)
        with self.assertSays(UserError, "below cost"):
            sheet.action_apply()
        self.assertFalse(self._rates(self.cost))
        action = sheet.loss_ids.action_open_customers()
        self.assertEqual(action["domain"], [("id", "in", other.ids)])
        sheet.action_confirm()
        self.assertEqual(len(self._rates(self.cost)), 2)
        self.assertEqual(sheet.confirmed_by_id, self.env.user)

    def test_the_default_tariff_touches_whoever_has_no_other(self):
        sheet = self._sheet("Prefix,Rate\n346,0.2\n", tariff=self.cost)
        sheet.action_preview()
        self.assertEqual(
            self._losses(sheet), [("Retail", "Mobile", "346", 60, 0.09, 0.2, 1)]
        )

    def test_a_price_below_the_present_cost(self):
        self._import("Prefix,Rate\n44,0.05\n33,0.01\n", tariff=self.cost)
        sheet = self._sheet("Prefix,Rate\n447,0.04\n33,0.02\n")
        sheet.action_preview()
        self.assertEqual(
            self._losses(sheet), [("A-Z", "447", "447", 60, 0.04, 0.05, 0)]
        )

    def test_tiers_and_bands_count_at_their_worst(self):
        band = self.env["telecom.time.band"].create(
            {
                "name": "Night",
                "company_id": self.company.id,
                "line_ids": [Command.create({"hour_from": 22, "hour_to": 8})],
            }
        )
        tier = Command.create({"kind": "second", "start": 600, "price": 0.03})
        retail = self._create_tariff(
            "Tiered",
            {"prefix": "44", "price": 0.06, "tier_ids": [tier]},
            {"prefix": "33", "price": 0.06},
            {"prefix": "33", "price": 0.02, "time_band_id": band.id},
        )
        self.company.telecom_tariff_id = retail
        sheet = self._sheet("Prefix,Rate\n44,0.04\n33,0.04\n", tariff=self.cost)
        sheet.action_preview()
        losses = sheet.loss_ids.filtered(lambda one: one.retail_tariff_id == retail)
        self.assertRecordValues(
            losses.sorted("prefix"),
            [
                {"prefix": "33", "retail_amount": 0.02, "is_bound": True,
                 "quantity_text": "60 s", "customer_count": 1},
                {"prefix": "44", "retail_amount": 0.03, "is_bound": True,
                 "quantity_text": "60 s", "customer_count": 1},
            ],
        )  # fmt: skip

    def test_bands_that_never_meet_are_not_compared(self):
        day, night = self.env["telecom.time.band"].create(
            [
                {
                    "name": name,
                    "company_id": self.company.id,
                    "line_ids": [Command.create({"hour_from": start, "hour_to": end})],
                }
                for name, start, end in (("Day", 8, 22), ("Night", 22, 8))
            ]
        )
        retail = self._create_tariff(
            "By hours",
            {"prefix": "44", "price": 0.06, "time_band_id": day.id},
            {"prefix": "44", "price": 0.02, "time_band_id": night.id},
            tz=self.cost.tz,
        )
        text = "Prefix,Time band,Rate\n44,Day,0.05\n44,Night,{}\n"
        sheet = self._sheet(text.format("0.01"), tariff=self.cost)
        sheet.action_preview()
        self.assertNotIn(retail, sheet.loss_ids.retail_tariff_id)
        sheet = self._sheet(text.format("0.03"), tariff=self.cost)
        sheet.action_preview()
        self.assertRecordValues(
            sheet.loss_ids.filtered(lambda one: one.retail_tariff_id == retail),
            [{"retail_amount": 0.02, "cost_amount": 0.03, "is_bound": False}],
        )

    def test_messages_and_data_are_guarded(self):
        tariff = self._create_tariff(
            "Mobile life",
            {"service": "sms", "method": "volume", "price": 0.05},
            {
                "service": "data", "method": "volume", "price": 0.001,
                "volume_initial": 1, "volume_increment": 1,
            },
        )  # fmt: skip
        self.company.telecom_tariff_id = tariff
        for service, text, wanted in (
            ("sms", "Prefix,Rate\n346,0.06\n", ("346", "a message", 0.05, 0.06)),
            ("data", "Category,Rate\nall,0.002\n", (False, "1 MB", 0.001, 0.002)),
        ):
            with self.subTest(service=service):
                sheet = self._sheet(text, tariff=self.cost, service=service)
                sheet.action_preview()
                loss = sheet.loss_ids
                found = (
                    loss.prefix, loss.quantity_text, loss.retail_amount,
                    loss.cost_amount,
                )  # fmt: skip
                self.assertEqual(found, wanted)
                self.assertEqual(loss.customer_count, 1)

    def test_a_price_for_a_destination_or_a_category_is_guarded(self):
        self._import("Category,Rate\nmobile,0.08\nall,0.02\n", tariff=self.cost)
        sheet = self._sheet("Prefix,Category,Rate\n346,,0.05\n,landline,0.05\n")
        sheet.action_preview()
        self.assertEqual(
            self._losses(sheet), [("A-Z", "346", "346", 60, 0.05, 0.08, 0)]
        )

    def test_who_sees_no_costs_gets_the_changes_only(self):
        self._import("Prefix,Rate\n44,0.05\n", tariff=self.cost)
        manager = self._new_user("plain_manager", MANAGER)
        sheet = self._sheet("Prefix,Rate\n44,0.04\n").with_user(manager)
        sheet.action_preview()
        self.assertEqual(self._counts(sheet), {"new": 1})
        self.assertFalse(sheet.needs_confirmation)
        self.assertTrue(sheet.sudo().loss_count)
        with self.assertRaises(AccessError):
            sheet.read(["loss_count"])
        with self.assertRaises(AccessError):
            self.env["telecom.rate.sheet.loss"].with_user(manager).search([])
        sheet.action_apply()
        self.assertEqual(sheet.state, "applied")

    def test_sample_calls_that_come_out_otherwise_are_shown_first(self):
        self._import("Prefix,Rate\n3491,0.06\n", date_start="2026-01-01 00:00:00")
        self.env["telecom.golden.call"].create(
            {
                "name": "A minute to Madrid",
                "tariff_id": self.az.id,
                "called_number": "+34910000009",
                "start_at": "2026-10-05 10:00:00",
                "duration": 60,
                "expected_price": 0.06,
            }
        )
        sheet = self._sheet(
            "Prefix,Rate\n3491,0.12\n", date_start="2026-09-01 00:00:00"
        )
        sheet.action_preview()
        self.assertIn("A minute to Madrid", sheet.broken_text)
        self.assertEqual(len(self._rates()), 1)
        with self.assertSays(UserError, "look at them, then confirm"):
            sheet.action_apply()
        sheet.action_confirm()
        self.assertEqual(len(self._rates()), 2)


@tagged("post_install", "-at_install")
class TestRateExport(RateSheetCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Others may have put these prefixes somewhere.
        cls.env["telecom.prefix"].search(
            [("prefix", "in", ["1", "33", "44", "447"])]
        ).unlink()
        for name, prefix in (("=France", "+33"), ("UK", "+44")):
            cls.env["telecom.destination"].create(
                {
                    "name": name,
                    "category": "international",
                    "prefix_ids": [Command.create({"prefix": prefix})],
                }
            )
        cls._import(AZ, date_start="2027-02-01 00:00:00")
        cls._import("Prefix,Rate\n53,Blocked\n44,0.025,\n", date_start="2027-03-10")
        cls.az.rate_ids = [
            Command.create(
                {
                    "prefix": "1",
                    "price": 0.0005,
                    "price_per": "second",
                    "has_initial_price": True,
                    "initial_price": 0.001,
                    "connect_fee": 0.07,
                    "grace": 3,
                    "minimum_duration": 20,
                    "date_end": "2027-12-01 10:30:00",
                }
            ),
            Command.create({"category": "mobile", "price": 1, "method": "call"}),
        ]

    def _wizard(self, tariffs=None, **values):
        return self.env["telecom.rate.export"].create(
            {
                "tariff_ids": [Command.set((tariffs or self.az).ids)],
                "date": "2027-03-15 00:00:00",
                **values,
            }
        )

    def test_what_is_in_the_file(self):
        name, data = self._wizard(file_format="csv")._file()
        self.assertEqual(name, "A-Z 2027-03-15 partial.csv")
        self.assertEqual(
            data.decode("utf-8-sig").splitlines(),
            [
                "Destination,Prefix,Price per minute,Connection fee,First price,"
                "Initial increment,Increment,Minimum duration,Grace time,"
                "Effective date,End date,Blocked,Currency",
                ",1,0.03,0.07,0.06,1,1,20,3,,2027-12-01 11:30:00,,EUR",
                "'=France,33,0.012345679,0,,1,1,0,0,2027-02-01 01:00:00,,,EUR",
                "UK,44,0.025,0,,60,1,0,0,2027-03-10 01:00:00,,,EUR",
                ",447,0.1,0,,1,1,0,0,2027-02-01 01:00:00,,,EUR",
                ",53,,0,,1,1,0,0,2027-03-10 01:00:00,,yes,EUR",
            ],
        )
        self.assertEqual(self._wizard().left_out, 1)

    def test_bands_patterns_destinations_and_categories_are_in_the_file(self):
        self._create_all_kinds()
        _name, data = self._wizard(self.kinds, file_format="csv")._file()
        self.assertEqual(
            [
                line.split(",1,1,0,0")[0]
                for line in data.decode("utf-8-sig").splitlines()
            ],
            [
                "Destination,Prefix,Category,Time band,Calling pattern,Called pattern,"
                "Region pattern,Rule order,Price per minute,Connection fee,First price,"
                "Initial increment,Increment,Minimum duration,Grace time,"
                "Effective date,End date,Blocked,Currency",
                "UK,44,,Night,,,,,0.01,0,",
                "UK,44,,,,,,,0.02,0,",
                "'=France,,,,,,,,0.05,0,",
                ",,mobile,,,,,,0.1,0,",
                ",,all,Night,,,,,0.15,0,",
                ",,all,,,^\\+34800,,3,0,0,",
                ",,all,,,,,,0.2,0,",
                ",,all,,'-x,,'=y,10,0.3,0,",
            ],
        )

    def _create_all_kinds(self):
        """A tariff with a rate of each kind that is not by prefix alone."""
        self.night = self.env["telecom.time.band"].create(
            {
                "name": "Night",
                "company_id": self.company.id,
                "line_ids": [Command.create({"hour_from": 22, "hour_to": 8})],
            }
        )
        france = self.env["telecom.destination"].search([("name", "=", "=France")])
        self.kinds = self._create_tariff(
            "Kinds",
            {"prefix": "44", "price": 0.02},
            {"prefix": "44", "price": 0.01, "time_band_id": self.night.id},
            {"destination_id": france.id, "price": 0.05},
            {"category": "mobile", "price": 0.1},
            {"price": 0.2},
            {"price": 0.15, "time_band_id": self.night.id},
            {"called_pattern": "^\\+34800", "price": 0, "sequence": 3},
            {"calling_pattern": "-x", "region_pattern": "=y", "price": 0.3},
        )

    def test_what_is_exported_reads_back_as_the_same(self):
        for file_format in ("csv", "xlsx"):
            for later in (False, True):
                with self.subTest(file_format=file_format, later=later):
                    wizard = self._wizard(file_format=file_format, with_later=later)
                    name, data = wizard._file()
                    sheet = self._sheet(data, name, date_start=wizard.date)
                    sheet.action_preview()
                    self.assertFalse(sheet.last_error)
                    self.assertEqual(set(self._counts(sheet)), {"same"})
                    self.assertGreaterEqual(sheet.same_count, 4)

    def test_all_kinds_read_back_as_the_same(self):
        self._create_all_kinds()
        for file_format in ("csv", "xlsx"):
            with self.subTest(file_format=file_format):
                wizard = self._wizard(self.kinds, file_format=file_format)
                name, data = wizard._file()
                sheet = self._sheet(data, name, self.kinds, date_start=wizard.date)
                sheet.update_kind = "full"
                sheet.action_preview()
                self.assertEqual(self._counts(sheet), {"same": 8})

    def test_what_is_exported_makes_the_same_tariff(self):
        self._create_all_kinds()
        name, data = self._wizard(self.kinds, file_format="xlsx")._file()
        copy = self._create_tariff("Copy", tz=self.kinds.tz)
        sheet = self._sheet(data, name, copy, date_start="2027-01-01 00:00:00")
        sheet.action_preview()
        self.assertEqual(self._counts(sheet), {"new": 8})
        sheet.action_apply()
        names = (
            "prefix", "destination_id", "category", "time_band_id", "calling_pattern",
            "called_pattern", "region_pattern", "sequence", "price", "increments",
        )  # fmt: skip

        def rates(tariff):
            return sorted(self._rates(tariff, *names), key=str)

        self.assertEqual(rates(copy), rates(self.kinds))

    def test_texts_are_no_formulas(self):
        for text in ("=1+1", "+34", "-x", "@SUM(A1)", "\tx"):
            self.assertEqual(neutralised(text), f"'{text}")
        self.assertEqual(neutralised("Spain = home"), "Spain = home")

    def test_several_tariffs_are_an_archive(self):
        name, data = self._wizard(self.az | self.tariff, file_format="csv")._file()
        self.assertEqual(name, "rates.zip")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            self.assertEqual(len(archive.namelist()), 2)

    def test_readers_export_prices_and_who_may_costs(self):
        cost = self._create_tariff("Cost", {"prefix": "44", "price": 1}, is_cost=True)
        for login, groups, is_seen in (
            ("export_reader", READER, False),
            ("export_cost", COST_READER, True),
        ):
            user = self._new_user(login, groups, password=login)
            wizard = (
                self.env["telecom.rate.export"]
                .with_user(user)
                .create(
                    {"tariff_ids": [Command.set(self.az.ids)], "date": "2027-03-15"}
                )
            )
            wizard.action_export()
            self.authenticate(login, login)
            response = self.url_open(f"/telecom_cdr/rate_export/{wizard.id}")
            self.assertEqual(response.status_code, 200)
            self.assertTrue(response.content.startswith(b"PK"))
            wizard.sudo().tariff_ids = cost
            response = self.url_open(f"/telecom_cdr/rate_export/{wizard.id}")
            self.assertEqual(response.status_code == 200, is_seen)

    def test_readers_do_not_import(self):
        reader = self._new_user("import_reader", READER)
        with self.assertRaises(AccessError):
            self.env["telecom.rate.sheet"].with_user(reader).create(
                {"tariff_id": self.az.id}
            )
        sheet = self.az.rate_sheet_ids[0].with_user(reader)
        self.assertTrue(sheet.name)
        with self.assertRaises(AccessError):
            sheet.action_preview()

    def test_cost_sheets_are_for_who_sees_costs(self):
        cost = self._create_tariff("Cost", is_cost=True)
        sheet = self._import("Prefix,Rate\n44,0.02\n", tariff=cost)
        manager = self._new_user("cost_less", MANAGER)
        sheets = self.env["telecom.rate.sheet"].with_user(manager)
        self.assertNotIn(sheet, sheets.search([]))
        with self.assertRaises(AccessError):
            sheets.create({"tariff_id": cost.id})
        lines = self.env["telecom.rate.sheet.line"].with_user(manager)
        self.assertFalse(lines.search([("sheet_id", "=", sheet.id)]))
        allowed = self._new_user("cost_manager", COST_MANAGER)
        self.assertIn(sheet, sheets.with_user(allowed).search([]))

    def test_companies_stay_apart(self):
        other = self._telecom_company("Other Telecom")
        sheet = self.az.rate_sheet_ids[0]
        user = self._new_user("other_manager", COST_MANAGER)
        user.write({"company_id": other.id, "company_ids": [Command.set(other.ids)]})
        mine = sheet.with_user(user).with_context(allowed_company_ids=other.ids)
        self.assertFalse(mine.search([("id", "=", sheet.id)]))
        lines = mine.env["telecom.rate.sheet.line"]
        self.assertFalse(lines.search([("sheet_id", "=", sheet.id)]))
        with self.assertRaises(AccessError):
            mine.read(["name"])


@tagged("post_install", "-at_install")
class TestWorkbooks(RateSheetCase):
    def _workbook(self, pages):
        target = io.BytesIO()
        with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
            for name, rows in pages.items():
                page = book.add_worksheet(name)
                for line, cells in enumerate(rows):
                    page.write_row(line, 0, cells)
        return target.getvalue()

    def test_prefix_lists_on_a_sheet_of_their_own(self):
        data = self._workbook(
            {
                "Rates": [
                    ["Wholesale rates, partial update"],
                    ["Effective date", "01-Mar-2027"],
                    [],
                    ["Destination", "Rate (EUR/min)", "Billing increments"],
                    ["United Kingdom", 0.02, "60/1"],
                    ["UK Mobile", 0.1, "1/1"],
                ],
                "Codes": [
                    ["Destination", "Codes"],
                    ["United Kingdom", "441, 442"],
                    ["UK Mobile", "4477-4479"],
                ],
            }
        )
        sheet = self._import(data, "rates.xlsx")
        self.assertFalse(sheet.last_error)
        self.assertFalse(sheet.is_full)
        start = at("2027-02-28 23:00:00")
        self.assertEqual(
            self._rates(None, "prefix", "price", "increments", "date_start"),
            [
                ("441", 0.02, "60/1", start),
                ("442", 0.02, "60/1", start),
                ("4477", 0.1, "1/1", start),
                ("4478", 0.1, "1/1", start),
                ("4479", 0.1, "1/1", start),
            ],
        )
