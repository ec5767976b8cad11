# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .drift_sql import drift_rows
from .telecom_charge import COST_GROUP

CAUSES = [
    ("unpaid", "Charged by the carrier, paid by nobody"),
    ("ended", "Paid by a customer, ended by the carrier"),
    ("price", "Another price than before"),
    ("not_ours", "Charged for a number that is not ours"),
    ("gap", "Days that are not charged"),
    ("overlap", "Days that are charged twice"),
]


class TelecomFeeDrift(models.Model):
    """Where carriers' rentals and what customers pay drift apart, month by month."""

    _name = "telecom.fee.drift"
    _description = "Drift of Fixed Fees"
    _auto = False
    # What is still to be written is written before the rows are made.
    _depends = {
        "telecom.charge": [
            "state",
            "wait_reason",
            "number_id",
            "partner_id",
            "price",
            "currency_id",
            "cost",
            "active",
            "split_from_id",
        ],
        "telecom.own.charge": [
            "active",
            "number_id",
            "price",
            "recurrence",
            "date_start",
            "date_end",
        ],
        "telecom.number": ["number", "scope_id"],
        "telecom.fee.drift.seen": ["drift_id", "cost", "price"],
    }
    _order = "month desc, cause, reference, id"

    company_id = fields.Many2one("res.company", readonly=True)
    month = fields.Date(readonly=True, help="In which it begins.")
    cause = fields.Selection(CAUSES, string="What", readonly=True)
    carrier_id = fields.Many2one("telecom.carrier", readonly=True)
    reference = fields.Char(readonly=True)
    product_code = fields.Char(readonly=True)
    description = fields.Char(readonly=True)
    number_id = fields.Many2one("telecom.number", string="Our number", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    charge_id = fields.Many2one("telecom.charge", readonly=True)
    before_id = fields.Many2one("telecom.charge", string="Charge before", readonly=True)
    own_charge_id = fields.Many2one("telecom.own.charge", readonly=True)
    first_day = fields.Date(string="From", readonly=True)
    last_day = fields.Date(string="To", readonly=True)
    cost = fields.Float(
        string="Cost at stake",
        digits=(20, 9),
        readonly=True,
        groups=COST_GROUP,
        help="What we pay and nobody pays us, what is charged twice or was not, or how "
        "much dearer it has become.",
    )
    cost_currency_id = fields.Many2one("res.currency", readonly=True, groups=COST_GROUP)
    price = fields.Float(
        string="Price at stake",
        digits=(16, 6),
        readonly=True,
        help="What the customer has paid for it, or pays still.",
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    is_seen = fields.Boolean(
        string="Seen",
        readonly=True,
        help="Somebody has looked at it and let it be, as it is now. Where it comes to "
        "another amount later, it is one to be looked at again.",
    )
    seen_by_id = fields.Many2one("res.users", string="Seen by", readonly=True)
    seen_at = fields.Datetime(string="Seen on", readonly=True)

    @property
    def _table_query(self):
        return drift_rows()

    @api.depends("cause", "reference")
    def _compute_display_name(self):
        words = dict(self._fields["cause"]._description_selection(self.env))
        for row in self:
            row.display_name = f"{row.reference}: {words.get(row.cause, '')}"

    def action_open(self) -> dict:
        """Open the charges that the row is about, and those beside them."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr_fixed_fee.telecom_charge_action"
        )
        domain = Domain("carrier_id", "=", self.carrier_id.id)
        domain &= Domain("reference", "=", self.reference)
        if not self.own_charge_id:
            domain &= Domain("product_code", "in", [self.product_code or False])
        name = self.display_name
        action.update(name=name, display_name=name, domain=list(domain), context={})
        return action

    def action_mark_seen(self) -> None:
        """Let these rows be, as they are now: they are no longer listed as open."""
        self._seen_marks("write").invalidate_recordset()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO telecom_fee_drift_seen (company_id, drift_id, cost, price,
                       create_uid, create_date, write_uid, write_date)
                SELECT d.company_id, d.id, d.cost, d.price, %(uid)s, %(now)s, %(uid)s,
                       %(now)s
                  FROM (%(rows)s) d WHERE d.id = ANY(%(ids)s)
                    ON CONFLICT (drift_id) DO UPDATE
                   SET cost = excluded.cost, price = excluded.price,
                       write_uid = excluded.write_uid, write_date = excluded.write_date
                """,
                uid=self.env.uid,
                now=fields.Datetime.now(),
                rows=drift_rows(),
                ids=self.ids,
            )
        )
        self.invalidate_model()

    def action_mark_open(self) -> None:
        """List these rows as open again."""
        self._seen_marks("unlink").unlink()
        self.invalidate_model()

    def _seen_marks(self, operation):
        """The marks of these rows, where the user may see the rows and change marks."""
        self.check_access("read")
        marks = self.env["telecom.fee.drift.seen"]
        marks.check_access(operation)
        return marks.search([("drift_id", "in", self.ids)])

    def action_open_own_charge(self) -> dict:
        """Open the charge of ours that goes on."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.own.charge",
            "res_id": self.own_charge_id.id,
            "views": [(False, "form")],
        }
