# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .bulk_fields import UncheckedMany2one
from .rate_sheet_guard import customers_of
from .reading_messages import worded
from .telecom_destination import CATEGORIES
from .telecom_rate_sheet import KINDS

# Bytes that a price of data is for.
MEGABYTE = 1_000_000


class TelecomRateSheetLine(models.Model):
    """A row of a rate sheet beside the tariff. Written by COPY."""

    _name = "telecom.rate.sheet.line"
    _description = "Row of a Rate Sheet"
    _order = "prefix, date_start, id"
    _log_access = False

    sheet_id = UncheckedMany2one("telecom.rate.sheet", required=True, index=True)
    currency_id = fields.Many2one(related="sheet_id.currency_id")
    kind = fields.Selection(KINDS, string="What", required=True)
    prefix = fields.Char()
    destination = fields.Char()
    category = fields.Selection(CATEGORIES)
    time_band_id = UncheckedMany2one("telecom.time.band", string="Time band")
    pattern = fields.Char()
    old_price = fields.Float(string="Old price", digits=(16, 9), aggregator=None)
    new_price = fields.Float(string="New price", digits=(16, 9), aggregator=None)
    difference = fields.Float(string="Difference (%)", digits=(16, 2), aggregator="avg")
    old_connect_fee = fields.Float(string="Old fee", digits=(16, 9), aggregator=None)
    new_connect_fee = fields.Float(string="New fee", digits=(16, 9), aggregator=None)
    old_steps = fields.Char(string="Old steps")
    new_steps = fields.Char(string="New steps")
    date_start = fields.Datetime(string="From")
    date_end = fields.Datetime(string="Until")
    rate_id = UncheckedMany2one("telecom.rate", string="Present rate")
    is_rounded = fields.Boolean(string="Rounded to 9 decimals")
    line_number = fields.Integer(string="Line", aggregator=None)
    sheet_name = fields.Char(string="Page of the file")
    reason = fields.Char(
        string="Reason code", help="Code of what should have been there."
    )
    raw = fields.Char(string="As it stands there")
    wording = fields.Json()
    message = fields.Char(string="Reason", compute="_compute_message")

    @api.depends_context("lang")
    @api.depends("wording")
    def _compute_message(self):
        for line in self:
            line.message = worded(self.env, line.wording) or False


class TelecomRateSheetLoss(models.Model):
    """A retail price that would be below cost: the worst case of it."""

    _name = "telecom.rate.sheet.loss"
    _description = "Price Below Cost"
    _order = "margin, id"

    sheet_id = fields.Many2one(
        "telecom.rate.sheet", required=True, index=True, ondelete="cascade"
    )
    tariff_id = fields.Many2one(
        "telecom.tariff",
        string="Compared with",
        required=True,
        index=True,
        ondelete="cascade",
    )
    retail_tariff_id = fields.Many2one(
        "telecom.tariff",
        string="Price tariff",
        required=True,
        index=True,
        ondelete="cascade",
    )
    currency_id = fields.Many2one(related="retail_tariff_id.currency_id")
    rate_id = UncheckedMany2one("telecom.rate", string="Rate")
    rate_text = fields.Char(string="Price of", compute="_compute_rate_text")
    prefix = fields.Char(string="Where it is worst")
    retail_prefix = fields.Char()
    prefix_count = fields.Integer(
        string="Prefixes", aggregator=None, help="So many of them are below cost."
    )
    service = fields.Selection(related="sheet_id.service")
    quantity = fields.Integer(
        string="Counted", aggregator=None, help="Seconds, messages or bytes."
    )
    quantity_text = fields.Char(string="For", compute="_compute_quantity_text")
    is_bound = fields.Boolean(
        string="At worst",
        help="A price has time bands or tiers: the cheapest of them beside the dearest "
        "cost. Not every call of this kind is below cost.",
    )
    retail_amount = fields.Float(string="Price", digits=(16, 6), aggregator=None)
    cost_amount = fields.Float(string="Cost", digits=(16, 6), aggregator=None)
    margin = fields.Float(string="Margin (%)", digits=(16, 2), aggregator=None)
    customer_count = fields.Integer(string="Customers", aggregator=None)

    @api.depends("rate_id", "retail_prefix")
    def _compute_rate_text(self):
        for loss in self:
            loss.rate_text = loss._rate_in_words() or loss.retail_prefix

    def _rate_in_words(self):
        """What the retail rate is for, and when; nothing where the file brings it."""
        rate = self.rate_id.exists()
        if not rate.time_band_id:
            return rate._target_text() if rate else ""
        return f"{rate._target_text()}, {rate.time_band_id.name}"

    @api.depends("quantity", "service")
    def _compute_quantity_text(self):
        for loss in self:
            loss.quantity_text = loss._quantity_in_words()

    def _quantity_in_words(self):
        if self.service == "sms":
            return self.env._("a message")
        if self.service == "data":
            return self.env._("%s MB", self.quantity // MEGABYTE)
        return self.env._("%s s", self.quantity)

    def action_open_customers(self):
        """The customers that it touches."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.res_partner_telecom_action"
        )
        ids = customers_of(self.sheet_id, self.retail_tariff_id)
        action["domain"] = [("id", "in", ids)]
        action["context"] = {}
        return action
