# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import UTC, date, timedelta

from odoo import api, fields, models
from odoo.tools import SQL

KINDS = [("order", "Order"), ("change", "Change"), ("cancel", "Cancellation")]


class TelecomPortalOrder(models.Model):
    """An order, change or cancellation of a bundle that a customer has confirmed."""

    _name = "telecom.portal.order"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "telecom.portal.order.withdrawal.mixin",
    ]
    _description = "Order in the Portal"
    _order = "id desc"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", string="By", required=True, readonly=True, ondelete="restrict"
    )
    kind = fields.Selection(KINDS, required=True, readonly=True)
    bundle_id = fields.Many2one(
        "telecom.bundle", required=True, readonly=True, ondelete="restrict"
    )
    subscription_id = fields.Many2one(
        "telecom.bundle.subscription",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="What was begun, or what was cancelled.",
    )
    previous_id = fields.Many2one(
        "telecom.bundle.subscription",
        string="Instead of",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    date_effective = fields.Datetime(string="Takes effect", readonly=True)
    fee_text = fields.Char(string="Fee as shown", readonly=True)
    terms = fields.Text(string="Terms as shown", readonly=True)
    token = fields.Char(required=True, readonly=True)
    position = fields.Integer(required=True, readonly=True, aggregator=None)

    # The same click twice is one order. And two orders of a customer at a time find
    # each other: the later one is tried again and sees what the first has done.
    _token_uniq = models.UniqueIndex(
        "(partner_id, token)", "This order was received already."
    )
    _position_uniq = models.UniqueIndex(
        "(partner_id, position)", "Another order of this customer came at that moment."
    )

    @api.depends("kind", "bundle_id", "partner_id")
    def _compute_display_name(self) -> None:
        for order in self:
            order.display_name = f"{order._title()} - {order.partner_id.name}"

    def _title(self) -> str:
        """What was asked for, without for whom."""
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        return f"{kinds.get(self.kind, '')}: {self.bundle_id.name}"

    @api.model
    def _begin(
        self,
        kind: str,
        partner: models.BaseModel,
        bundle: models.BaseModel,
        token: str,
    ) -> models.BaseModel:
        """Note an order before anything is done; nothing where it was noted already.

        Under way in another transaction it makes this one fail and be tried again.
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO telecom_portal_order (partner_id, company_id, user_id, kind,
                       state, bundle_id, token, position, create_uid, create_date)
                SELECT %(partner)s, %(company)s, %(user)s, %(kind)s,
                       'ordered', %(bundle)s, %(token)s,
                       COALESCE(max(o.position), 0) + 1, %(user)s,
                       now() AT TIME ZONE 'UTC'
                  FROM telecom_portal_order o WHERE o.partner_id = %(partner)s
                    ON CONFLICT DO NOTHING
             RETURNING id
                """,
                partner=partner.id,
                company=bundle.company_id.id,
                user=self.env.uid,
                kind=kind,
                bundle=bundle.id,
                token=token,
            )
        )
        return self.browse([row[0] for row in rows])

    def _tell(self) -> None:
        """Tell the company, and confirm it to the customer."""
        for order in self:
            order._tell_company()
            order._confirm()

    def _tell_company(self) -> None:
        """An activity for whom the company names, else a mail to the company."""
        user = self.company_id.telecom_portal_user_id
        if user:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.display_name,
                note=self._text(),
                user_id=user.id,
            )
        else:
            self.message_notify(
                partner_ids=self.company_id.partner_id.ids,
                subject=self.display_name,
                body=self._text(),
            )

    def _confirm(self) -> None:
        """Mail the customer what was ordered, where there is an address."""
        template = self.env.ref("telecom_cdr_portal.mail_template_order", False)
        if template and self.user_id.partner_id.email:
            template.send_mail(self.id)

    def _text(self) -> str:
        """What was done, in one sentence."""
        values = {
            "who": self.user_id.name,
            "bundle": self.bundle_id.name,
            "day": fields.Date.to_string(self._effective_day()),
            "customer": self.partner_id.name,
        }
        if self.state == "withdrawn":
            values["who"] = self.withdrawn_by_id.name
            return self.env._(
                "%(who)s of %(customer)s has taken back: %(order)s, %(day)s.",
                order=self._title(),
                **values,
            )
        if self.kind == "cancel":
            return self.env._(
                "%(who)s of %(customer)s has cancelled %(bundle)s: its last day "
                "is %(day)s.",
                **values,
            )
        if self.kind == "change":
            return self.env._(
                "%(who)s of %(customer)s changes from %(old)s to %(bundle)s on "
                "%(day)s.",
                old=self.previous_id.bundle_id.name,
                **values,
            )
        return self.env._(
            "%(who)s of %(customer)s has ordered %(bundle)s from %(day)s.", **values
        )

    def _subject(self) -> str:
        """Of the mail, in the language of the environment."""
        name = self.bundle_id.name
        if self.state == "withdrawn":
            return self.env._("Taken back: %s", self._title())
        if self.kind == "cancel":
            return self.env._("Cancelled: %s", name)
        return self.env._("Ordered: %s", name)

    def _effective_day(self) -> date:
        """The local day on which it takes effect; of an end, the last day."""
        moment = self.date_effective
        if self.kind == "cancel":
            moment -= timedelta(seconds=1)
        zone = self.env["telecom.bundle.subscription"]._zone(self.company_id)
        return moment.replace(tzinfo=UTC).astimezone(zone).date()
