# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

import pandas as pd

from odoo import models

# Field of a column -> fact, where that has another name; "" where it is no fact.
FACT_OF = {
    "start": "start_at",
    "carrier_amount": "carrier_amount_nano",
    "utc_offset": "",
    "time_zone": "",
    "duration_unit": "",
}
IN_EXTRA = ("answer", "end", "disposition")


class TelecomFormatWalkthroughMixin(models.AbstractModel):
    """Each row of a sample: its cells, what the steps make of them, the facts."""

    _name = "telecom.format.walkthrough.mixin"
    _description = "Preview: rows through their steps"

    def _walked(self, rows, facts, rejections):
        """What is to be shown of the first rows, as plain values.

        :param rows: `walkthrough.ShownRow`
        :param facts: records of facts as they are read, in the order of the file
        :param rejections: records of rejections, with messages
        """
        labels = self._field_labels()
        read = self._by_line(facts)
        refused = self._by_line(rejections)
        shown = []
        for row in rows:
            messages = [one["message"] for one in refused.get(row.line, [])]
            left = read.get(row.line, [])
            # Of several calls in a row that are not all good, none can be told apart.
            fact = left.pop(0) if left and not messages else None
            fields = [
                self._walked_field(labels, name, way, fact)
                for name, way in row.ways.items()
            ]
            shown.append(
                {
                    "line": row.line,
                    "messages": messages,
                    "is_read": bool(fact),
                    "fields": fields,
                }
            )
        return shown

    def _by_line(self, records):
        found = {}
        for record in records:
            found.setdefault(int(record["line_number"]), []).append(record)
        return found

    def _field_labels(self):
        column = self.env["telecom.format.column"]
        return dict(column._fields["target"]._description_selection(self.env))

    def _walked_field(self, labels, name, way, fact):
        """A field of one row: its label, cell, steps and fact."""
        (_words, cell), *steps = way
        return {
            "label": labels.get(name) or name.removeprefix("extra."),
            "cell": cell,
            "steps": [{"words": words, "cell": made} for words, made in steps],
            "fact": self._walked_fact(name, fact),
        }

    def _walked_fact(self, name, fact):
        """A fact as people read it, empty where there is none."""
        if not fact:
            return ""
        if name.startswith("extra.") or name in IN_EXTRA:
            extra = json.loads(fact.get("extra") or "{}")
            return str(extra.get(name.removeprefix("extra."), ""))
        name = FACT_OF.get(name, name)
        texts = self._fact_texts(fact)
        value = texts.get(name, fact.get(name))
        return "" if value is None or pd.isna(value) else str(value)
