# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..engine.identifiers import CustomerTable, Search


class TelecomSourceIdentifiersMixin(models.AbstractModel):
    """How the calls of a source find their customer."""

    _name = "telecom.source.identifiers.mixin"
    _description = "Source: which customer"

    identifier_ids = fields.One2many(
        "telecom.source.identifier",
        "source_id",
        string="Which customer",
        copy=True,
        help="What is looked at to find whose call it is, one after another. Empty: of "
        "outgoing calls the number that forwarded, the calling one, account code and "
        "trunk; of incoming ones the called number.",
    )
    missing_facts = fields.Char(
        compute="_compute_missing_facts",
        help="What is to be looked at, and what the format has no column for.",
    )

    @api.depends(
        "identifier_ids.fact",
        "identifier_ids.extra_name",
        "format_id.column_ids.target",
        "format_id.column_ids.extra_name",
    )
    def _compute_missing_facts(self):
        for source in self:
            mapped = {line._key() for line in source.format_id.column_ids}
            asked = dict.fromkeys(line._column() for line in source.identifier_ids)
            source.missing_facts = ", ".join(asked.keys() - mapped) or False

    def _search_order(self, customers: CustomerTable | None) -> Search:
        """The order of this source as the engine takes it."""
        lines = self.identifier_ids.sorted()
        return Search(tuple(line._identifier() for line in lines), customers)
