# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

LEVELS = [("warned", "Nearly reached"), ("reached", "Reached")]


class TelecomLimitNotice(models.Model):
    """That a limit is reached, or nearly: said once in a period and for an amount."""

    _name = "telecom.limit.notice"
    _description = "Notice of a Limit"
    _order = "id desc"
    _rec_name = "limit_id"

    limit_id = fields.Many2one(
        "telecom.limit",
        string="Limit of spending",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="limit_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="limit_id.partner_id")
    number_id = fields.Many2one(related="limit_id.number_id")
    currency_id = fields.Many2one(related="limit_id.currency_id")
    period_start = fields.Date(string="Period from", required=True, readonly=True)
    level = fields.Selection(LEVELS, required=True, readonly=True)
    amount = fields.Monetary(string="Limit", readonly=True)
    spent = fields.Monetary(readonly=True)

    # Who says it twice, at whatever time, is refused. A limit that was changed is
    # another one.
    _once = models.UniqueIndex(
        "(limit_id, period_start, level, amount)", "This notice was given already."
    )

    @api.model
    def _insert(self, limit, level, spent):
        """The notice of a limit; nothing where it was given in this period."""
        limit.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO telecom_limit_notice (limit_id, company_id, period_start,
                       level, amount, spent, create_date, create_uid)
                SELECT l.id, l.company_id, %(start)s, %(level)s, l.amount, %(spent)s,
                       now() AT TIME ZONE 'UTC', %(uid)s
                  FROM telecom_limit l WHERE l.id = %(limit)s
                    ON CONFLICT DO NOTHING
             RETURNING id
                """,
                start=limit._period_days()[0],
                level=level,
                spent=spent,
                uid=self.env.uid,
                limit=limit.id,
            )
        )
        return self.browse([row[0] for row in rows])

    def _tell(self):
        """A note on the limit, a mail to the customer, an SMS where that is wanted."""
        template = self.env.ref("telecom_cdr.mail_template_limit_notice", False)
        for notice in self:
            notice.limit_id.message_post(body=notice._text())
            if not notice._mail_address().email:
                notice._note_no_address()
            elif template:
                template.send_mail(notice.id)
            notice._send_sms()

    def _mail_address(self):
        """Who is told: the holder of the number where there is an address, else who
        pays."""
        holder = self.number_id.partner_id
        return holder if holder.email else self.partner_id

    def _note_no_address(self):
        self.limit_id.message_post(
            body=self.env._(
                "%(customer)s was not mailed: there is no e-mail address.",
                customer=self.partner_id.name,
            )
        )

    def _send_sms(self):
        """Only where Odoo's app for SMS is installed: it is no dependency."""
        customer = self._mail_address()
        if not self.company_id.telecom_limit_sms or "sms.sms" not in self.env:
            return
        if customer.phone:
            text = self.with_context(lang=customer.lang)._text()
            self.limit_id._message_sms(text, partner_ids=customer.ids)

    def _subject(self):
        """Of the mail, in the language of the environment."""
        if self.level == "reached":
            return self.env._("Your limit for calls is reached")
        return self.env._("Your limit for calls is nearly reached")

    def _text(self):
        """One sentence, in the language of the environment."""
        limit = self.limit_id.with_env(self.env)
        values = {
            "name": self.number_id.display_name or self.partner_id.name,
            "spent": limit._money(self.spent),
            "amount": limit._money(self.amount),
            "period": limit.period_text,
        }
        if self.level == "reached":
            return self.env._(
                "%(name)s: the limit is reached. %(spent)s of %(amount)s were spent in "
                "the period %(period)s.",
                **values,
            )
        return self.env._(
            "%(name)s: the limit is nearly reached. %(spent)s of %(amount)s were spent "
            "in the period %(period)s.",
            **values,
        )
