# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.telecom_cdr.models.reading_messages import worded
from odoo.addons.telecom_cdr.parsers.exceptions import FormatError

from ..parsers.charges import SHARED_KEYS, ChargeSpec

OWN_KEYS = ("kind_words", "kind_default", "is_amount_optional")


class TelecomFormat(models.Model):
    _inherit = "telecom.format"

    file_type = fields.Selection(
        selection_add=[("fixed_fee", "Fixed fees")],
        ondelete={"fixed_fee": "set default"},
    )
    kind_words = fields.Text(
        string="Words for kinds",
        default="{}",
        help="What the file writes for recurring, one_off and credit, as JSON: "
        '{"CUOTA": "recurring", "ALTA": "one_off", "ABONO": "credit"}. Usual English '
        "words and letters are known.",
    )
    kind_default = fields.Selection(
        [("recurring", "Recurring"), ("one_off", "One-off")],
        string="Kind otherwise",
        help="Of charges whose kind the file does not tell; negative ones are credits.",
    )

    is_amount_optional = fields.Boolean(
        string="Rows may have no amount",
        help="Their cost comes from the carrier's wholesale fixed-fee tariff.",
    )

    def _charge_definition(self):
        """The definition of a file of charges, as its parser takes it."""
        self.ensure_one()
        definition = super()._definition()
        words = self._kind_words()
        return {
            **{key: definition[key] for key in SHARED_KEYS},
            "column_mapping": definition["column_mapping"],
            "kind_words": words,
            "kind_default": self.kind_default or "",
            "is_amount_optional": self.is_amount_optional,
        }

    def _kind_words(self):
        try:
            return json.loads(self.kind_words or "{}")
        except ValueError as error:
            raise ValidationError(
                self.env._("The words for kinds are not JSON: %(error)s.", error=error)
            ) from error

    def _charge_spec(self):
        return ChargeSpec.from_dict(self._charge_definition())

    @api.constrains("file_type", *SHARED_KEYS, "column_mapping", *OWN_KEYS)
    def _check_charge_definition(self):
        for format_ in self.filtered(lambda f: f.file_type == "fixed_fee"):
            try:
                format_._charge_spec()
            except FormatError as error:
                raise ValidationError(
                    self.env._(
                        "Format %(name)s: %(error)s",
                        name=format_.name,
                        error=worded(self.env, error.wording),
                    )
                ) from error

    @api.constrains("file_type")
    def _check_sources_of_file_type(self):
        self.source_ids._check_file_type_of_format()

    # === EXPORT AND IMPORT === #

    def _definition(self):
        definition = super()._definition()
        if self.file_type != "fixed_fee":
            return definition
        return {
            **definition,
            "file_type": "fixed_fee",
            "kind_words": self._kind_words(),
            "kind_default": self.kind_default or "",
            "is_amount_optional": self.is_amount_optional,
        }

    @api.model
    def _import_definition(self, text):
        """A format of charges has keys of its own, which become defaults here."""
        try:
            definition = json.loads(text)
            is_ours = definition.get("file_type") == "fixed_fee"
        except (ValueError, AttributeError):
            is_ours = False
        if not is_ours:
            return super()._import_definition(text)
        defaults = {
            "default_file_type": definition.pop("file_type"),
            "default_kind_words": json.dumps(definition.pop("kind_words", {})),
            "default_kind_default": definition.pop("kind_default", False) or False,
            "default_is_amount_optional": definition.pop("is_amount_optional", False),
        }
        importer = self.with_context(**defaults)
        return super(TelecomFormat, importer)._import_definition(json.dumps(definition))
