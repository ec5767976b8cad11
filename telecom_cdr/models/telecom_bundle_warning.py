# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

LEVELS = (100, 80)


class TelecomBundleWarning(models.Model):
    """That an allowance is used up, or nearly: said once in a period."""

    _name = "telecom.bundle.warning"
    _description = "Bundle Warning"
    _order = "id desc"

    subscription_id = fields.Many2one(
        "telecom.bundle.subscription", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        related="subscription_id.company_id", store=True, index=True
    )
    partner_id = fields.Many2one(related="subscription_id.partner_id")
    bundle_id = fields.Many2one(related="subscription_id.bundle_id")
    allowance_id = fields.Many2one(
        "telecom.bundle.allowance", required=True, index=True, ondelete="cascade"
    )
    number_id = fields.Many2one(
        "telecom.number", index="btree_not_null", ondelete="cascade"
    )
    period_start = fields.Date(required=True)
    period_end = fields.Date(required=True)
    level = fields.Integer(required=True, help="Percent.")
    used_text = fields.Char(required=True)

    # Who says it twice, at whatever time, is refused.
    _once = models.UniqueIndex(
        "(subscription_id, allowance_id, COALESCE(number_id, 0), period_start, level)",
        "This warning was given already.",
    )

    @api.model
    def _cron_warn(self):
        """Warn of allowances that are used up or nearly, company by company."""
        # pylint: disable-next=no-search-all
        companies = self.env["res.company"].sudo().search([])
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            self.env["telecom.bundle.carry"].sudo()._refresh_all(company)
            self.env["telecom.bundle.pass"]._run(company)
            self._warn(company)
            if not cron._commit_progress(1):
                break

    @api.model
    def _warn(self, company):
        """Give the warnings of a company that are due."""
        usages = self.env["telecom.bundle.usage"].sudo()
        due = usages._present(
            Domain("company_id", "=", company.id)
            & Domain("used_percent", ">=", min(LEVELS))
        )
        warnings = self.browse()
        for usage in due:
            warning = self._insert(usage)
            warning._tell()
            warnings |= warning
        return warnings

    @api.model
    def _insert(self, usage):
        """The warning of a usage, where none of its level or above was given."""
        level = next(one for one in LEVELS if usage.used_percent >= one)
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO telecom_bundle_warning (subscription_id, company_id,
                       allowance_id, number_id, period_start, period_end, level,
                       used_text, create_date, create_uid)
                SELECT s.id, s.company_id, %(allowance)s, %(number)s, %(start)s,
                       %(end)s, %(level)s, %(text)s, now() AT TIME ZONE 'UTC', %(uid)s
                  FROM telecom_bundle_subscription s
                 WHERE s.id = %(subscription)s AND NOT EXISTS (
                       SELECT FROM telecom_bundle_warning w
                        WHERE w.subscription_id = s.id
                          AND w.allowance_id = %(allowance)s
                          AND w.number_id IS NOT DISTINCT FROM %(number)s::int
                          AND w.period_start = %(start)s AND w.level >= %(level)s)
                    ON CONFLICT DO NOTHING
             RETURNING id
                """,
                subscription=usage.subscription_id.id,
                allowance=usage.allowance_id.id,
                number=usage.number_id.id or None,
                start=usage.period_start,
                end=usage.period_end,
                level=level,
                text=usage._used_of_text(),
                uid=self.env.uid,
            )
        )
        return self.sudo().browse([row[0] for row in rows])

    def _tell(self):
        """A note on the subscription; a mail where the bundle says so."""
        template = self.env.ref("telecom_cdr.mail_template_bundle_warning", False)
        for warning in self:
            warning.subscription_id.message_post(body=warning._text())
            if warning.bundle_id.warn_customer and template:
                warning._mail(template)

    def _text(self):
        values = {
            "allowance": self.allowance_id.display_name,
            "used": self.used_text,
            "period": self.subscription_id._days_text(
                self.period_start, self.period_end
            ),
        }
        if self.level >= max(LEVELS):
            return self.env._(
                "%(allowance)s is used up: %(used)s in the period %(period)s.", **values
            )
        return self.env._(
            "%(allowance)s is nearly used up: %(used)s in the period %(period)s.",
            **values,
        )

    def _mail(self, template):
        """Mail the customer; say so where there is no address."""
        customer = self.subscription_id.partner_id
        if customer.email or customer.commercial_partner_id.email:
            template.sudo().send_mail(self.id)
            return
        self.subscription_id.message_post(
            body=self.env._(
                "%(customer)s was not mailed: there is no e-mail address.",
                customer=customer.name,
            )
        )

    def _mail_address(self):
        """Where the mail goes: the subscriber's address, else who pays."""
        customer = self.subscription_id.partner_id
        return customer if customer.email else customer.commercial_partner_id

    def _used_words(self):
        """What is used, in the customer's language (for the mail)."""
        usage = self.env["telecom.bundle.usage"].search(
            [
                ("subscription_id", "=", self.subscription_id.id),
                ("allowance_id", "=", self.allowance_id.id),
                ("number_id", "=", self.number_id.id),
                ("period_start", "=", self.period_start),
            ],
            limit=1,
        )
        return usage._used_of_text() if usage else self.used_text
