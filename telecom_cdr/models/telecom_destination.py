# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

CATEGORIES = [
    ("landline", "Landline"),
    ("mobile", "Mobile"),
    ("intelligent", "Intelligent network"),
    ("premium", "Premium"),
    ("short", "Short code"),
    ("international", "International"),
    ("internal", "Internal"),
    ("other", "Other"),
]
SEPARATORS = " .-/()\u00a0"
# What decides which category a call has, or whether it goes there at all.
RATING_FIELDS = {"active", "company_id", "country_id", "category"}


class TelecomDestination(models.Model):
    """A named place to call."""

    _name = "telecom.destination"
    _description = "Telecom Destination"
    _inherit = ["mail.thread", "telecom.used.mixin"]
    _order = "name, id"

    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: the same for all companies."
    )
    country_id = fields.Many2one("res.country", index=True)
    category = fields.Selection(
        CATEGORIES,
        required=True,
        default="landline",
        tracking=True,
        help="The class of the called number as seen from the company's country.",
    )
    prefix_ids = fields.One2many("telecom.prefix", "destination_id")
    prefix_text = fields.Char(
        string="Prefixes",
        compute="_compute_prefix_text",
        inverse="_inverse_prefix_text",
    )
    never_itemised = fields.Boolean(
        tracking=True,
        help="Calls to it appear on no bill, annex, portal page or export, "
        "as the law wants for help lines.",
    )

    def write(self, vals):
        if not RATING_FIELDS & vals.keys():
            return super().write(vals)
        self._mark_for_rating()
        result = super().write(vals)
        self._mark_for_rating()
        return result

    def _mark_for_rating(self):
        """Have the calls rated again that go to it, or might."""
        self.env["telecom.rating.mark"]._mark(
            [
                {"company_id": one.company_id.id, "destination_id": one.id}
                for one in self
            ]
        )

    @api.depends("prefix_ids.prefix")
    def _compute_prefix_text(self):
        for destination in self:
            destination.prefix_text = ", ".join(destination.prefix_ids.mapped("prefix"))

    def _inverse_prefix_text(self):
        for destination in self:
            wanted = destination._normalised_prefixes(destination.prefix_text or "")
            kept = destination.prefix_ids.filtered(lambda p, w=wanted: p.prefix in w)
            (destination.prefix_ids - kept).unlink()
            missing = [p for p in wanted if p not in set(kept.mapped("prefix"))]
            self.env["telecom.prefix"].create(
                [
                    # Normalised already: the sign keeps it from being read again.
                    {"destination_id": destination.id, "prefix": f"+{p}"}
                    for p in missing
                ]
            )
        self.invalidate_recordset(["prefix_text"])

    def _normalised_prefixes(self, text):
        """The prefixes in a text, in order and once each: "6, 7" -> ["346", "347"]."""
        pieces = text.replace(";", ",").replace("\n", ",").split(",")
        prefixes = [self._normalised_prefix(p) for p in pieces if p.strip()]
        return list(dict.fromkeys(prefixes))

    def _normalised_prefix(self, text):
        """Digits with the country code: 6 -> 346, 0034900 -> 34900, +44 -> 44.

        Digits without + or 00 are national where the destination has a country
        (or a national category): they get its code unless they begin with it.
        """
        text = text.strip()
        digits = "".join(char for char in text if char not in SEPARATORS)
        bare = digits.removeprefix("+")
        if not (bare.isascii() and bare.isdecimal()):
            return text  # no prefix at all: refused as it was typed
        if digits.startswith("+"):
            return digits[1:]
        if digits.startswith("00"):
            return digits[2:]
        code = str(self._national_country().phone_code or "")
        return digits if digits.startswith(code) else code + digits

    def _national_country(self):
        if self.country_id or self.category in ("international", "other"):
            return self.country_id
        return (self.company_id or self.env.company).country_id
