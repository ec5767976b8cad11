# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pandas as pd

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..parsers import numbering

# From so many digits on a text is searched as a part of a number.
SEARCHED_DIGITS = 3
PHONE_KINDS = ("landline", "mobile", "intelligent")
NUMBER_KINDS = [
    ("landline", "Landline"),
    ("mobile", "Mobile"),
    ("intelligent", "Intelligent network"),
    ("extension", "Extension"),
    ("account_code", "Account code"),
    ("trunk", "Trunk"),
    ("ip", "IP address"),
    ("sip", "SIP user"),
    ("customer_code", "Customer code"),
]
NUMBER_STATES = [
    ("stock", "In stock"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("ended", "Ended"),
]
# What decides who pays for a call, or at which price.
RATING_FIELDS = {
    "number",
    "kind",
    "carrier_id",
    "partner_id",
    "department_id",
    "date_start",
    "date_end",
}


class TelecomNumber(models.Model):
    """A number or other identifier, held by one customer for a period."""

    _name = "telecom.number"
    _description = "Telecom Number"
    _inherit = [
        "mail.thread",
        "analytic.mixin",
        "telecom.used.mixin",
        "telecom.number.codes.mixin",
        "telecom.number.limit.mixin",
        "telecom.number.payer.mixin",
    ]
    _rec_name = "number"
    _order = "number, date_start desc, id desc"
    _check_company_auto = True

    number = fields.Char(
        required=True,
        tracking=True,
        help="Phone numbers in international form (+34600000001); extensions, "
        "codes, addresses and user names as the carrier's files write them. Several "
        "customer codes, separated by blanks, are one entry.",
    )
    kind = fields.Selection(
        NUMBER_KINDS, required=True, default="landline", tracking=True
    )
    carrier_id = fields.Many2one(
        "telecom.carrier",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    scope_id = fields.Integer(
        compute="_compute_scope_id",
        store=True,
        help="The carrier inside which the identifier is unique; 0: the world.",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        index="btree_not_null",
        tracking=True,
        ondelete="restrict",
        help="Who holds the number in this period. Empty: in stock.",
    )
    commercial_partner_id = fields.Many2one(
        related="partner_id.commercial_partner_id", string="Paid by"
    )
    department_id = fields.Many2one(
        "telecom.department",
        index="btree_not_null",
        check_company=True,
        domain="[('partner_id', '=', commercial_partner_id)]",
    )
    contract_reference = fields.Char(
        tracking=True,
        help="The customer's reference, such as a contract or order: invoices may be "
        "one for each, and carry it as their reference.",
    )
    date_start = fields.Datetime(string="From", tracking=True, help="Empty: from ever.")
    date_end = fields.Datetime(
        string="Until", tracking=True, help="Not included. Empty: still running."
    )
    is_suspended = fields.Boolean(string="Suspended", tracking=True)
    state = fields.Selection(
        NUMBER_STATES, compute="_compute_state", search="_search_state"
    )
    tariff_id = fields.Many2one(
        "telecom.tariff",
        compute="_compute_tariff_id",
        inverse="_inverse_tariff_id",
        search="_search_tariff_id",
        help="Its own tariff, before the customer's. Changing it ends the present "
        "assignment now and starts the next; a first one counts from ever.",
    )
    assignment_ids = fields.One2many("telecom.tariff.assignment", "number_id")
    label = fields.Char(help="What the customer calls it: reception, fax, Ann.")

    _period_order = models.Constraint(
        "CHECK(date_end > date_start)",
        "A number's period must end after it starts.",
    )
    # Phone numbers exist once in the world, an extension once in each PBX.
    _period_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, scope_id WITH =, number WITH =,"
        " tsrange(date_start, date_end) WITH &&)",
        "This number is already held by somebody in a part of this period. "
        "End the other period first.",
    )

    @api.depends("kind", "carrier_id")
    def _compute_scope_id(self):
        for number in self:
            is_phone = number.kind in PHONE_KINDS
            number.scope_id = 0 if is_phone else number.carrier_id.id

    @api.depends("partner_id", "date_start", "date_end", "is_suspended")
    def _compute_state(self):
        now = fields.Datetime.now()
        for number in self:
            if number.date_end and number.date_end <= now:
                number.state = "ended"
            elif not number.partner_id:
                number.state = "stock"
            else:
                number.state = "suspended" if number.is_suspended else "active"

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain.OR(self._state_domain(state) for state in value)

    @api.model
    def _state_domain(self, state):
        now = fields.Datetime.now()
        ended = Domain("date_end", "!=", False) & Domain("date_end", "<=", now)
        return {
            "ended": ended,
            "stock": ~ended & Domain("partner_id", "=", False),
            "suspended": ~ended
            & Domain("partner_id", "!=", False)
            & Domain("is_suspended", "=", True),
            "active": ~ended
            & Domain("partner_id", "!=", False)
            & Domain("is_suspended", "=", False),
        }.get(state, Domain.FALSE)

    def _field_to_sql(self, alias, field_expr, query=None):
        """Let lists group by the state, which the clock decides."""
        if field_expr != "state":
            return super()._field_to_sql(alias, field_expr, query)
        return SQL(
            "CASE WHEN %(end)s <= (now() AT TIME ZONE 'UTC') THEN 'ended'"
            " WHEN %(partner)s IS NULL THEN 'stock'"
            " WHEN %(suspended)s THEN 'suspended' ELSE 'active' END",
            end=SQL.identifier(alias, "date_end"),
            partner=SQL.identifier(alias, "partner_id"),
            suspended=SQL.identifier(alias, "is_suspended"),
        )

    @api.depends_context("company")
    @api.depends("assignment_ids.tariff_id")
    def _compute_tariff_id(self):
        present = self.env["telecom.tariff.assignment"]._present("number_id", self.ids)
        for number in self:
            number.tariff_id = present.get(number.id)

    def _inverse_tariff_id(self):
        for number in self:
            self.env["telecom.tariff.assignment"]._assign(
                {"number_id": number.id}, number.tariff_id
            )

    def _search_tariff_id(self, operator, value):
        return self.env["telecom.tariff.assignment"]._search_owners(
            "number_id", operator, value
        )

    @api.depends("number", "label")
    def _compute_display_name(self):
        for number in self:
            text = numbering.format_international(number.number or "")
            number.display_name = f"{text} ({number.label})" if number.label else text

    @api.model
    def _search_display_name(self, operator, value):
        """Find a number in any spelling: 600000001, 0034 600…, a part of it."""
        if operator == "in":
            return Domain.OR(self._named(text) for text in value)
        if operator not in ("ilike", "like") or not isinstance(value, str):
            return super()._search_display_name(operator, value)
        digits = "".join(char for char in value if char.isdigit())
        domain = Domain("number", "ilike", value) | Domain("label", "ilike", value)
        if len(digits) >= SEARCHED_DIGITS:
            domain |= Domain("number", "ilike", digits.removeprefix("00"))
        return domain

    @api.model
    def _named(self, text):
        """Domain of the numbers that are written so, in whatever spelling."""
        digits = "".join(char for char in str(text or "") if char.isdigit())
        domain = Domain("number", "=", text) | Domain("label", "=", text)
        if digits:
            domain |= Domain("number", "=", f"+{digits.removeprefix('00')}")
        return domain

    @api.constrains("department_id", "partner_id")
    def _check_department(self):
        for number in self:
            owner = number.department_id.partner_id.commercial_partner_id
            if number.department_id and owner != number.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "Department %(department)s belongs to %(owner)s, not to the "
                        "holder of %(number)s.",
                        department=number.department_id.name,
                        owner=owner.display_name,
                        number=number.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model()  # an ended period must be free before the next is added
        for vals in vals_list:
            vals.update(self._normalised(vals))
        numbers = super().create(vals_list)
        numbers._mark_for_rating()
        return numbers

    def write(self, vals):
        if not RATING_FIELDS & vals.keys():
            return super().write(vals)
        self._mark_for_rating()
        for number in self:
            number._write_normalised(vals)
        self._mark_for_rating()
        return True

    def unlink(self):
        self._mark_for_rating()
        return super().unlink()

    def _write_normalised(self, vals):
        known = {"kind": self.kind, "carrier_id": self.carrier_id.id}
        if vals.keys() & {"number", "kind", "carrier_id"}:
            known["number"] = self.number
            vals = {**vals, **self._normalised({**known, **vals})}
        return super().write(vals)

    @api.model
    def _normalised(self, vals):
        """The number as calls will have it."""
        text = (vals.get("number") or "").strip()
        kind = vals.get("kind", "landline")
        if kind == "customer_code":
            return {"number": " ".join(dict.fromkeys(text.split()))}
        if not text or kind not in PHONE_KINDS:
            return {"number": text}
        carrier = self.env["telecom.carrier"].browse(vals.get("carrier_id"))
        country = carrier.country_id.code or self.env.company.country_id.code
        number = numbering.normalise(pd.Series([text]), country or "ES").iloc[0]
        if not isinstance(number, str) or not number.startswith("+"):
            raise ValidationError(
                self.env._(
                    "'%(number)s' is not a phone number of %(country)s. Write it in "
                    "international form (+34…), or choose another kind.",
                    number=text,
                    country=carrier.country_id.name or country,
                )
            )
        return {"number": number}

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark(
            [
                {
                    "company_id": number.company_id.id,
                    "number": identifier,
                    "date_start": number.date_start,
                    "date_end": number.date_end,
                }
                for number in self
                for identifier in number._identifiers()
            ]
        )

    def action_open_calls(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = [("number_id", "=", self.id)]
        action["context"] = {}
        return action
