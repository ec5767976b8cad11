# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Command

GROUPINGS = [
    ("number", "Own number"),
    ("department", "Department"),
    ("day", "Day"),
    ("category", "Category"),
    ("destination", "Destination"),
    ("none", "Nothing"),
]
DEFAULT_COLUMNS = (
    "day",
    "time",
    "other",
    "destination",
    "duration",
    "covered",
    "price",
)
# What a file shows of the group that a call is in.
GROUP_COLUMNS = {
    "number": "own",
    "department": "department",
    "day": "day",
    "category": "category",
    "destination": "destination",
}


class TelecomDetailLayout(models.Model):
    """How the calls behind an invoice are listed, on paper and in files."""

    _name = "telecom.detail.layout"
    _description = "Layout of Call Details"
    _inherit = ["telecom.named.mixin"]
    _order = "name, id"

    column_ids = fields.One2many(
        "telecom.detail.layout.column",
        "layout_id",
        string="Columns",
        copy=True,
        default=lambda self: self._default_column_ids(),
        help="In this order. Without any: date, time, number, destination, duration, "
        "what bundles took, price.",
    )
    category_ids = fields.One2many(
        "telecom.detail.layout.category",
        "layout_id",
        string="Categories",
        copy=True,
        help="Colours, and categories whose calls are summed up. Others are listed, "
        "in black.",
    )
    group_by = fields.Selection(
        GROUPINGS, string="Grouped by", required=True, default="number"
    )
    has_annex = fields.Boolean(
        string="Part of the invoice",
        default=True,
        help="The calls are listed behind the invoice, in the same PDF. Off: only in "
        "files of their own.",
    )
    bold_seconds = fields.Integer(
        string="Bold from (seconds)",
        help="Calls that last as long or longer are printed bold. 0: none.",
    )
    bold_amount = fields.Float(
        string="Bold from (price)",
        digits=(16, 4),
        help="Calls that cost as much or more, in the currency of the invoice, are "
        "printed bold. 0: none.",
    )
    head = fields.Html(
        string="Text above",
        translate=True,
        help="In the language of the customer. Empty: what the prices and times are.",
    )
    foot = fields.Html(string="Text below", translate=True)

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "There is already a layout of this name."
    )
    _bold_range = models.Constraint(
        "CHECK(bold_seconds >= 0 AND bold_amount >= 0)",
        "Calls are bold from a number of seconds or a price on, and 0 is none: write "
        "no negative number.",
    )

    @api.model
    def _default_column_ids(self):
        return [
            Command.create({"sequence": place, "column": column})
            for place, column in enumerate(DEFAULT_COLUMNS, 1)
        ]

    @api.model
    def _of_customer(self, company, partner):
        """The layout of a customer, else the company's, else how calls are listed."""
        payer = partner.commercial_partner_id.sudo().with_company(company)
        own = payer.telecom_detail_layout_id or company.sudo().telecom_detail_layout_id
        layout = own.filtered(lambda one: one.company_id == company)
        return layout.with_env(self.env).sudo() or self.new(
            {"group_by": "number", "has_annex": True}
        )

    def _columns(self):
        """Keys and titles of the columns, in order."""
        labels = dict(
            self.column_ids._fields["column"]._description_selection(self.env)
        )
        titles = {column.column: column.title for column in self.column_ids}
        keys = titles or dict.fromkeys(DEFAULT_COLUMNS)
        return {key: titles.get(key) or labels[key] for key in keys}

    def _file_columns(self):
        """The same for files, which have no headings: the group is a column."""
        columns = self._columns()
        group = GROUP_COLUMNS.get(self.group_by)
        if not group or group in columns:
            return columns
        labels = dict(
            self.column_ids._fields["column"]._description_selection(self.env)
        )
        return {group: labels[group], **columns}

    def _summed_categories(self):
        return {one.category for one in self.category_ids if not one.is_listed}

    def _colors(self):
        return {one.category: one.color for one in self.category_ids if one.color}
