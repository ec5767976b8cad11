# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    telecom_is_limited = fields.Boolean(
        string="Sees only some numbers of the customer",
        compute="_compute_telecom_is_limited",
        compute_sudo=True,
        help="Told by the rights of the contact. Such portal users see no invoices of "
        "the customer.",
    )

    def _compute_telecom_is_limited(self) -> None:
        rights = self.env["telecom.portal.right"].search(
            [("partner_id", "in", self.partner_id.ids), ("is_limited", "=", True)]
        )
        for user in self:
            user.telecom_is_limited = (
                user.share and user.partner_id in rights.partner_id
            )

    def _telecom_portal_right(self) -> models.BaseModel:
        """The right of the user's contact, or none: then all is seen."""
        return self.env["telecom.portal.right"]._of(self.sudo().partner_id)

    def _telecom_portal_scope(self) -> tuple[int | bool, tuple[int, ...] | None]:
        """Whose telephony the user sees, and which numbers of it.

        :return: (id of the commercial partner or False, None for all its numbers or
            a tuple of ids)
        """
        self.ensure_one()
        payer = self.env["telecom.portal"].with_user(self)._payer()
        return payer.id, self._telecom_portal_right()._scope_ids()

    def _telecom_is_main(self) -> bool:
        """Whether the user says what colleagues see: the customer itself, or named."""
        self.ensure_one()
        partner = self.sudo().partner_id
        right = self._telecom_portal_right()
        is_customer = partner == partner.commercial_partner_id
        return self.share and (right.is_main or (is_customer and not right.is_limited))
