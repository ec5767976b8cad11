# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import Self

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.telecom_cdr.models.telecom_destination import CATEGORIES

from .block_rules import Block, blocking

KINDS = [
    ("category", "Category"),
    ("destination", "Destination"),
    ("prefix", "Prefix"),
]
PREFIX_DIGITS = 15


class TelecomBlock(models.Model):
    """Where a customer, or one of its numbers, may not call."""

    _name = "telecom.block"
    _description = "Blocked Destination"
    _inherit = ["mail.thread", "telecom.block.owner.mixin"]
    _order = "partner_id, number_id, kind, id"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    active = fields.Boolean(default=True, tracking=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        index="btree_not_null",
        tracking=True,
        ondelete="cascade",
        help="Empty: all customers of the company.",
    )
    number_id = fields.Many2one(
        "telecom.number",
        index="btree_not_null",
        tracking=True,
        check_company=True,
        ondelete="cascade",
        domain="[('partner_id.commercial_partner_id', '=', partner_id)]",
        help="Empty: all numbers of the customer.",
    )
    kind = fields.Selection(KINDS, required=True, default="category", tracking=True)
    category = fields.Selection(CATEGORIES, tracking=True)
    destination_id = fields.Many2one(
        "telecom.destination", tracking=True, check_company=True, ondelete="cascade"
    )
    prefix = fields.Char(
        tracking=True,
        help="With + and the country code for international numbers alone (+1); digits "
        "without + stop short numbers that begin so, too.",
    )
    note = fields.Char(string="Reason", tracking=True)
    owner_text = fields.Char(string="Who", compute="_compute_owner_text")

    @api.depends("kind", "category", "destination_id", "prefix")
    def _compute_display_name(self) -> None:
        categories = dict(self._fields["category"]._description_selection(self.env))
        for block in self:
            names = {
                "category": categories.get(block.category),
                "destination": block.destination_id.name,
                "prefix": block.prefix,
            }
            block.display_name = names.get(block.kind) or ""

    @api.depends("partner_id", "number_id")
    def _compute_owner_text(self) -> None:
        for block in self:
            owner = block.number_id or block.partner_id
            block.owner_text = owner.display_name or self.env._("All customers")

    @api.constrains("kind", "category", "destination_id", "prefix")
    def _check_target(self) -> None:
        for block in self:
            name = "destination_id" if block.kind == "destination" else block.kind
            if not block[name]:
                raise ValidationError(
                    self.env._(
                        "Say what is blocked: the field '%s' is empty.",
                        self._fields[name]._description_string(self.env),
                    )
                )

    @api.constrains("prefix")
    def _check_prefix(self) -> None:
        for block in self.filtered("prefix"):
            digits = block.prefix.removeprefix("+")
            is_number = digits.isascii() and digits.isdigit()
            if not is_number or len(digits) > PREFIX_DIGITS:
                raise ValidationError(
                    self.env._(
                        "'%s' is not a prefix: up to 15 digits with the country code, "
                        "and a + before them or not, were expected.",
                        block.prefix,
                    )
                )

    @api.constrains("partner_id", "number_id")
    def _check_owner(self) -> None:
        for block in self.sudo():
            payer = block.partner_id.commercial_partner_id
            if block.partner_id != payer:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is a contact of %(customer)s, who pays for the "
                        "calls: choose %(customer)s, and the number if it is for one "
                        "alone.",
                        contact=block.partner_id.name,
                        customer=payer.name,
                    )
                )
            holder = block.number_id.commercial_partner_id
            if block.number_id and holder != block.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(number)s is not held by %(customer)s.",
                        number=block.number_id.display_name,
                        customer=block.partner_id.display_name
                        or self.env._("this customer"),
                    )
                )

    @api.model
    def _blocks_of(
        self, company: models.BaseModel, partner: models.BaseModel
    ) -> list[Block]:
        """The blocks that a customer's calls are measured by, as plain facts."""
        domain = Domain("company_id", "=", company.id) & Domain(
            "partner_id", "in", [False, partner.id]
        )
        return [block._facts() for block in self.sudo().search(domain)]

    def _facts(self) -> Block:
        return Block(
            id=self.id,
            number_id=self.number_id.id or 0,
            kind=self.kind,
            category=self.category or "",
            destination_id=self.destination_id.id or 0,
            prefix=self.prefix or "",
        )

    @api.model
    def _is_blocked(
        self,
        partner: models.BaseModel,
        number: models.BaseModel,
        called: str,
        prefix: str,
        destination: models.BaseModel,
        category: str,
    ) -> Self:
        """The block that a call falls under, or none.

        :param called: E.164 (+34...) or a short number
        :param prefix: the digits by which the destination was found
        """
        company = number.company_id or self.env.company
        found = blocking(
            self._blocks_of(company, partner.commercial_partner_id),
            number_id=number.id or 0,
            called=called,
            destination_id=destination.id or 0,
            category=category,
        )
        return self.browse(found.id if found else None)
