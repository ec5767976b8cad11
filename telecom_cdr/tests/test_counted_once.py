# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Each call is counted and billed once, whatever happens while files are read."""

import io
import json
from unittest.mock import patch

from odoo.exceptions import LockError
from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.telecom_cdr.models.advisory_lock import advisory_lock
from odoo.addons.telecom_cdr.models.mixin_file_processing import LOCK_SPACE

from .common import HEADER, TelecomCommon
from .test_rating import row
from .test_same_calls import call

CHUNK = "odoo.addons.telecom_cdr.models.call_import.CHUNK"
BAD = row("", start="2026-02-31 10:00:00")


@tagged("post_install", "-at_install")
class TestCountedOnce(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pbx = cls._create_carrier(name="PBX")
        cls.pbx_source = cls._create_source(
            name="SMDR", carrier_id=cls.pbx.id, compares_carriers=True
        )
        cls.names = iter(range(10_000))

    def _receive(self, source, *rows):
        content = HEADER + "\n".join(rows) + "\n"
        file = self._upload(content, f"{next(self.names)}.csv", source)
        file.action_release()
        return file

    def _read(self, source, *rows):
        file = self._receive(source, *rows)
        file.action_process()
        self.assertBalanced(file)
        return file

    def _read_one_row(self, file, time_left=lambda: 0):
        """A run whose time ends with the first row."""
        with patch(CHUNK, 1):
            file._process(time_left)
        self.assertEqual((file.state, file.row_count), ("processing", 1))

    def _stored(self):
        return self._calls().mapped(lambda c: (c.carrier_id.name, c.start_at.second))

    # === FILES THAT ARE READ AGAIN === #

    def test_a_file_that_is_half_read_begins_anew(self):
        first = self._read(self.source, call(0), call(10))
        second = self._receive(self.source, call(0), call(10), call(20))
        self._read_one_row(second)
        self.assertEqual(second.duplicate_count, 1)
        first.action_revert()
        self.assertEqual((second.state, second.position), ("received", False))
        second.action_process()
        self.assertEqual((second.call_count, second.duplicate_count), (3, 0))

    def test_a_file_that_failed_begins_anew_when_a_person_says_so(self):
        first = self._read(self.source, call(0))
        second = self._receive(self.source, call(0), call(10))
        self._read_one_row(second)
        second.state = "failed"
        first.action_revert()
        self.assertEqual((second.state, second.position), ("failed", False))
        second.action_process()
        self.assertEqual((second.state, second.call_count), ("processed", 2))

    def test_a_confirming_file_that_failed_begins_anew(self):
        monthly = self._create_source(
            confirms_source_ids=[Command.link(self.source.id)]
        )
        daily = self._read(self.source, call(0))
        month = self._read(monthly, call(0))
        month.write({"state": "failed", "position": {"offset": 1, "line": 3}})
        daily.action_revert()
        self.assertEqual((month.state, month.position), ("failed", False))

    def test_what_is_not_read_again_yet_is_not_moved(self):
        """The carrier tells of a call of the PBX whose file is half read again."""
        pbx = self._read(self.pbx_source, call(3), call(30))
        pbx.write({"state": "received", "position": False})
        self._read_one_row(pbx)
        self.assertEqual((pbx.call_count, pbx.duplicate_count), (1, 0))
        self._read(self.source, call(0), call(28))
        self.assertEqual((pbx.call_count, pbx.duplicate_count), (0, 1))
        pbx.action_process()
        self.assertBalanced(pbx)
        self.assertEqual((pbx.call_count, pbx.duplicate_count), (0, 2))
        self.assertEqual(self._stored(), [("Carrier", 0), ("Carrier", 28)])

    # === ONE AT A TIME === #

    def test_nothing_is_reverted_while_the_carrier_is_read(self):
        file = self._read(self.source, call(0))
        with (
            advisory_lock(self.env.cr.dbname, LOCK_SPACE, self.carrier.id),
            self.assertRaisesRegex(LockError, "Files of Carrier are being read"),
        ):
            file.action_revert()
        self.assertEqual((file.state, file.call_count), ("processed", 1))

    def _steps_under_lock(self, action):
        """Of each commit of an action, whether it holds the carrier."""
        held = []

        def step(files):
            with advisory_lock(self.env.cr.dbname, LOCK_SPACE, self.carrier.id) as free:
                held.append(not free)
            files.env.flush_all()

        with patch.object(type(self.env["telecom.file"]), "_commit_step", step):
            action()
        return held

    def test_what_is_seen_and_done_is_so_under_the_lock(self):
        first = self._read(self.source, call(0, id_="C1", amount="0.01"))
        second = self._read(self.source, call(0, id_="C1", amount="0.05"))
        taken = self._steps_under_lock(second.rejection_ids.action_take_theirs)
        self.assertEqual(taken[:2], [True, True])
        self.assertEqual(self._calls().file_id, second)
        reverted = self._steps_under_lock((first + second).action_revert)
        self.assertEqual(reverted[:2], [True, True])

    # === TOLD BY SEVERAL === #

    def test_the_row_that_is_taken_is_compared_too(self):
        """Both records of the PBX tell of a call that the carrier has told of."""
        ours = self._read(self.pbx_source, call(3, id_="C1", amount="0.01"))
        theirs = self._read(self.pbx_source, call(3, id_="C1", amount="0.05"))
        self.assertEqual(theirs.rejection_ids.reason, "conflict")
        self._read(self.source, call(0))
        self.assertEqual(self._stored(), [("Carrier", 0)])
        theirs.rejection_ids.action_take_theirs()
        self.assertEqual(self._stored(), [("Carrier", 0)])
        for file in ours + theirs:
            self.assertBalanced(file)
        self.assertEqual((theirs.duplicate_count, theirs.rejected_count), (1, 0))
        twin = self.env["telecom.call.twin"].search([])
        self.assertEqual(twin.file_id, theirs)

    def test_extra_calls_that_others_tell_of_are_not_stored(self):
        monthly = self._create_source(
            name="Monthly",
            carrier_id=self.pbx.id,
            confirms_source_ids=[Command.link(self.pbx_source.id)],
            stores_extra_calls=True,
            compares_carriers=True,
        )
        self._read(self.source, call(0), call(20), call(40))
        daily = self._read(self.pbx_source, call(3), call(22))
        self.assertEqual(daily.duplicate_count, 2)
        # The same row, another spelling, one the daily file lacks, one of its own.
        month = self._read(monthly, call(3), call(24, 61, id_="M"), call(42), call(55))
        self.assertEqual((month.call_count, month.duplicate_count), (1, 3))
        stored = [("Carrier", 0), ("Carrier", 20), ("Carrier", 40), ("PBX", 55)]
        self.assertEqual(self._stored(), stored)
        month.write({"state": "received", "position": False})
        month.action_process()
        self.assertBalanced(month)
        self.assertEqual(self._stored(), stored)
        month.action_revert()
        self.assertEqual(self._stored(), stored[:3])
        self.assertEqual(self.env["telecom.call.twin"].search([]).file_id, daily)

    # === PRICES THAT CHANGE MEANWHILE === #

    def _change_prices(self):
        """Whoever changes a price marks what is committed by then: nothing."""
        self.env["telecom.rating.change"]._note(self.company.ids)
        self._forget_marks()
        return 0

    def _marks(self):
        return self.env["telecom.rating.mark"].search_count(
            [("carrier_id", "=", self.carrier.id)]
        )

    def test_prices_are_compared_when_the_time_is_up(self):
        file = self._receive(self.source, call(0), call(10))
        self._read_one_row(file, self._change_prices)
        self.assertEqual(self._marks(), 1)

    def test_prices_are_compared_after_a_kill(self):
        file = self._receive(self.source, call(0), call(10))
        self._read_one_row(file)
        self._change_prices()
        file.action_process()
        self.assertEqual((file.state, file.call_count), ("processed", 2))
        self.assertEqual(self._marks(), 1)

    # === CORRECTED ROWS === #

    def _correct(self, file, *rows):
        content = (HEADER + "\n".join(rows) + "\n").encode()
        name = f"{next(self.names)}.csv"
        child = file._receive_rows(name, io.BytesIO(content), file.rejection_ids)
        child.action_process()
        self.assertBalanced(child)
        return child

    def test_corrected_rows_of_new_charges_are_new_charges(self):
        known = self._read(self.source, call(0), BAD)
        charged = self._upload(HEADER + call(0) + "\n" + BAD + "\n", "again.csv")
        charged._release("new", "Charged twice")
        charged.action_process()
        self.assertEqual(self._correct(known, call(10)).call_count, 1)
        child = self._correct(charged, call(10))
        self.assertEqual((child.release_kind, child.call_count), ("new", 1))
        self.assertEqual(len(self._calls()), 4)

    def test_a_corrected_row_may_equal_a_good_one(self):
        file = self._read(self.source, call(0), BAD)
        child = self._correct(file, call(0))
        self.assertEqual((child.call_count, child.duplicate_count), (1, 0))
        self.assertEqual(len(self._calls()), 2)
        again = self._correct(file, call(0))
        self.assertEqual((again.call_count, again.duplicate_count), (0, 1))
        whole = self._correct(file, call(0), call(0))
        self.assertEqual((whole.call_count, whole.duplicate_count), (0, 2))

    def test_rows_that_are_good_now_stay_the_same_calls(self):
        """The format was mended: the file tells of its corrected row, too."""
        self.format.checks = json.dumps({"duration": "^60$"})
        file = self._read(self.source, call(0), call(10, 90))
        self.assertEqual(file.rejected_count, 1)
        self.format.checks = False
        child = self._correct(file, call(10, 90))
        self.assertEqual(child.call_count, 1)
        file.write({"state": "received", "position": False})
        file.action_process()
        self.assertEqual((file.call_count, file.duplicate_count), (1, 1))
        child.write({"state": "received", "position": False})
        child.action_process()
        self.assertEqual((child.call_count, len(self._calls())), (1, 2))
