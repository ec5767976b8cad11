# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..engine.identifiers import EXTRA, NUMBER, PARTNER, REFERENCE, Identifier

FACTS = [
    ("calling_number", "Calling number"),
    ("called_number", "Called number"),
    ("redirecting_number", "Redirecting number"),
    ("account_code", "Account code"),
    ("trunk", "Trunk"),
    ("extra", "Other"),
]
KINDS = [
    ("any", "Any number or code of ours"),
    ("phone", "Phone number"),
    ("extension", "Extension"),
    ("account_code", "Account code"),
    ("sip", "SIP user"),
    ("trunk", "Trunk"),
    ("ip", "IP address"),
    ("customer_code", "Customer code"),
    (REFERENCE, "Customer's reference"),
    (PARTNER, "Customer's id"),
]
DIRECTIONS = [
    ("all", "All"),
    ("from_us", "Outgoing and internal"),
    ("outgoing", "Outgoing"),
    ("incoming", "Incoming"),
    ("internal", "Internal"),
]
# Numbers of ours by what they are called here, where that is no kind itself.
NUMBER_KINDS = {"any": (), "phone": ("landline", "mobile", "intelligent")}
CALLS = {"all": (), "from_us": ("outgoing", "internal")}
# Whose number it is depends on the direction.
OF_NUMBERS = {
    "calling_number": "from_us",
    "redirecting_number": "outgoing",
    "called_number": "incoming",
}
EXTRA_NAME = re.compile(r"[a-z_]{1,40}")


class TelecomSourceIdentifier(models.Model):
    """One thing to look at to find the customer of a source's calls."""

    _name = "telecom.source.identifier"
    _description = "What Tells the Customer"
    _order = "source_id, sequence, id"

    source_id = fields.Many2one(
        "telecom.source", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10)
    fact = fields.Selection(
        FACTS, string="Look at", required=True, default="calling_number"
    )
    extra_name = fields.Char(
        string="Name",
        help="Of the other fact, as the format's columns call it: extension, code.",
    )
    kind = fields.Selection(
        KINDS,
        string="It is",
        required=True,
        default="any",
        help="A reference or id of a customer has no history: a call stays with whom "
        "it was found to be of when it was read. Where codes go from one customer to "
        "another, give them as numbers of the kind 'customer code', with periods. Such "
        "calls have no number: bundles that each number has for itself leave them out.",
    )
    direction = fields.Selection(
        DIRECTIONS,
        string="Of calls",
        required=True,
        compute="_compute_direction",
        store=True,
        readonly=False,
        precompute=True,
    )

    @api.depends("fact")
    def _compute_direction(self):
        for line in self:
            line.direction = OF_NUMBERS.get(line.fact, "all")

    @api.constrains("fact", "extra_name")
    def _check_extra_name(self):
        for line in self.filtered(lambda line: line.fact == "extra"):
            if not EXTRA_NAME.fullmatch(line.extra_name or ""):
                raise ValidationError(
                    self.env._(
                        "'%(found)s' is no name of a fact. Expected: the name that the "
                        "format's column has, small letters and _, such as extension.",
                        found=line.extra_name or "",
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._mark_calls()
        return lines

    def write(self, vals):
        self._mark_calls()
        result = super().write(vals)
        self._mark_calls()
        return result

    def unlink(self):
        self._mark_calls()
        return super().unlink()

    def _mark_calls(self):
        """Calls of these carriers may be of somebody else now."""
        self.env["telecom.rating.mark"]._mark(
            [
                {"company_id": carrier.company_id.id, "carrier_id": carrier.id}
                for carrier in self.source_id.carrier_id
            ]
        )

    def _column(self):
        """What is looked at, as column mappings call it."""
        return f"{EXTRA}{self.extra_name}" if self.fact == "extra" else self.fact

    def _identifier(self):
        """The same as the engine takes it."""
        is_customer = self.kind in (REFERENCE, PARTNER)
        kinds = () if is_customer else NUMBER_KINDS.get(self.kind, (self.kind,))
        return Identifier(
            column=self._column(),
            directions=CALLS.get(self.direction, (self.direction,)),
            kinds=kinds,
            by=self.kind if is_customer else NUMBER,
        )

    @api.model
    def _extra_names(self, company):
        """Names of the other facts that any source of a company looks at."""
        lines = self.sudo().search(
            [("company_id", "=", company.id), ("fact", "=", "extra")]
        )
        return sorted(set(lines.mapped("extra_name")))

    @api.model
    def _orders(self):
        """What sources look at, in their order, and the ids of those of each order."""
        orders = {}
        for source, lines in (
            self.sudo().search(Domain.TRUE).grouped("source_id").items()
        ):
            order = tuple(
                (line.fact, line.extra_name or "", line.direction) for line in lines
            )
            orders.setdefault(order, []).append(source.id)
        return orders
