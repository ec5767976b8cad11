# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A disputed call of which another record comes: the dispute goes with the call."""

from odoo.fields import Command
from odoo.tests import tagged

from .test_dispute import DisputeMixin
from .test_same_calls import TestSameCalls as SameCalls
from .test_same_calls import call
from .test_ways_back import WaysBackCommon


@tagged("post_install", "-at_install")
class TestDisputedRecords(DisputeMixin, WaysBackCommon):
    """A PBX and its carrier tell of the same calls: 0.05 + 0.02 a minute each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pbx = cls._create_carrier(name="PBX")
        cls.pbx_source = cls._create_source(
            name="SMDR", carrier_id=cls.pbx.id, compares_carriers=True
        )
        cls.names = iter(range(10_000))

    _read = SameCalls._read

    def _of(self, carrier):
        return self._calls(("carrier_id", "=", carrier.id))

    def _to_invoice(self):
        return self._calls(("state", "=", "rated"))

    def _granted(self, one):
        dispute = self._dispute(one)
        dispute.action_grant()
        return dispute

    def test_it_goes_to_the_twin_that_stands(self):
        """Granted on the PBX's record: the carrier's is not billed, either."""
        self._read(self.pbx_source, call(3), call(30))
        dispute = self._granted(self._of(self.pbx)[0])
        carrier = self._read(self.source, call(0))
        self.assertEqual(dispute.call_id, self._of(self.carrier))
        self.assertEqual(self._to_invoice(), self._of(self.pbx))
        self.assertEqual(self._invoice().telecom_call_count, 1)
        # It goes back with the record that was disputed.
        carrier.action_revert()
        self.assertEqual(dispute.call_id, self._of(self.pbx)[0])
        self.assertFalse(self._to_invoice())
        self._read(self.source, call(1))
        self.assertEqual(dispute.call_id, self._of(self.carrier))
        self.assertFalse(self._to_invoice())

    def test_it_goes_to_the_twin_that_is_left(self):
        """Granted on the carrier's record, whose file goes: the PBX's is the call."""
        self._read(self.pbx_source, call(3))
        carrier = self._read(self.source, call(0))
        dispute = self._granted(self._of(self.carrier))
        carrier.action_revert()
        self.assertEqual(dispute.call_id, self._of(self.pbx))
        self.assertFalse(self._to_invoice())
        self._read(self.source, call(0))
        self.assertEqual(dispute.call_id, self._of(self.carrier))
        self.assertFalse(self._to_invoice())

    def test_a_call_apart_is_another_one(self):
        self.pbx_source.same_call_action = "flag"
        pbx = self._read(self.pbx_source, call(3))
        dispute = self._granted(self._of(self.pbx))
        self._read(self.source, call(0))
        self.assertEqual(dispute.call_id, self._of(self.carrier))
        pbx.rejection_ids.action_keep_both()
        self.assertEqual(dispute.call_id, self._of(self.pbx))
        self.assertEqual(self._to_invoice(), self._of(self.carrier))

    def test_the_other_one_is_taken(self):
        self.pbx_source.same_call_action = "flag"
        pbx = self._read(self.pbx_source, call(3))
        self._read(self.source, call(0))
        dispute = self._granted(self._of(self.carrier))
        pbx.rejection_ids.action_take_theirs()
        self.assertEqual(dispute.call_id, self._of(self.pbx))
        self.assertFalse(self._to_invoice())

    def test_both_were_disputed(self):
        """Of two open disputes of a call one goes on."""
        self._read(self.pbx_source, call(8))
        first = self._dispute(self._calls())
        self._read(self.source, call(0))
        second = self._dispute(self._of(self.carrier))
        self.assertEqual(len(self._calls()), 2)
        self.pbx_source.same_start_seconds = 10
        self._read(self.source, call(50))
        self.assertEqual(len(self._calls()), 2)
        self.assertEqual((first.state, second.state), ("closed", "open"))
        self.assertIn("goes on", first.message_ids[0].body)
        self.assertEqual(first.call_id, second.call_id)

    def test_an_open_one_keeps_its_call_off(self):
        self._read(self.pbx_source, call(3))
        dispute = self._dispute(self._calls())
        self._read(self.source, call(0), call(30))
        self.assertEqual(self._invoice().telecom_call_count, 1)
        dispute.action_reject()
        self.assertEqual(self._invoice().amount_untaxed, 0.07)

    def test_the_call_of_a_month_is_a_daily_one_later(self):
        """Only the monthly file told of it; the daily one does, under another id."""
        monthly = self._create_source(
            name="Monthly",
            stores_extra_calls=True,
            confirms_source_ids=[Command.set(self.source.ids)],
        )
        self._read(self.source, call(0, id_="1"))
        month = self._read(monthly, call(0, id_="1"), call(30, id_="m"))
        dispute = self._granted(self._calls()[1])
        self._read(self.source, call(32, id_="2"))
        self.assertEqual(month.state, "received")
        month.action_process()
        self.assertEqual(len(self._calls()), 2)
        self.assertEqual(dispute.call_id, self._calls()[1])
        self.assertEqual(self._to_invoice(), self._calls()[0])

    def test_a_month_whose_call_another_carrier_told_of(self):
        """The monthly row is a daily one, for which the carrier's call stands."""
        daily = self._create_source(
            name="PBX daily", carrier_id=self.pbx.id, compares_carriers=True
        )
        monthly = self._create_source(
            name="PBX monthly",
            carrier_id=self.pbx.id,
            stores_extra_calls=True,
            confirms_source_ids=[Command.set(daily.ids)],
        )
        self._read(daily, call(30, id_="1"))
        month = self._read(monthly, call(3, id_="m"))
        dispute = self._granted(self._calls()[0])
        self._read(self.source, call(0))
        self._read(daily, call(2, id_="2"))
        month.action_process()
        self.assertEqual(len(self._calls()), 2)
        self.assertEqual(dispute.call_id, self._of(self.carrier))
        self.assertEqual(self._to_invoice(), self._of(self.pbx))
