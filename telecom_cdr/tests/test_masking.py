# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Digits of called numbers that customers hide: chosen, stored, and priced again."""

import random
from datetime import datetime

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import READER, USER, TelecomCommon
from .masking_common import CHOSEN, DIGITS, HIDDEN, WHOLE, MaskingCommon, masked_row
from .test_rating import row

SEEDS = range(4)
LATER = "2026-10-07 09:00:00"


@tagged("post_install", "-at_install")
class TestMaskingChoice(MaskingCommon, TelecomCommon):
    """Who hides how many digits, and since when."""

    def _flush_tracking(self):
        """Chatter is written when a transaction ends."""
        self.env.flush_all()
        self.cr.flush()

    def _choices(self):
        return self.env["telecom.masking"].search([], order="date_start, id")

    def test_a_choice_ends_the_one_before(self):
        quiet = ("tracking_disable", "mail_notrack", "mail_create_nolog")
        customer = self.customer.with_context(**dict.fromkeys(quiet, False))
        first = self._hide(customer)
        self._flush_tracking()
        self._hide(customer, hide=False, at=LATER)
        self._flush_tracking()
        self.assertRecordValues(
            self._choices(),
            [
                {
                    "partner_id": self.customer.id,
                    "hidden_digits": 3,
                    "date_start": datetime.fromisoformat(CHOSEN),
                    "date_end": datetime.fromisoformat(LATER),
                },
                {
                    "partner_id": self.customer.id,
                    "hidden_digits": 0,
                    "date_start": datetime.fromisoformat(LATER),
                    "date_end": False,
                },
            ],
        )
        told = self.env["mail.tracking.value"].search(
            [("mail_message_id", "in", first.message_ids.ids)]
        )
        self.assertIn("Until", told.field_id.mapped("field_description"))

    def test_what_is_so_already_is_no_change(self):
        first = self._hide()
        self.assertEqual(self._hide(at=LATER), first)
        self.assertFalse(self._hide(self.rival, hide=False))
        self.assertEqual(self._choices(), first)

    def test_the_past_is_never_chosen_otherwise(self):
        choice = self._hide()
        with freeze_time(LATER):
            for values in (
                {"hidden_digits": 5},
                {"date_start": "2026-10-06 00:00:00"},
                {"date_end": "2026-10-06 00:00:00"},
                {"partner_id": self.rival.id},
            ):
                with self.assertRaises(UserError), self.cr.savepoint():
                    choice.write(values)
            with self.assertRaisesRegex(UserError, "stays as it is"):
                choice.unlink()
            with self.assertRaisesRegex(UserError, "What is past"):
                self.env["telecom.masking"].create(
                    {"partner_id": self.rival.id, "date_start": CHOSEN}
                )
            choice.date_end = "2026-10-08 00:00:00"
        with freeze_time("2026-10-09"), self.assertRaises(UserError):
            choice.date_end = "2026-10-10 00:00:00"
        self.assertEqual(choice.hidden_digits, 3)

    def test_the_company_says_how_many_digits_if_any(self):
        self.company.telecom_masked_digits = 4
        self.assertEqual(self._hide().hidden_digits, 4)
        self.company.telecom_masked_digits = 0
        with self.assertRaisesRegex(UserError, "does not offer"):
            self._hide(self.rival)
        # Who hides may show again.
        self.assertEqual(self._hide(hide=False, at=LATER).hidden_digits, 0)
        for digits in (-1, 16):
            with (
                self.assertRaises(CheckViolation),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                self.company.telecom_masked_digits = digits
                self.company.flush_recordset()

    def test_numbers_of_others_and_contacts_choose_nothing(self):
        with self.assertRaisesRegex(UserError, "not one of this customer"):
            self._hide(number=self.rival.telecom_number_ids)
        contact = self._create_customer("Ann", parent_id=self.customer.id)
        contact.is_company = False
        self.assertEqual(self._hide(contact).partner_id, self.customer)
        with self.assertRaisesRegex(ValidationError, "who pays"), freeze_time(LATER):
            self.env["telecom.masking"].create({"partner_id": contact.id})

    def test_operators_choose_and_readers_look(self):
        operator, reader = self._new_user("o", USER), self._new_user("r", READER)
        choice = self.customer.with_user(operator)._telecom_set_masking(True)
        self.assertEqual(choice.with_user(reader).hidden_digits, 3)
        for change in (
            lambda: self.customer.with_user(reader)._telecom_set_masking(False),
            lambda: choice.with_user(reader).write({"date_end": "2099-01-01"}),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                change()
        text = self.customer.with_user(reader).telecom_masking_text
        self.assertIn("Last 3 digits hidden since", text)
        other = self._telecom_company("Other")
        stranger = self._new_user("s", USER)
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            choice.with_user(stranger).with_context(allowed_company_ids=other.ids).read(
                ["hidden_digits"]
            )


@tagged("post_install", "-at_install")
class TestMaskingStored(MaskingCommon, TelecomCommon):
    """What is stored, and what it costs: the same as without."""

    def _facts(self):
        return [
            (c.called_number, c.extra.get("dialled"), c.prefix, c.price, c.state)
            for c in self._calls()
        ]

    def test_calls_are_hidden_from_the_choice_on(self):
        self._hide()
        self._read(
            masked_row("1", start="2026-10-05 10:59:59"),  # 08:59:59 UTC
            masked_row("2", start="2026-10-05 11:00:00"),
            masked_row("3", caller="910000002"),
        )
        calls = self._calls()
        self.assertEqual(
            calls.mapped("called_number"),
            [WHOLE, HIDDEN, WHOLE],
        )
        told = [call.extra["dialled"] for call in calls]
        self.assertEqual(told, [DIGITS, "600000xxx", DIGITS])
        self.assertEqual(self._secrets(), [WHOLE])
        self.assertEqual(calls.mapped("price"), [0.09] * 3)
        self.assertEqual(calls[1].called_text, "+34 600 00 0x xx")

    def test_an_end_shows_the_next_calls(self):
        self._hide()
        self._hide(hide=False, at=LATER)
        self._read(masked_row("1"), masked_row("2", start="2026-10-07 11:00:00"))
        self.assertEqual(self._calls().mapped("called_number"), [HIDDEN, WHOLE])

    def test_one_number_chooses_for_itself(self):
        other = self._create_number("+34910000003", self.customer)
        self._hide()
        self._hide(hide=False, number=other)
        self._hide(self.rival, number=self.rival.telecom_number_ids)
        self._read(
            masked_row("1"),
            masked_row("2", caller="910000003"),
            masked_row("3", caller="910000002"),
        )
        numbers = self._calls().mapped("called_number")
        self.assertEqual(numbers, [HIDDEN, WHOLE, HIDDEN])

    def test_short_numbers_keep_their_destination(self):
        self._hide()
        self._read(
            masked_row("1", called="112"),
            masked_row("2", called="11888", start="2026-10-05 12:00:01"),
            masked_row("3", called="016", start="2026-10-05 12:00:02"),
        )
        calls = self._calls()
        for call, number in zip(calls, ("112", "11888", "016"), strict=True):
            kept = call.prefix.removeprefix("34")
            self.assertTrue(call.called_number.startswith(kept), number)
            self.assertEqual(call.category, "short")

    def test_incoming_calls_keep_their_own_number(self):
        self.format.direction_default = "incoming"
        self._hide()
        self._read(masked_row(caller=DIGITS, called="910000001"))
        call = self._calls()
        self.assertEqual(
            (call.called_number, call.calling_number), ("+34910000001", WHOLE)
        )
        self.assertFalse(self._secrets())

    def test_the_same_call_is_known_though_digits_are_hidden(self):
        self._hide()
        first = self._read(masked_row("1"), masked_row(""))
        again = self._read(masked_row("1"), masked_row(""), masked_row("2"))
        self.assertEqual((first.call_count, again.call_count), (2, 1))
        self.assertEqual(again.duplicate_count, 2)
        first._read_whole_again()
        first.action_process()
        self.assertEqual(len(self._calls()), 3)
        self.assertEqual(self._secrets(), [WHOLE] * 3)

    def test_deleted_calls_take_their_whole_numbers_along(self):
        self._hide()
        file = self._read(masked_row())
        self.assertEqual(self._secrets(), [WHOLE])
        file.action_revert()
        self._read(masked_row())
        self._calls().unlink()
        self.env.cr.execute("SELECT count(*) FROM telecom_call_secret")
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_files_in_any_order_come_to_the_same(self):
        rows = [
            masked_row(str(n), start=f"2026-10-0{5 + n % 4} 10:{n:02}:00")
            for n in range(12)
        ]
        rows += [row(f"L{n}", start=f"2026-10-06 11:0{n}:00") for n in range(4)]
        plain = self._in_order(rows)
        self._hide()
        found = {self._shuffled(rows, seed) for seed in SEEDS}
        self.assertEqual(len(found), 1)
        [hidden] = found
        self.assertEqual([one[3:] for one in hidden], [one[3:] for one in plain])
        self.assertIn(HIDDEN, {one[0] for one in hidden})

    def _shuffled(self, rows, seed):
        rows = list(rows)
        random.Random(seed).shuffle(rows)
        return self._in_order(rows[:5], rows[3:9], rows[9:], rows[5:10])

    def _in_order(self, *groups):
        """What the calls of some files come to; nothing of it stays."""
        files = self.env["telecom.file"].union(*(self._read(*g) for g in groups))
        found = tuple(self._facts())
        hidden = [one for one in found if one[0].endswith("xxx")]
        self.assertEqual(len(self._secrets()), len(hidden))
        files.action_revert()
        self.assertFalse(self._calls())
        return found

    # === PRICED AGAIN === #

    def _destination(self, prefix):
        return self.env["telecom.destination"].create(
            {
                "name": "One number",
                "country_id": self.env.ref("base.es").id,
                "category": "mobile",
                "company_id": self.company.id,
                "prefix_ids": [Command.create({"prefix": prefix})],
            }
        )

    def test_prices_go_by_whole_numbers(self):
        """A rate for the whole number finds the call whose last digits are hidden."""
        self._hide()
        self._read(masked_row())
        call = self._calls()
        self._forget_marks()
        destination = self._destination("34600000123")
        self.env["telecom.rate"].create(
            {
                "tariff_id": self.tariff.id,
                "destination_id": destination.id,
                "price": 0.5,
            }
        )
        self._run_cron("rate")
        self.assertEqual((call.price, call.destination_id), (0.5, destination))
        self.assertEqual(call.called_number, HIDDEN)
        self.assertEqual(self._secrets(), [WHOLE])

    def test_re_rating_gives_what_it_gave(self):
        self._hide()
        self._read(masked_row("1"), masked_row("2", called="11888"), row("3"))
        before = self._facts()
        self.assertEqual(self._calls().action_rate(), 0)
        self.assertEqual(self._facts(), before)

    def test_a_call_that_comes_to_who_hides_is_hidden(self):
        self._hide(self.rival)
        self._read(masked_row("1", start="2026-10-06 12:00:00"))
        self.assertEqual(self._calls().called_number, WHOLE)
        self.number.date_end = "2026-10-06 00:00:00"
        self._create_number(
            "+34910000001", self.rival, date_start="2026-10-06 00:00:00"
        )
        self._run_cron("rate")
        call = self._calls()
        self.assertEqual(call.partner_id, self.rival)
        self.assertEqual(call.called_number, HIDDEN)
        self.assertEqual(call.extra["dialled"], "600000xxx")
        self.assertEqual(self._secrets(), [WHOLE])

    def test_a_call_that_comes_to_who_shows_stays_hidden(self):
        self._hide()
        self._read(masked_row("1", start="2026-10-06 12:00:00"))
        self.number.date_end = "2026-10-06 00:00:00"
        self._create_number(
            "+34910000001", self.rival, date_start="2026-10-06 00:00:00"
        )
        self._run_cron("rate")
        call = self._calls()
        self.assertEqual((call.partner_id, call.called_number), (self.rival, HIDDEN))
        self.assertEqual(self._secrets(), [WHOLE])

    # === COMPARED WITH OTHERS === #

    def test_two_carriers_tell_of_one_call(self):
        """Whichever came first: one call, its twin kept, no digits in either."""
        pbx = self._create_carrier(name="PBX")
        smdr = self._create_source(
            name="SMDR", carrier_id=pbx.id, compares_carriers=True
        )
        self._hide()
        late = masked_row("P", seconds=58, start="2026-10-05 12:00:03")
        ours = self._read(late, source=smdr)
        self.assertEqual(ours.call_count, 1)
        carriers = self._read(masked_row("C"))
        call = self._calls()
        self.assertEqual(call.file_id, carriers)
        twin = self.env["telecom.call.twin"].search([])
        self.assertEqual(twin.called_number, HIDDEN)
        self.assertEqual(self._secrets(), [WHOLE])
        # The other one stands again, whole as it was told.
        carriers.action_revert()
        call = self._calls()
        self.assertEqual((call.file_id, call.called_number), (ours, HIDDEN))
        self.assertEqual(self._secrets(), [WHOLE])
        again = self._read(masked_row("C2", start="2026-10-05 12:00:01"))
        self.assertEqual(self._calls().file_id, again)

    def test_rows_that_wait_show_no_digits(self):
        pbx = self._create_carrier(name="PBX")
        smdr = self._create_source(
            name="SMDR",
            carrier_id=pbx.id,
            compares_carriers=True,
            same_call_action="flag",
        )
        self._hide()
        self._read(masked_row("C"))
        self._read(masked_row("P", seconds=58), source=smdr)
        rejection = self.env["telecom.rejection"].search([])
        self.assertEqual(rejection.reason, "same_call")
        told = [rejection.raw, rejection.found, rejection.message]
        self.assertHidden([*told, rejection.their_parties, rejection.our_parties])
        self.assertIn(HIDDEN, rejection.their_parties)
        rejection.action_take_theirs()
        call = self._calls()
        self.assertEqual((call.carrier_id, call.called_number), (pbx, HIDDEN))
        self.assertEqual(self._secrets(), [WHOLE])

    def test_a_conflict_shows_no_digits(self):
        self._hide()
        self._read(masked_row("U", amount="0.01"))
        self._read(masked_row("U", amount="0.02"))
        rejection = self.env["telecom.rejection"].search([])
        self.assertEqual(rejection.reason, "conflict")
        self.assertHidden([rejection.raw, rejection.their_parties])
        rejection.action_take_theirs()
        call = self._calls()
        self.assertEqual((call.carrier_amount, call.called_number), (0.02, HIDDEN))
        self.assertEqual(self._secrets(), [WHOLE])

    def test_a_monthly_file_confirms_hidden_calls(self):
        monthly = self._create_source(
            name="Monthly", confirms_source_ids=[Command.set(self.source.ids)]
        )
        self._hide()
        self._read(masked_row("1", amount="0.01"))
        late = masked_row("X", amount="0.02", start="2026-10-05 12:00:01")
        extra = masked_row("Y", start="2026-10-06 12:00:00")
        month = self._read(late, extra, source=monthly)
        self.assertEqual(month.duplicate_count, 1)
        self.assertEqual({d.kind for d in month.difference_ids}, {"extra", "price"})
        self.assertEqual(set(month.difference_ids.mapped("called_number")), {HIDDEN})
