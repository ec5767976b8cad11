# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .bulk_fields import BigInteger


class TelecomRatingMark(models.Model):
    """Calls that are to be rated again, told by what has changed.

    Whatever changes a price leaves a mark; a scheduled action rates the calls
    that the marks describe and removes them. Empty means: whatever.
    """

    _name = "telecom.rating.mark"
    _description = "Calls to Rate Again"
    _order = "id"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", index=True, ondelete="cascade")
    number = fields.Char(help="Any identifier of a call: number, extension, trunk.")
    prefix = fields.Char(help="Leading digits of the called number.")
    date_start = fields.Datetime()
    date_end = fields.Datetime()
    after_id = BigInteger(
        help="Calls up to this id are done: an interrupted run goes on behind it."
    )

    @api.model
    def _mark(self, vals_list):
        """Add marks and have them worked off soon.

        :param vals_list: values of marks; without a company they are for all
        """
        if not vals_list:
            return
        companies = self._all_companies().ids
        every = [
            {**vals, "company_id": company_id}
            for vals in vals_list
            for company_id in (
                [vals.get("company_id")] if vals.get("company_id") else companies
            )
        ]
        unique = {tuple(sorted(vals.items(), key=str)): vals for vals in every}
        self.sudo().create(list(unique.values()))
        cron = self.env.ref("telecom_cdr.ir_cron_telecom_rate", False)
        if cron:
            cron.sudo()._trigger()

    @api.model
    def _all_companies(self):
        return self.env["res.company"].sudo().search([])  # pylint: disable=no-search-all
