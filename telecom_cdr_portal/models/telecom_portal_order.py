# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

KINDS = [("order", "Order"), ("change", "Change"), ("cancel", "Cancellation")]


class TelecomPortalOrder(models.Model):
    """An order, change or cancellation of a bundle that a customer has confirmed."""

    _name = "telecom.portal.order"
    _inherit = ["mail.thread", "mail.activity.mixin"]
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
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for order in self:
            order.display_name = (
                f"{kinds.get(order.kind, '')}: {order.bundle_id.name} - "
                f"{order.partner_id.name}"
            )

    @api.model
    def _begin(self, kind, partner, bundle, token):
        """Note an order before anything is done; nothing where it was noted already.

        Under way in another transaction it makes this one fail and be tried again.
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO telecom_portal_order (partner_id, company_id, user_id, kind,
                       bundle_id, token, position, create_uid, create_date)
                SELECT %(partner)s, %(company)s, %(user)s, %(kind)s, %(bundle)s,
                       %(token)s, COALESCE(max(o.position), 0) + 1, %(user)s,
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

    def _tell(self):
        """An activity for whom the company names, else a mail to the company; and a
        confirmation to the customer."""
        for order in self:
            user = order.company_id.telecom_portal_user_id
            if user:
                order.activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=order.display_name,
                    user_id=user.id,
                )
            else:
                order.message_notify(
                    partner_ids=order.company_id.partner_id.ids,
                    subject=order.display_name,
                    body=order._text(),
                )
            order._confirm()

    def _confirm(self):
        """Mail the customer what was ordered, where there is an address."""
        template = self.env.ref("telecom_cdr_portal.mail_template_order", False)
        if template and self.user_id.partner_id.email:
            template.send_mail(self.id)

    def _text(self):
        """What was done, in one sentence."""
        values = {
            "who": self.user_id.name,
            "bundle": self.bundle_id.name,
            "day": fields.Date.to_string(self._effective_day()),
            "customer": self.partner_id.name,
        }
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

    def _subject(self):
        """Of the mail, in the language of the environment."""
        name = self.bundle_id.name
        if self.kind == "cancel":
            return self.env._("Cancelled: %s", name)
        return self.env._("Ordered: %s", name)

    def _effective_day(self):
        """The local day on which it takes effect; of an end, the last day."""
        subscription = self.subscription_id
        if self.kind == "cancel":
            return subscription._last_day()
        return subscription._first_day()
