# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.bundles.rollover import carried_over, kept_for_later, without
from .bulk_fields import UncheckedMany2one
from .bundle_tables import load_bundles, load_numbers
from .call_secret import is_frozen

MICRO_SCALE = 10**6


class TelecomBundleCarry(models.Model):
    """What a period got from those before: computed from them, never entered.

    Kept because the period's calls are dealt out with it, and because people are
    shown it beside what was used.
    """

    _name = "telecom.bundle.carry"
    _description = "Carried over in a Bundle"
    _order = "period_start desc, id"

    subscription_id = fields.Many2one(
        "telecom.bundle.subscription", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True
    )
    allowance_id = fields.Many2one(
        "telecom.bundle.allowance", required=True, index=True, ondelete="cascade"
    )
    number_id = UncheckedMany2one("telecom.number")
    period_start = fields.Date(required=True)
    quantity = fields.Float(digits=(18, 6), required=True)
    amount = fields.Float(
        digits=(18, 6), help="What it adds to the allowance's limit of money."
    )

    @api.model
    def _is_rolling(self, company, partner):
        """Whether a customer has an allowance of which something is carried over."""
        return bool(
            self.env["telecom.bundle.subscription"]
            .sudo()
            .search_count(
                [
                    ("company_id", "=", company.id),
                    ("partner_id.commercial_partner_id", "=", partner.id),
                    ("bundle_id.allowance_ids.rollover_months", ">", 0),
                ],
                limit=1,
            )
        )

    @api.model
    def _bundles(self, company, partner):
        """The bundles of one customer with what is carried over now."""
        self.env.flush_all()
        return load_bundles(self.env, company, partner)

    @api.model
    def _bundles_to_deal(self, company, partner, period_start):
        """The same as one period may give of them.

        What invoiced calls of later periods took of its rests is not there any more.
        """
        bundles = self._bundles(company, partner)
        own = SQL("c.company_id = %s AND c.partner_id = %s", company.id, partner.id)
        draws = self.env["telecom.bundle.draw"]
        frozen = draws._frame(SQL("%s AND %s", own, is_frozen("c")))
        if not (frozen["period_start"] > pd.Timestamp(period_start)).any():
            return bundles
        kept = kept_for_later(
            bundles,
            draws._frame(own),
            frozen,
            period_start.isoformat(),
            self._last_day(company, partner).isoformat(),
            load_numbers(self.env, company, partner),
        )
        return without(bundles, kept)

    @api.model
    def _refresh(self, company, partner):
        """Compute anew what a customer's periods get from those before.

        :return: marks of the periods that now get something else
        """
        stored, wanted = (
            self._stored(company, partner),
            self._computed(company, partner),
        )
        changed = {
            key
            for key in stored.keys() | wanted.keys()
            if key not in stored or stored[key]._scaled() != wanted.get(key)
        }
        for key in changed & stored.keys():
            stored[key].unlink()
        self.create([self._row(key, wanted[key]) for key in changed & wanted.keys()])
        days = sorted({key[-1] for key in changed})
        marks = self.env["telecom.bundle.pass"].sudo()
        return marks._insert(company, [(partner.id, day) for day in days])

    @api.model
    def _stored(self, company, partner):
        """Records by subscription, allowance, number (0: none) and period."""
        records = self.search(
            [
                ("company_id", "=", company.id),
                ("subscription_id.partner_id.commercial_partner_id", "=", partner.id),
            ]
        )
        return {
            (
                record.subscription_id.id,
                record.allowance_id.id,
                record.number_id.id or 0,
                record.period_start,
            ): record
            for record in records
        }

    @api.model
    def _computed(self, company, partner):
        """Quantity and amount, as integers, by the key of :meth:`_stored`."""
        bundles = self._bundles(company, partner)
        own = SQL("c.company_id = %s AND c.partner_id = %s", company.id, partner.id)
        draws = self.env["telecom.bundle.draw"]._frame(own)
        until = self._last_day(company, partner).isoformat()
        numbers = load_numbers(self.env, company, partner)
        table = carried_over(bundles, draws, until, numbers)
        return {
            (
                int(row.subscription_id),
                int(row.allowance_id),
                int(row.number_id),
                row.period_start.date(),
            ): (int(row.quantity), int(row.amount_micro))
            for row in table.itertuples()
        }

    @api.model
    def _last_day(self, company, partner):
        """Today, or the day of the customer's last call where that is later."""
        today = fields.Datetime.now().replace(tzinfo=UTC)
        today = today.astimezone(ZoneInfo(company.telecom_tz)).date()
        rows = self.env.execute_query(
            SQL(
                "SELECT day FROM telecom_call WHERE partner_id = %s AND company_id = %s"
                " ORDER BY start_at DESC LIMIT 1",
                partner.id,
                company.id,
            )
        )
        return max([today, *(row[0] for row in rows)])

    def _scaled(self):
        """Quantity and amount as the engine counts them."""
        is_money = self.allowance_id._quantity_kind() == "amount"
        scale = MICRO_SCALE if is_money else 1
        return (
            round(Decimal(repr(self.quantity)) * scale),
            round(Decimal(repr(self.amount)) * MICRO_SCALE),
        )

    @api.model
    def _row(self, key, scaled):
        """Values of a record from integers."""
        subscription_id, allowance_id, number_id, start = key
        allowance = self.env["telecom.bundle.allowance"].browse(allowance_id)
        scale = MICRO_SCALE if allowance._quantity_kind() == "amount" else 1
        return {
            "subscription_id": subscription_id,
            "allowance_id": allowance_id,
            "number_id": number_id or False,
            "period_start": start,
            "quantity": scaled[0] / scale,
            "amount": scaled[1] / MICRO_SCALE,
        }

    @api.model
    def _refresh_all(self, company):
        """What has begun since the last call of a customer gets what was left."""
        subscriptions = self.env["telecom.bundle.subscription"].search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "active"),
                ("bundle_id.allowance_ids.rollover_months", ">", 0),
            ]
        )
        for partner in subscriptions.partner_id.commercial_partner_id:
            self._refresh(company, partner)
