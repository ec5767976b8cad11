# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.tools.misc import format_date

from . import run_sql
from .res_company import BILLING_PRODUCTS


class TelecomRunGate(models.AbstractModel):
    """What keeps a run from starting: calls and files that wait, a missing journal."""

    _name = "telecom.run.gate.mixin"
    _description = "Gate of an Invoicing Run"

    problem = fields.Text(
        compute="_compute_problem", help="Why no invoice of the run could be made."
    )

    # === WHAT WAITS === #

    def _gap_rows(self):
        """What of the period is not ready: (kind, count, seconds or None).

        Addons with other things to invoice add theirs, and their kinds to
        ``telecom.run.gap``.
        """
        return self.env.execute_query(
            run_sql.gaps(
                self.company_id.id,
                self.date_from,
                self.date_to,
                self._worker()._selected_ids(),
            )
        )

    def _update_gaps(self):
        """Count anew what waits; what somebody allowed to be left stays allowed."""
        self.env.flush_all()
        known = {gap.kind: gap for gap in self.gap_ids}
        for kind, count, duration in self._gap_rows():
            values = {"record_count": count, "duration": int(duration or 0)}
            if kind in known:
                known.pop(kind).write(values)
            else:
                self.gap_ids.create({"run_id": self.id, "kind": kind, **values})
        for gap in known.values():
            gap.write({"record_count": 0, "duration": 0})

    def _check_gate(self):
        """Refuse while something waits that nobody allowed to be left."""
        self.sudo()._update_gaps()
        closed = self.gap_ids.filtered("is_closed")
        if not closed:
            return
        raise RedirectWarning(
            self.env._(
                "This period is not complete:\n%(gaps)s\n\nSolve them in the "
                "workbench, or have a manager of Telephony say which may be left "
                "(on the page 'What waits').",
                gaps="\n".join(f"- {gap._text()}" for gap in closed),
            ),
            self.env.ref("telecom_cdr.telecom_waiting_action").id,
            self.env._("Open the workbench"),
        )

    # === WHAT WOULD FAIL FOR ALL === #

    def _compute_problem(self):
        for run in self:
            found = run._problems() if run.state != "sent" else []
            run.problem = "\n".join(found)

    def _problems(self):
        """Reasons why no invoice of this run could be made, posted or sent."""
        run = self.sudo().with_company(self.company_id)
        journal = run.env["account.journal"].search(
            [
                *run.env["account.journal"]._check_company_domain(self.company_id),
                ("type", "=", "sale"),
            ],
            limit=1,
        )
        found = []
        if not journal:
            found.append(
                self.env._(
                    "%(company)s has no journal for customer invoices: make one in "
                    "Accounting / Configuration / Journals.",
                    company=self.company_id.name,
                )
            )
        return [
            *found,
            *run._product_problems(journal),
            *run._date_problems(journal),
            *run._sending_problems(),
        ]

    def _product_problems(self, journal):
        """Products that bill calls, and are archived or without an account."""
        found = []
        for kind in BILLING_PRODUCTS:
            product = self.company_id._telecom_product(kind)
            if not product.active:
                found.append(
                    self.env._(
                        "The product '%(product)s' is archived: bring it back, or "
                        "choose another one in the settings of Telephony.",
                        product=product.display_name,
                    )
                )
                continue
            accounts = product.product_tmpl_id.get_product_accounts()
            if journal and not accounts["income"] and not journal.default_account_id:
                found.append(
                    self.env._(
                        "The product '%(product)s' has no income account, and neither "
                        "has the journal %(journal)s.",
                        product=product.display_name,
                        journal=journal.display_name,
                    )
                )
        return found

    def _date_problems(self, journal):
        """An invoice date in a period that is locked."""
        day = self.invoice_date
        if not day and self.target != "draft":
            day = fields.Date.context_today(self)
        locks = journal and self.company_id._get_violated_lock_dates(day, True, journal)
        if not locks:
            return []
        return [
            self.env._(
                "The invoice date %(day)s is locked until %(lock)s: choose a later "
                "date, or have the lock date changed in Accounting.",
                day=format_date(self.env, day),
                lock=format_date(self.env, locks[-1][0]),
            )
        ]

    def _sending_problems(self):
        cron = self.env.ref("account.ir_cron_account_move_send", False)
        if self.target != "send" or (cron and cron.active):
            return []
        return [
            self.env._(
                "The scheduled action that sends invoices is switched off: an "
                "administrator has to switch it on."
            )
        ]

    def _check_problems(self):
        found = self._problems()
        if found:
            raise UserError("\n".join(found))

    # === WHAT A CUSTOMER LACKS === #

    def _lacking(self, partner):
        """What the customer's invoice needs and is not there, in words."""
        address = partner.browse(partner.address_get(["invoice"])["invoice"])
        wanted = {
            self.env._("street"): address.street,
            self.env._("city"): address.city,
            self.env._("country"): address.country_id,
        }
        if self.required_data == "tax":
            wanted[self.env._("tax ID")] = partner.vat
        return [name for name, value in wanted.items() if not value]

    def _check_data(self, partners):
        """Refuse customers without the data that this run asks for."""
        if self.required_data == "none":
            return
        for partner in partners:
            lacking = self._lacking(partner)
            if lacking:
                raise UserError(
                    self.env._(
                        "%(customer)s has no %(data)s: add it to the contact, and try "
                        "again.",
                        customer=partner.display_name,
                        data=", ".join(lacking),
                    )
                )
