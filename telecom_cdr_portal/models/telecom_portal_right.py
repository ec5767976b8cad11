# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class TelecomPortalRight(models.Model):
    """What a contact of a customer sees and sets in the portal.

    Who has none sees all of the customer and may set what the company allows.
    """

    _name = "telecom.portal.right"
    _inherit = ["mail.thread"]
    _description = "Right of a Contact in the Portal"
    _order = "commercial_partner_id, partner_id, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        required=True,
        ondelete="cascade",
        tracking=True,
        domain="[('is_company', '=', False)]",
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id",
        string="Customer",
        store=True,
        index=True,
    )
    is_main = fields.Boolean(
        string="Main user",
        tracking=True,
        help="May say what the colleagues see and set.",
    )
    is_limited = fields.Boolean(
        string="Only some numbers",
        compute="_compute_is_limited",
        store=True,
        readonly=False,
        tracking=True,
        help="Sees the numbers below and those of the departments, their calls and "
        "what they drew from bundles; no invoice. With nothing chosen: nothing.",
    )
    department_ids = fields.Many2many(
        "telecom.department",
        string="Departments",
        tracking=True,
        domain="[('partner_id', '=', commercial_partner_id)]",
    )
    number_ids = fields.Many2many(
        "telecom.number",
        string="Numbers",
        tracking=True,
        domain="[('partner_id', 'child_of', commercial_partner_id)]",
    )
    may_change = fields.Boolean(
        string="May change settings",
        default=True,
        tracking=True,
        help="What the company lets customers set, of the numbers that the contact "
        "sees. Orders of bundles are for those who see all.",
    )

    _partner_uniq = models.Constraint(
        "UNIQUE(partner_id)", "This contact has rights already: change those."
    )

    @api.depends("department_ids", "number_ids")
    def _compute_is_limited(self) -> None:
        """Whoever chooses some means only these. That they are gone widens nothing."""
        for right in self:
            chosen = right.department_ids or right.number_ids
            right.is_limited = bool(chosen) or right.is_limited

    # === CHECKS === #

    @api.constrains("partner_id", "department_ids", "number_ids")
    def _check_owner(self) -> None:
        for right in self.sudo():
            payer = right.partner_id.commercial_partner_id
            numbers = right.number_ids.filtered(
                lambda n, payer=payer: n.commercial_partner_id != payer
            )
            departments = right.department_ids.filtered(
                lambda d, payer=payer: d.partner_id.commercial_partner_id != payer
            )
            foreign = [*numbers.mapped("display_name"), *departments.mapped("name")]
            if foreign:
                raise ValidationError(
                    self.env._(
                        "%(names)s: not of %(customer)s, whose contact this is. Take "
                        "it out.",
                        names=", ".join(foreign),
                        customer=payer.name,
                    )
                )

    @api.constrains("partner_id", "is_main", "is_limited")
    def _check_main(self) -> None:
        for right in self:
            if right.is_main and right.is_limited:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a main user, who sees all: take one of the two "
                        "away.",
                        contact=right.partner_id.name,
                    )
                )

    # === CRUD METHODS: who sees invoices is kept in a cache of rules === #

    @api.model_create_multi
    def create(self, vals_list: list[dict]) -> models.BaseModel:
        rights = super().create(vals_list)
        self._forget()
        return rights

    def write(self, vals: dict) -> bool:
        result = super().write(vals)
        self._forget()
        return result

    def unlink(self) -> bool:
        result = super().unlink()
        self._forget()
        return result

    @api.model
    def _forget(self) -> None:
        """Users are limited by what there is now."""
        self.env.registry.clear_cache()
        self.env["res.users"].invalidate_model(["telecom_is_limited"])

    # === WHAT IT MEANS === #

    @api.model
    def _of(self, partner: models.BaseModel) -> models.BaseModel:
        """The right of a contact, or none."""
        return self.sudo().search(Domain("partner_id", "=", partner.id), limit=1)

    def _scope_ids(self) -> tuple[int, ...] | None:
        """Ids of the numbers that the contact sees; None: all of the customer."""
        right = self.sudo().with_context(active_test=False)
        if not right.is_limited:
            return None
        of_departments = self.env["telecom.number"].sudo()
        if right.department_ids:
            of_departments = of_departments.search(
                Domain("department_id", "in", right.department_ids.ids)
            )
        return tuple(sorted({*right.number_ids.ids, *of_departments.ids}))

    def _words(self) -> str:
        """What the contact sees, as words."""
        if not self.is_limited:
            main = self.env._("everything, and the rights of colleagues")
            return main if self.is_main else self.env._("everything")
        right = self.sudo()
        names = [*right.department_ids.mapped("name")]
        names += right.number_ids.mapped("display_name")
        return ", ".join(names) or self.env._("nothing")
