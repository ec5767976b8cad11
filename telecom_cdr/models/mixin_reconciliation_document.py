# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64

from odoo import models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date, formatLang

from ..parsers import numbering
from .durations import hms
from .reconciliation_export import difference_rows, write_csv, write_xlsx

# Of each kind; the tables beside it have all of them.
PRINTED_ROWS = 1_000
AMOUNT_DIGITS = 9
MIME_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class TelecomReconciliationDocumentMixin(models.AbstractModel):
    """What is sent to the carrier: a letter with the figures, and the calls."""

    _name = "telecom.reconciliation.document.mixin"
    _description = "Document for a Carrier"

    def _document_lang(self):
        return self.carrier_id.partner_id.lang or self.env.lang

    def _document_name(self):
        return f"{self.display_name}".replace("/", "-").strip() or "reconciliation"

    def _column_labels(self):
        return {
            "kind": self.env._("What differs"),
            "reference": self.env._("Our reference"),
            "line": self.env._("Line of your file"),
            "date": self.env._("Date"),
            "time": self.env._("Time of day"),
            "calling": self.env._("From"),
            "called": self.env._("To"),
            "seconds_theirs": self.env._("Your seconds"),
            "seconds_ours": self.env._("Our seconds"),
            "theirs": self.env._("Your amount"),
            "ours": self.env._("Our amount"),
            "difference": self.env._("Difference"),
        }

    def _kind_labels(self):
        """Kinds of differences, as the carrier reads them."""
        return {
            "missing": self.env._("Calls that we have and you do not tell of"),
            "extra": self.env._("Calls that you tell of and we do not have"),
            "duration": self.env._("Calls of another duration"),
            "price": self.env._("Calls of another price"),
        }

    # === TABLES === #

    def action_download_csv(self):
        return self._download("csv")

    def action_download_xlsx(self):
        return self._download("xlsx")

    def _download(self, kind):
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._attach_table(kind).id}?download=true",
            "target": "self",
        }

    def _attach_table(self, kind):
        """The table of all calls that differ, as it is now, to be downloaded."""
        self.ensure_one()
        self.check_access("read")
        name, raw = self._named_table(kind)
        attachments = self.env["ir.attachment"].sudo()
        place = {"res_model": self._name, "res_id": self.id, "name": name}
        found = attachments.search([(key, "=", place[key]) for key in place], limit=1)
        if found:
            found.raw = raw
            return found
        return attachments.create({**place, "raw": raw, "mimetype": MIME_TYPES[kind]})

    def _named_table(self, kind):
        """Name and bytes of the table, in the language of the carrier."""
        one = self.with_context(lang=self._document_lang())
        return f"{one._document_name()}.{kind}", one._written(kind)

    def _written(self, kind):
        rows = difference_rows(self)
        labels, kinds = self._column_labels(), self._kind_labels()
        if kind == "csv":
            return write_csv(rows, labels, kinds)
        return write_xlsx(self._summary_cells(), rows, labels, kinds)

    def _summary_cells(self):
        """Counts and amounts by kind, under their labels."""
        labels = self._column_labels()
        names = ("theirs", "ours", "difference")
        head = [
            self.display_name,
            self.env._("Calls"),
            *(f"{labels[name]} ({self.currency_id.name})" for name in names),
        ]
        kinds = self._kind_labels()
        return [
            head,
            *(
                [kinds[kind], count, *(float(one) for one in amounts)]
                for kind, count, *amounts in self._kind_sums()
            ),
        ]

    def _kind_sums(self):
        """Kind, calls, their amount, ours, difference; those without calls left out."""
        groups = self.env["telecom.file.difference"]._read_group(
            self._differences_domain(),
            ["kind"],
            ["__count", "amount_theirs:sum", "amount_ours:sum"],
            order="kind",
        )
        sums = []
        for kind, count, *amounts in groups:
            theirs, ours = (round(one or 0, AMOUNT_DIGITS) for one in amounts)
            sums.append(
                (kind, count, theirs, ours, round(theirs - ours, AMOUNT_DIGITS))
            )
        return sums

    # === LETTER === #

    def _letter(self):
        """The calls that differ, worded and by kind, for the report."""
        kinds = self._kind_labels()
        return [
            {
                "kind": kind,
                "name": kinds[kind],
                "count": count,
                "amounts": [self._money(one) for one in amounts],
                "rows": [self._letter_row(row) for row in self._printed(kind)],
                "more": max(count - PRINTED_ROWS, 0),
            }
            for kind, count, *amounts in self._kind_sums()
        ]

    def _printed(self, kind):
        return list(difference_rows(self, kind, PRINTED_ROWS))

    def _letter_row(self, row):
        amounts = ("theirs", "ours", "difference")
        line = self.env._("line %s", row["line"]) if row["line"] else ""
        return {
            **row,
            "reference": row["reference"] or line,
            "day": format_date(self.env, row["date"]),
            "calling": numbering.format_international(row["calling"] or "")
            or self.env._("Withheld"),
            "called": numbering.format_international(row["called"] or ""),
            **{name: self._seconds(row[name]) for name in row if "seconds" in name},
            **{name: self._money(row[name]) for name in amounts},
        }

    def _seconds(self, seconds):
        return "" if seconds is None else hms(seconds)

    def _money(self, amount):
        """With as many decimals as it has: a call may cost 0.0034."""
        if amount is None:
            return ""
        text = f"{amount:.{AMOUNT_DIGITS}f}".rstrip("0").partition(".")[2]
        digits = max(len(text), self.currency_id.decimal_places)
        return formatLang(self.env, float(amount), digits=digits)

    def _figures(self):
        """The figures of the period for the letter: label, their amount, ours."""
        return [
            (self.env._("Calls"), self.bill_amount, self._expected_amount()),
            *(
                [(self.env._("Other"), self.bill_other_amount, self.other_amount)]
                if self.other_ids
                else []
            ),
        ]

    def _expected_amount(self):
        """What the calls should cost: as we reckon it, else as the files say."""
        return self.rated_amount if self.rated_count else self.imported_amount

    # === SENDING === #

    def _process_attachments_for_template_post(self, mail_template):
        """The table goes with the letter that the template makes."""
        tables = {one.id: one._named_table("xlsx") for one in self}
        return {
            id_: {"attachments": [(name, base64.b64encode(raw))]}
            for id_, (name, raw) in tables.items()
        }

    def action_send(self):
        """Write to the carrier, with letter and table attached."""
        self.ensure_one()
        self.check_access("write")
        if not self.carrier_id.partner_id:
            raise UserError(
                self.env._(
                    "Choose on the carrier %s who sends its bills: that is whom "
                    "the message is for.",
                    self.carrier_id.display_name,
                )
            )
        template = self.env.ref("telecom_cdr.mail_template_reconciliation")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write to the carrier"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": template.id,
                "default_composition_mode": "comment",
                "force_email": True,
            },
        }
