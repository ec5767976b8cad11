# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# A customer invites no more in a day, sent or refused: enough for a department, too
# few to try out addresses or to flood somebody's mailbox.
MOST_A_DAY = 20
MOST_TO_ONE = 3
KEPT_DAYS = 30


class TelecomPortalInvitation(models.Model):
    """An address that a customer asked to invite: counted against floods."""

    _name = "telecom.portal.invitation"
    _description = "Invitation to the Portal"
    _order = "id desc"
    _rec_name = "email"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", string="By", required=True, readonly=True, ondelete="cascade"
    )
    email = fields.Char(required=True, readonly=True)
    date = fields.Datetime(
        string="When", required=True, readonly=True, default=fields.Datetime.now
    )

    @api.model
    def _note(self, partner: models.BaseModel, email: str) -> models.BaseModel:
        """Count an invitation, or refuse it where there were enough for a day."""
        recent = Domain("partner_id", "=", partner.id) & Domain(
            "date", ">", fields.Datetime.now() - timedelta(days=1)
        )
        to_one = recent & Domain("email", "=", email)
        if (
            self.search_count(recent) >= MOST_A_DAY
            or self.search_count(to_one) >= MOST_TO_ONE
        ):
            raise UserError(
                self.env._(
                    "These are many invitations for one day: go on tomorrow, or ask us "
                    "to invite your colleagues."
                )
            )
        return self.create(
            {
                "partner_id": partner.id,
                "company_id": self.env.user.company_id.id,
                "user_id": self.env.user.id,
                "email": email,
            }
        )

    @api.autovacuum
    def _gc_old(self) -> None:
        """They count for a day; addresses are not kept longer than one can ask."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        self.search([("date", "<", limit)]).unlink()
