# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
"""A customer whose calls are watched: more than 10 euros in an hour are an alert."""

from datetime import datetime
from itertools import count

from odoo.addons.telecom_cdr.tests.common import TelecomCommon

NAMES = "+34600000001"


class FraudCommon(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usual = cls.env["telecom.fraud.rule"].search(
            [("company_id", "=", cls.company.id)]
        )
        cls.usual.active = False
        cls.rule = cls._create_rule("Ten euros", kind="cap", min_amount=10)
        cls.ids = count(1)

    @classmethod
    def _create_rule(cls, name, **values):
        return cls.env["telecom.fraud.rule"].create(
            {"name": name, "company_id": cls.company.id, **values}
        )

    @classmethod
    def _calls(cls, *calls, called=NAMES, calling="+34910000001"):
        """A processed file of (local start, seconds); mobile: 5.40 euros an hour."""
        rows = [
            f"{start},{calling},{called},{seconds},0,{next(cls.ids)}"
            for start, seconds in calls
        ]
        return cls._process(*rows, name=f"calls{next(cls.ids)}.csv")

    def _watch(self, since=datetime(2026, 7, 1), customer=None):
        """Judge the customer's calls; gives the alerts with something new."""
        customer = customer or self.customer
        watch = self.env["telecom.fraud.watch"]
        return watch._look_at(self.company, {customer.id: since})

    def _alerts(self):
        return self.env["telecom.fraud.alert"].search(
            [("company_id", "=", self.company.id)]
        )
