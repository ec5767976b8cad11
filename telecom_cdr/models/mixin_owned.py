# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class TelecomOwnedMixin(models.AbstractModel):
    """What is given to one owner for a period: a customer, a number, a class...

    A model names in `_owner_fields` the fields of which one says who has it.
    """

    _name = "telecom.owned.mixin"
    _description = "Given for a period"
    _owner_fields = ()

    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", ondelete="cascade"
    )
    number_id = fields.Many2one(
        "telecom.number", index="btree_not_null", ondelete="cascade"
    )
    class_id = fields.Many2one(
        "telecom.customer.class",
        string="Class of customers",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    owner_text = fields.Char(string="Given to", compute="_compute_owner_text")
    date_start = fields.Datetime(string="From", help="Empty: from ever.")
    date_end = fields.Datetime(string="Until", help="Not included.")

    @api.depends(lambda self: self._owner_fields)
    def _compute_owner_text(self):
        for record in self:
            owner = record._owner()[1]
            is_record = isinstance(owner, models.BaseModel)
            record.owner_text = (owner.display_name if is_record else owner) or ""

    def _owner(self):
        """The field that says who has it, and what is in it."""
        filled = (name for name in self._owner_fields if self[name])
        name = next(filled, self._owner_fields[0])
        return name, self[name]

    def _owner_values(self):
        """Who has it, as values to write."""
        name, owner = self._owner()
        return {name: self._fields[name].convert_to_write(owner, self)}
