# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import io

from odoo import models

from odoo.addons.telecom_cdr.parsers.exceptions import ParserError

from ..parsers.charges import preview

SHOWN_FACTS = (
    "line_number",
    "reference",
    "product_code",
    "description",
    "kind",
    "period_from",
    "period_to",
    "quantity",
    "total",
)
LIMIT = 20


class TelecomFormatPreview(models.TransientModel):
    _inherit = "telecom.format.preview"

    def _render(self):
        """Charges are shown by their own reader."""
        if self.format_id.file_type != "fixed_fee":
            return super()._render()
        data = base64.b64decode(self.with_context(bin_size=False).sample)
        currency = (self.carrier_id or self.env.company).currency_id.name
        try:
            columns, rows, batch = preview(
                io.BytesIO(data), self.format_id._charge_spec(), currency, LIMIT
            )
        except ParserError as error:
            return self._render_error(error)
        return self.env["ir.qweb"]._render(
            "telecom_cdr.format_preview",
            {
                "columns": columns,
                "raw_rows": rows,
                "fact_names": self._charge_fact_names(),
                "facts": [self._charge_facts(charge) for charge in batch.charges],
                "rejections": self._told(map(vars, batch.rejections)),
            },
        )

    def _charge_fact_names(self):
        """Label by name of the facts that the preview shows."""
        fields = self.env["telecom.charge"]._fields
        labels = {
            name: fields[name].get_description(self.env)["string"]
            for name in SHOWN_FACTS
            if name in fields
        }
        return {name: labels.get(name) or self.env._("Total") for name in SHOWN_FACTS}

    def _charge_facts(self, charge):
        kinds = dict(
            self.env["telecom.charge"]._fields["kind"]._description_selection(self.env)
        )
        facts = {name: getattr(charge, name) for name in SHOWN_FACTS}
        return {**facts, "kind": kinds[charge.kind]}
