# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from ast import literal_eval
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from . import run_sql
from .customer_periods import last_cutoff

SCOPES = [
    ("all", "All that have something"),
    ("filter", "Some of them, by tag, class or other conditions"),
    ("cutoff", "Those whose cut-off day is the last day"),
    ("hand", "These customers"),
]


class TelecomRunSelection(models.AbstractModel):
    """Whom a run invoices, and until which day each of them."""

    _name = "telecom.run.selection.mixin"
    _description = "Selection of an Invoicing Run"

    scope = fields.Selection(SCOPES, string="Customers", required=True, default="all")
    partner_ids = fields.Many2many("res.partner", string="Chosen customers")
    category_ids = fields.Many2many("res.partner.category", string="Tags")
    class_ids = fields.Many2many("telecom.customer.class", string="Classes")
    partner_domain = fields.Char(string="Conditions", default="[]")
    use_cutoff = fields.Boolean(
        string="Each until the own cut-off day",
        default=True,
        help="Customers with a cut-off day are invoiced until its last date in the "
        "period; the others until the last day.",
    )

    @api.constrains("partner_domain", "scope")
    def _check_partner_domain(self):
        partners = self.env["res.partner"].sudo(False)  # as who wrote the conditions
        for run in self.filtered(lambda one: one.scope == "filter"):
            try:
                partners._search(run._filter_domain(), limit=1)
            except (AccessError, UserError):
                raise
            except Exception as error:
                raise ValidationError(
                    self.env._(
                        "These conditions cannot be searched by: %(error)s",
                        error=error,
                    )
                ) from error

    def _filter_domain(self):
        """The customers of the scope by conditions."""
        domain = Domain(literal_eval(self.partner_domain or "[]"))
        if self.category_ids:
            domain &= Domain("category_id", "child_of", self.category_ids.ids)
        if self.class_ids:
            domain &= Domain("telecom_class_id", "in", self.class_ids.ids)
        return domain

    def _customers(self):
        """Who comes into the run: has something, is waited for, or had something."""
        if self.scope == "hand":
            return self.partner_ids.commercial_partner_id
        wizard = self.env["telecom.invoice.wizard"].new(
            {
                "company_id": self.company_id.id,
                "date_from": self.date_from,
                "date_to": self.date_to,
            }
        )
        return self._of_scope(wizard._payers() | self._other_customers())

    def _other_customers(self):
        """Customers whose calls have no price yet, or who had an invoice before."""
        company = self.company_id.id
        waiting = run_sql.waiting_by_customer(
            company, self.date_from, self.date_to, None
        )
        before = run_sql.billed_before(
            self.id or 0,
            company,
            self._previous_period(),
            self.date_to,
            None,
            self.env["account.move.line"]._telecom_line_sql(),
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT w.id FROM (%s) w(id, calls) UNION"
                " SELECT b.id FROM (%s) b(id, currency, amount)"
                " WHERE b.amount IS NOT NULL",
                waiting,
                before,
            )
        )
        return self.env["res.partner"].browse([row[0] for row in rows])

    def _of_scope(self, partners):
        if self.scope == "filter":
            among = Domain("id", "in", partners.ids) & self._filter_domain()
            partners = partners.with_context(active_test=False).search(among)
        if self.scope == "cutoff":
            return partners.filtered(
                lambda p: self._cutoff_day(p) and self._cutoff(p) == self.date_to
            )
        return partners

    def _selected_ids(self):
        """Ids of the customers of a run that is not about all of them, else None."""
        if self.scope == "all":
            return None
        return self._customers().ids

    # === DAYS === #

    def _previous_period(self):
        """First and last day of the period before."""
        last = self.date_from - timedelta(days=1)
        return fields.Date.subtract(self.date_from, months=1), last

    def _cutoff_day(self, partner):
        own = partner.with_company(self.company_id).sudo().telecom_cutoff_day
        return own or self.company_id.sudo().telecom_cutoff_day

    def _cutoff(self, partner):
        """The last day on which the customer's calls are invoiced by this run."""
        return last_cutoff(self.date_to, self._cutoff_day(partner))

    def _last_day(self, partner):
        if self.scope == "hand" or not self.use_cutoff:
            return self.date_to
        return self._cutoff(partner)
