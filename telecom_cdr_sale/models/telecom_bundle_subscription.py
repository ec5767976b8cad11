# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class TelecomBundleSubscription(models.Model):
    _inherit = "telecom.bundle.subscription"

    sale_line_id = fields.Many2one(
        "sale.order.line",
        string="Order line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        groups="sales_team.group_sale_salesman,telecom_cdr.group_telecom_reader",
    )
    sale_order_id = fields.Many2one(
        related="sale_line_id.order_id",
        string="Sales order",
        groups="sales_team.group_sale_salesman,telecom_cdr.group_telecom_reader",
    )

    previous_id = fields.Many2one(
        "telecom.bundle.subscription",
        string="Takes the place of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The earlier version of the bundle, as the customer had it until then.",
    )
    next_ids = fields.One2many(
        "telecom.bundle.subscription", "previous_id", string="Given instead"
    )

    # Sellers see that calls were covered, not which.
    draw_count = fields.Integer(compute_sudo=True)

    @api.constrains("bundle_id")
    def _check_allowances(self):
        """Telephony needs no allowance: it is what the calls are billed with."""
        others = self.filtered(lambda one: not one.bundle_id.product_id.telecom_usage)
        return super(TelecomBundleSubscription, others)._check_allowances()

    @api.constrains("partner_id", "bundle_id", "date_start", "date_end")
    def _check_one_usage(self):
        """A customer has telephony once at a time."""
        for one in self.filtered("bundle_id.product_id.telecom_usage"):
            payer = one.partner_id.commercial_partner_id
            domain = (
                Domain("id", "!=", one.id)
                & one._usage_domain(one.company_id, payer)
                & (
                    Domain("date_end", "=", False)
                    | Domain("date_end", ">", one.date_start)
                )
            )
            if one.date_end:
                domain &= Domain("date_start", "<", one.date_end)
            other = one._usage_rivals(self.search(domain))[:1]
            if other:
                raise ValidationError(
                    self.env._(
                        "%(customer)s has %(held)s already, since %(start)s: a "
                        "customer has one product of Voice calls. End that one first.",
                        customer=payer.name,
                        held=other.bundle_id.name,
                        start=fields.Date.to_string(other._first_day()),
                    )
                )

    def _usage_rivals(self, others: models.BaseModel) -> models.BaseModel:
        """Those of other telephony of the customer that this one cannot be beside."""
        return others

    @api.model
    def _usage_domain(self, company, payers):
        """Telephony of customers."""
        return (
            Domain("company_id", "=", company.id)
            & Domain("partner_id.commercial_partner_id", "in", payers.ids)
            & Domain("bundle_id.product_id.telecom_usage", "=", True)
        )

    @api.model
    def _with_usage(self, company, payers, date_to):
        """Those of some customers who have had telephony by a day."""
        found = self.search(
            self._usage_domain(company, payers)
            & Domain(
                "date_start",
                "<",
                self._midnight(fields.Date.add(date_to, days=1), company),
            )
        )
        return payers & found.partner_id.commercial_partner_id

    # === WHAT WAS SOLD === #

    def _end_sold(self):
        """End what runs; what has not begun is not given at all."""
        now = fields.Datetime.now()
        planned = self.filtered(lambda one: one.date_start >= now)
        planned.unlink()
        running = (self - planned).filtered(
            lambda one: not one.date_end or one.date_end > now
        )
        running.write({"date_end": now})

    def _with_earlier(self):
        """These, and the versions before them that still run."""
        earlier = self.previous_id.filtered(lambda one: one.state != "ended")
        return self | earlier._with_earlier() if earlier else self

    def _successor_values(self, bundle, date):
        """The later version was sold by the same line, at the same price."""
        values = super()._successor_values(bundle, date)
        # What had not begun is not given: its successor follows what that followed.
        earlier = self if self.date_start < date else self.previous_id
        line = self.sudo().sale_line_id
        return values | {"previous_id": earlier.id, "sale_line_id": line.id}

    def action_open_order(self) -> dict:
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.sale_order_id.id,
            "view_mode": "form",
        }
