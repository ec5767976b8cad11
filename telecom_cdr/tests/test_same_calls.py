# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The same call, told by a PBX and its carrier or by two carriers: stored once."""

import random
from datetime import date, datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import HEADER, READER, TelecomCommon
from .test_rating import row

START = datetime.fromisoformat("2026-10-05 10:00:00")
SEEDS = range(10)


def call(second, seconds=60, id_="", **values):
    """A row that starts some seconds after ten."""
    return row(id_, seconds=seconds, start=START + timedelta(seconds=second), **values)


@tagged("post_install", "-at_install")
class TestSameCalls(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pbx = cls._create_carrier(name="PBX")
        cls.pbx_source = cls._create_source(
            name="SMDR", carrier_id=cls.pbx.id, compares_carriers=True
        )
        cls.names = iter(range(10_000))

    def _read(self, source, *rows):
        content = HEADER + "\n".join(rows) + "\n"
        file = self._upload(content, f"{next(self.names)}.csv", source)
        file.action_release()
        file.action_process()
        return file

    def _stored(self):
        """Who has told of the calls that are stored, in order of their start."""
        return self._calls().mapped(lambda c: (c.carrier_id.name, c.start_at.second))

    def _twins(self):
        return self.env["telecom.call.twin"].search([], order="start_at")

    def test_the_call_of_the_pbx_is_a_duplicate(self):
        carrier = self._read(self.source, call(0))
        pbx = self._read(self.pbx_source, call(3, 58), call(30))
        self.assertBalanced(pbx)
        self.assertEqual((pbx.call_count, pbx.duplicate_count), (1, 1))
        self.assertEqual(self._stored(), [("Carrier", 0), ("PBX", 30)])
        twin = self._twins()
        self.assertRecordValues(
            twin,
            [
                {
                    "file_id": pbx.id,
                    "carrier_id": self.pbx.id,
                    "line_number": 2,
                    "duration": 58,
                    "is_flagged": False,
                    "call_id": self._calls(("file_id", "=", carrier.id)).id,
                }
            ],
        )
        self.assertEqual(pbx.twin_count, 1)

    def test_it_is_taken_out_when_the_carrier_tells_of_it_later(self):
        pbx = self._read(self.pbx_source, call(3, 58), call(30))
        self.assertEqual(pbx.call_count, 2)
        carrier = self._read(self.source, call(0))
        self.assertEqual(self._stored(), [("Carrier", 0), ("PBX", 30)])
        self.assertRecordValues(
            pbx + carrier,
            [
                {"call_count": 1, "duplicate_count": 1},
                {"call_count": 1, "duplicate_count": 0},
            ],
        )
        self.assertBalanced(pbx)

    def test_beyond_the_tolerance_are_two_calls(self):
        self._read(self.source, call(0))
        self._read(self.pbx_source, call(6), call(-5, 54), call(1, called="913000001"))
        self.assertEqual(len(self._calls()), 4)
        self.pbx_source.same_start_seconds = 6
        again = self._read(self.pbx_source, call(6), call(12))
        self.assertEqual(again.call_count, 1)

    def test_without_the_setting_nothing_is_compared(self):
        self.pbx_source.compares_carriers = False
        self._read(self.source, call(0))
        self._read(self.pbx_source, call(0))
        self.assertEqual(len(self._calls()), 2)
        self.assertFalse(self._twins())

    def test_what_is_invoiced_stands(self):
        """The PBX's call is billed: the carrier's is not billed a second time."""
        self._load_accounts()
        self._read(self.pbx_source, call(3))
        day = date(2026, 10, 31)
        self.env["telecom.invoicing"]._invoice(self.customer, day, day)
        carrier = self._read(self.source, call(0), call(30))
        self.assertEqual(self._stored(), [("PBX", 3), ("Carrier", 30)])
        self.assertEqual((carrier.call_count, carrier.duplicate_count), (1, 1))
        self.assertBalanced(carrier)

    def test_allowances_are_given_back(self):
        bundle = self._create_bundle("SECONDS", {"seconds": 100})
        self._give_bundle(bundle, self.customer)
        self._read(self.pbx_source, call(3))
        self._read(self.source, call(0), call(600, 60))
        calls = self._calls()
        draws = self.env["telecom.bundle.draw"].search([])
        self.assertEqual(calls.mapped("bundle_duration"), [60, 40])
        self.assertEqual(draws.call_id, calls)

    def test_a_twin_comes_back_with_the_revert_of_what_stood(self):
        pbx = self._read(self.pbx_source, call(3), call(4))
        carrier = self._read(self.source, call(0))
        self.assertEqual(self._stored(), [("Carrier", 0), ("PBX", 4)])
        carrier.action_revert()
        self.assertEqual(self._stored(), [("PBX", 3), ("PBX", 4)])
        self.assertFalse(self._twins())
        self.assertRecordValues(pbx, [{"call_count": 2, "duplicate_count": 0}])
        price = self._calls().mapped(lambda c: (c.price, c.state, c.partner_id))
        self.assertEqual(price, [(0.07, "rated", self.customer)] * 2)

    def test_the_revert_of_twins_leaves_what_stands(self):
        self._read(self.source, call(0))
        near = self._read(self.pbx_source, call(1))
        far = self._read(self.pbx_source, call(4))
        self.assertEqual(self._stored(), [("Carrier", 0), ("PBX", 4)])
        near.action_revert()
        self.assertEqual(self._stored(), [("Carrier", 0)])
        self.assertRecordValues(far, [{"call_count": 0, "duplicate_count": 1}])
        self.assertEqual(self._twins().file_id, far)

    def test_what_comes_again_adds_nothing(self):
        """Law 2: another file of the PBX, the same file once more."""
        self._read(self.source, call(0))
        first = self._read(self.pbx_source, call(3), call(30))
        again = self._read(self.pbx_source, call(30), call(3), "")
        self.assertRecordValues(again, [{"call_count": 0, "duplicate_count": 2}])
        first.write({"state": "received", "position": False})
        first.action_process()
        self.assertRecordValues(first, [{"call_count": 1, "duplicate_count": 1}])
        self.assertEqual(self._stored(), [("Carrier", 0), ("PBX", 30)])
        self.assertEqual(len(self._twins()), 1)

    def test_new_charges_are_compared_with_nothing(self):
        self._read(self.source, call(0))
        rows = HEADER + call(3) + "\n"
        self._upload(rows, "a.csv", self.pbx_source).action_process()
        held = self._upload(rows, "b.csv", self.pbx_source)
        held._release("new", "Twice")
        held.action_process()
        self.assertEqual(self._stored(), [("Carrier", 0), ("PBX", 3)])

    def test_other_companies_have_nothing_to_do_with_it(self):
        self._read(self.source, call(0))
        other = self._telecom_company("Other Telecom")
        carrier = self._create_carrier(name="Other PBX", company_id=other.id)
        source = self._create_source(carrier_id=carrier.id, compares_carriers=True)
        rows = HEADER + call(0) + "\n"
        file = self._upload(rows, "o.csv", source)
        file._release("known")
        file.action_process()
        self.assertEqual((file.call_count, file.duplicate_count), (1, 0))

    # === FLAGGED === #

    def _flagged(self):
        self.pbx_source.same_call_action = "flag"
        carrier = self._read(self.source, call(0))
        pbx = self._read(self.pbx_source, call(3, id_="P"))
        self.assertBalanced(pbx)
        self.assertEqual((pbx.call_count, pbx.rejected_count), (0, 1))
        return carrier, pbx, pbx.rejection_ids

    def test_it_waits_for_a_person_by_choice(self):
        _carrier, _pbx, waiting = self._flagged()
        self.assertEqual(self._stored(), [("Carrier", 0)])
        self.assertRecordValues(
            waiting,
            [
                {
                    "reason": "same_call",
                    "is_decidable": True,
                    "call_id": self._calls().id,
                    "our_duration": "0:01:00",
                    "their_duration": "0:01:00",
                    "their_start_at": datetime.fromisoformat("2026-10-05 08:00:03"),
                }
            ],
        )
        self.assertIn("Carrier has told of this call", waiting.message)

    def test_a_stored_call_waits_too(self):
        self.pbx_source.same_call_action = "flag"
        pbx = self._read(self.pbx_source, call(3))
        self._read(self.source, call(0))
        self.assertBalanced(pbx)
        self.assertEqual((pbx.call_count, pbx.rejected_count), (0, 1))
        self.assertEqual(pbx.rejection_ids.reason, "same_call")
        self.assertEqual(self._stored(), [("Carrier", 0)])

    def _read_again(self, *files):
        """Decisions outlive a reading."""
        for file in files:
            file.write({"state": "received", "position": False})
            file.action_process()
            self.assertBalanced(file)

    def test_a_person_leaves_it_out(self):
        carrier, pbx, waiting = self._flagged()
        waiting.with_user(self._new_user("decider")).action_keep_ours()
        for _time in range(2):
            self.assertEqual(self._stored(), [("Carrier", 0)])
            self.assertRecordValues(pbx, [{"duplicate_count": 1, "rejected_count": 0}])
            self._read_again(pbx, carrier)
        self.assertIn("decider", "".join(pbx.message_ids.mapped("body")))

    def test_a_person_takes_the_other_one(self):
        carrier, pbx, waiting = self._flagged()
        waiting.action_take_theirs()
        for _time in range(2):
            self.assertEqual(self._stored(), [("PBX", 3)])
            self.assertRecordValues(
                pbx, [{"call_count": 1, "duplicate_count": 0, "rejected_count": 0}]
            )
            self.assertBalanced(carrier)
            self.assertEqual(carrier.call_count, 0)
            self._read_again(pbx, carrier)

    def test_a_person_says_that_they_are_two(self):
        carrier, pbx, waiting = self._flagged()
        waiting.action_keep_both()
        for _time in range(2):
            self.assertEqual(self._stored(), [("Carrier", 0), ("PBX", 3)])
            self.assertRecordValues(pbx, [{"call_count": 1, "rejected_count": 0}])
            self._read_again(carrier, pbx)

    def test_readers_decide_nothing(self):
        _carrier, _pbx, waiting = self._flagged()
        reader = self._new_user("reader_of_rows", READER)
        for action in ("action_keep_ours", "action_take_theirs", "action_keep_both"):
            with self.assertRaises(AccessError):
                getattr(waiting.with_user(reader), action)()
        self.assertTrue(waiting.exists())

    def test_nothing_to_decide(self):
        file = self._read(self.source, "bad row")
        with self.assertRaisesRegex(UserError, "None of these rows waits"):
            file.rejection_ids.action_keep_ours()

    # === LAWS === #

    def _random(self, chance):
        """Files of the carrier, of another one and of the PBX, with calls in common."""
        files = []
        for source in self.sources:
            rows = [
                call(
                    chance.randrange(0, 25),
                    chance.choice([1, 3, 60]),
                    called=chance.choice(["912000001", "912000002"]),
                    id_=f"{source.id}-{index}",
                )
                for index in range(chance.randint(1, 8))
            ]
            cut = chance.randint(0, len(rows))
            files += [(source, part) for part in (rows[:cut], rows[cut:]) if part]
        return files

    def _result(self):
        calls = self._calls()
        return sorted(
            (
                c.carrier_id.name,
                str(c.start_at),
                c.duration,
                c.called_number,
                c.identity,
            )
            for c in calls
        ), sorted((twin.identity, twin.stands, twin.duration) for twin in self._twins())

    def test_the_order_of_files_does_not_matter(self):
        """Laws 1 and 3, with three that tell of the same calls."""
        second = self._create_carrier(name="Second")
        self.sources = (
            self.source
            + self._create_source(carrier_id=second.id, compares_carriers=True)
            + self.pbx_source
        )
        twins = 0
        for seed in SEEDS:
            chance = random.Random(seed)
            files = self._random(chance)
            results = []
            for _order in range(3):
                chance.shuffle(files)
                read = self.env["telecom.file"]
                for source, rows in files:
                    read += self._read(source, *rows)
                for file in read:
                    self.assertBalanced(file)
                    stored = len(self._calls(("file_id", "=", file.id)))
                    self.assertEqual(file.call_count, stored)
                results.append(self._result())
                twins += len(self._twins())
                taken = read.browse(chance.sample(read.ids, len(read)))
                taken.action_revert()
                self.assertFalse(self._calls())
                self.assertFalse(self._twins())
            with self.subTest(seed=seed):
                self.assertEqual(results[0], results[1])
                self.assertEqual(results[0], results[2])
        self.assertGreater(twins, 20, "too few twins to tell anything")


@tagged("post_install", "-at_install")
class TestSameCallsConfirmed(TelecomCommon):
    """A PBX's monthly files confirm its daily ones, and a carrier tells of calls."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pbx = cls._create_carrier(name="PBX")
        cls.daily = cls._create_source(
            name="Daily", carrier_id=cls.pbx.id, compares_carriers=True
        )
        cls.monthly = cls._create_source(
            name="Monthly",
            carrier_id=cls.pbx.id,
            compares_carriers=True,
            stores_extra_calls=True,
            confirms_source_ids=[Command.set(cls.daily.ids)],
        )
        cls.names = iter(range(10_000))

    _read = TestSameCalls._read

    def _told(self, file):
        """Differences as (kind, second, state)."""
        return sorted((d.kind, d.start_at.second, d.state) for d in file.difference_ids)

    def _compared_again(self, month):
        self.assertEqual(month.state, "received")
        month.action_process()
        self.assertBalanced(month)
        self.assertEqual(month.state, "processed")

    def test_a_twin_that_comes_back_is_missing(self):
        carrier = self._read(self.source, call(3))
        self._read(self.daily, call(5), call(30))
        month = self._read(self.monthly, call(30))
        self.assertFalse(month.difference_ids)
        carrier.action_revert()
        self._compared_again(month)
        self.assertEqual(self._told(month), [("missing", 5, "open")])

    def test_an_extra_row_that_the_carrier_told_of_is_not_stored(self):
        carrier = self._read(self.source, call(0))
        self._read(self.daily, call(30))
        month = self._read(self.monthly, call(3), call(30), call(45))
        self.assertEqual((month.call_count, month.duplicate_count), (1, 2))
        self.assertEqual(
            self._told(month), [("extra", 3, "twin"), ("extra", 45, "stored")]
        )
        # The carrier's call goes: the row is stored, and listed so.
        carrier.action_revert()
        self._compared_again(month)
        self.assertEqual((month.call_count, month.duplicate_count), (2, 1))
        self.assertEqual(
            self._told(month), [("extra", 3, "stored"), ("extra", 45, "stored")]
        )

    def test_an_extra_call_that_the_carrier_tells_of_later_is_not_stored(self):
        self._read(self.daily, call(30))
        month = self._read(self.monthly, call(3), call(30))
        self.assertEqual(self._told(month), [("extra", 3, "stored")])
        self._read(self.source, call(0))
        self._compared_again(month)
        self.assertEqual(self._told(month), [("extra", 3, "twin")])
        self.assertEqual((month.call_count, month.duplicate_count), (0, 2))

    def test_a_daily_row_that_is_a_twin_is_known(self):
        self._read(self.source, call(0))
        self.monthly.stores_extra_calls = False
        month = self._read(self.monthly, call(3), call(30))
        self.assertEqual(
            self._told(month), [("extra", 3, "open"), ("extra", 30, "open")]
        )
        self._read(self.daily, call(3))
        self._compared_again(month)
        self.assertEqual(self._told(month), [("extra", 30, "open")])

    def test_take_theirs_renews_the_lists(self):
        self._read(self.daily, call(0, id_="C", amount="0.01"))
        later = self._read(self.daily, call(0, id_="C", amount="0.05"))
        self.assertEqual(later.rejected_count, 1)
        month = self._read(self.monthly, call(0, id_="C", amount="0.05"))
        self.assertEqual(self._told(month), [("price", 0, "corrected")])
        later.rejection_ids.action_take_theirs()
        self._compared_again(month)
        self.assertFalse(month.difference_ids)
        self.assertEqual(self._calls().carrier_amount, 0.05)
