# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .dispute_sql import GRANTED

# Who pays: a company below a customer pays for itself.
PAYER = "partner_id.commercial_partner_id"


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = [
        "res.partner",
        "telecom.used.mixin",
        "telecom.partner.currency.mixin",
        "telecom.partner.detail.mixin",
        "telecom.partner.limit.mixin",
        "telecom.partner.masking.mixin",
        "telecom.partner.payer.mixin",
        "telecom.partner.reference.mixin",
        "telecom.partner.run.mixin",
    ]

    telecom_tariff_id = fields.Many2one(
        "telecom.tariff",
        string="Call tariff",
        compute="_compute_telecom_tariff_id",
        inverse="_inverse_telecom_tariff_id",
        search="_search_telecom_tariff_id",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_class_id = fields.Many2one(
        "telecom.customer.class",
        string="Class of customers",
        compute="_compute_telecom_class_id",
        inverse="_inverse_telecom_class_id",
        search="_search_telecom_class_id",
        groups="telecom_cdr.group_telecom_reader",
        help="Its tariff and discounts count where the customer has none. Changing it "
        "ends the present membership now and starts the next; a first one counts from "
        "ever.",
    )
    telecom_discount_ids = fields.One2many(
        "telecom.discount.assignment",
        "partner_id",
        string="Discounts on calls",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_number_ids = fields.One2many(
        "telecom.number",
        "partner_id",
        string="Numbers",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_billing_day = fields.Integer(
        string="Billing day",
        help="Day of the month on which the customer's periods of bundles and fees "
        "begin, 1 to 28. 0: as the company has it.",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_invoice_shape_id = fields.Many2one(
        "telecom.invoice.shape",
        string="Shape of invoices",
        company_dependent=True,
        ondelete="restrict",
        groups="telecom_cdr.group_telecom_reader",
        help="How calls become invoices and lines. Empty: as the company has it.",
    )
    telecom_usage_ids = fields.Many2many(
        "telecom.bundle.usage",
        string="Bundles in this period",
        compute="_compute_telecom_usage_ids",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_call_count = fields.Integer(
        string="Calls in the last three months",
        compute="_compute_telecom_recent",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_recent_amount = fields.Monetary(
        string="Price in the last three months",
        compute="_compute_telecom_recent",
        currency_field="telecom_amount_currency_id",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_to_invoice = fields.Monetary(
        string="Of these to invoice",
        compute="_compute_telecom_recent",
        currency_field="telecom_amount_currency_id",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_waiting_count = fields.Integer(
        string="Of these waiting for a rate",
        compute="_compute_telecom_recent",
        groups="telecom_cdr.group_telecom_reader",
    )
    telecom_number_count = fields.Integer(
        compute="_compute_telecom_counts", groups="telecom_cdr.group_telecom_reader"
    )
    telecom_bundle_count = fields.Integer(
        compute="_compute_telecom_counts", groups="telecom_cdr.group_telecom_reader"
    )

    _telecom_billing_day_range = models.Constraint(
        "CHECK(telecom_billing_day BETWEEN 0 AND 28)",
        "A billing day is 1 to 28, as every month has it; or 0: as the company has it.",
    )

    def _compute_telecom_counts(self):
        """Numbers and running bundles, of the customer with all contacts."""
        for partner in self:
            payer = partner.commercial_partner_id
            under = [(PAYER, "=", payer.id)]
            partner.telecom_number_count = self.env["telecom.number"].search_count(
                [*under, ("state", "in", ["active", "suspended"])]
            )
            partner.telecom_bundle_count = self.env[
                "telecom.bundle.subscription"
            ].search_count([*under, ("state", "=", "active")])

    @api.depends_context("company")
    def _compute_telecom_usage_ids(self):
        usage = self.env["telecom.bundle.usage"]
        for partner in self:
            partner.telecom_usage_ids = usage._present(
                Domain(PAYER, "=", partner.commercial_partner_id.id)
                & Domain("company_id", "=", self.env.company.id)
            )

    @api.depends_context("company")
    def _compute_telecom_recent(self):
        """Calls and amounts of three months, in the currency of the customer."""
        company = self.env.company
        since = fields.Datetime.subtract(fields.Datetime.now(), months=3)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.partner_id, count(*),
                       COALESCE(sum(c.price) FILTER (
                           WHERE c.currency_id = %(currency)s), 0),
                       COALESCE(sum(c.price) FILTER (
                           WHERE c.currency_id = %(currency)s
                             AND c.rating_state = 'rated' AND i.call_id IS NULL
                             AND NOT %(granted)s), 0),
                       count(*) FILTER (WHERE c.rating_state IN ('unrated', 'late'))
                  FROM telecom_call c
                  JOIN res_partner p ON p.id = c.partner_id
             LEFT JOIN telecom_call_invoice i ON i.call_id = c.id
                 WHERE c.partner_id = ANY(%(partners)s) AND c.start_at >= %(since)s
                   AND c.company_id = %(company)s
              GROUP BY 1
                """,
                currency=SQL(
                    "COALESCE(%s, %s)",
                    self._telecom_currency_sql(company),
                    company.currency_id.id,
                ),
                partners=list(self.commercial_partner_id.ids),
                since=since,
                company=company.id,
                granted=GRANTED,
            )
        )
        by_partner = {row[0]: row[1:] for row in rows}
        for partner in self:
            figures = by_partner.get(partner.commercial_partner_id.id, (0, 0, 0, 0))
            partner.telecom_call_count = figures[0]
            partner.telecom_recent_amount = figures[1]
            partner.telecom_to_invoice = figures[2]
            partner.telecom_waiting_count = figures[3]

    @api.depends_context("company")
    def _compute_telecom_tariff_id(self):
        owner = self.env["telecom.tariff.assignment"]
        present = owner._present("partner_id", self.commercial_partner_id.ids)
        for partner in self:
            partner.telecom_tariff_id = present.get(partner.commercial_partner_id.id)

    def _inverse_telecom_tariff_id(self):
        for partner in self:
            self.env["telecom.tariff.assignment"]._assign(
                {"partner_id": partner.commercial_partner_id.id},
                partner.telecom_tariff_id,
            )

    def _search_telecom_tariff_id(self, operator, value):
        return self.env["telecom.tariff.assignment"]._search_owners(
            "partner_id", operator, value
        )

    # === BILLING DAY === #

    def write(self, vals):
        result = super().write(vals)
        if "telecom_billing_day" in vals and self.ids:
            self.env["telecom.bundle.pass"]._mark_partners(
                SQL("c.partner_id = ANY(%s)", list(self.ids))
            )
        return result

    def _telecom_billing_day(self, company):
        """The day of the month on which the customer's periods begin."""
        payer = self.commercial_partner_id.sudo()
        return payer.telecom_billing_day or company.sudo().telecom_billing_day or 1

    @api.depends_context("company")
    def _compute_telecom_class_id(self):
        members = self.env["telecom.class.membership"]
        present = members._present("partner_id", self.commercial_partner_id.ids)
        for partner in self:
            partner.telecom_class_id = present.get(partner.commercial_partner_id.id)

    def _inverse_telecom_class_id(self):
        for partner in self:
            self.env["telecom.class.membership"]._assign(
                {"partner_id": partner.commercial_partner_id.id},
                partner.telecom_class_id,
            )

    def _search_telecom_class_id(self, operator, value):
        return self.env["telecom.class.membership"]._search_owners(
            "partner_id", operator, value, "commercial_partner_id"
        )

    # === ACTIONS === #

    def action_telecom_calls(self):
        action = self._telecom_action("telecom_call_action")
        action["domain"] = [("partner_id", "=", self.commercial_partner_id.id)]
        action["context"] = {"search_default_filter_to_invoice": 1}
        return action

    def action_telecom_numbers(self):
        action = self._telecom_action("telecom_number_action")
        action["domain"] = [(PAYER, "=", self.commercial_partner_id.id)]
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action

    def action_telecom_bundles(self):
        action = self._telecom_action("telecom_bundle_subscription_action")
        action["domain"] = [(PAYER, "=", self.commercial_partner_id.id)]
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action

    def action_telecom_give(self):
        """Give this customer a bundle: the form, with the customer filled in."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Give a bundle"),
            "res_model": "telecom.bundle.subscription",
            "view_mode": "form",
            "context": {"default_partner_id": self.commercial_partner_id.id},
        }

    def action_telecom_top_up(self):
        """Ask for a top-up of one of the customer's bundles."""
        action = self._telecom_action("telecom_bundle_topup_wizard_action")
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action

    def action_telecom_compare(self):
        """Show which bundle would have been cheapest for this customer's calls."""
        action = self._telecom_action("telecom_bundle_comparison_action")
        action["context"] = {"default_partner_id": self.commercial_partner_id.id}
        return action

    def action_telecom_invoice(self):
        """Invoice what these customers have called."""
        action = self._telecom_action("telecom_invoice_wizard_action")
        action["context"] = {"default_partner_ids": self.commercial_partner_id.ids}
        return action

    def action_telecom_rate(self):
        """Match and price the calls of these customers again, and say what changed."""
        self.env["telecom.call"].check_access("write")
        changed = self.env["telecom.rating"]._rate_again(
            Domain("partner_id", "in", self.commercial_partner_id.ids),
            self.env.company,
        )
        return self.env["telecom.source"]._notify(
            "success", self.env._("%s calls have another result now.", changed)
        )

    def _telecom_action(self, xmlid):
        return self.env["ir.actions.act_window"]._for_xml_id(f"telecom_cdr.{xmlid}")
