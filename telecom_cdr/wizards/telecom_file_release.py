# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from itertools import islice

import pandas as pd

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.identity import KeyCounter, identities
from ..models.call_import import CHUNK, CallImport
from ..models.call_table import known_calls
from ..models.mixin_file_release import RELEASES
from ..parsers.exceptions import ParserError
from ..parsers.reader import read

# So many chunks of a held file are looked at before it is released.
LOOKED_AT = 4


class TelecomFileRelease(models.TransientModel):
    """Asks what a held file is, beside the file that it may repeat."""

    _name = "telecom.file.release"
    _description = "Release Held Files"

    file_ids = fields.Many2many("telecom.file", string="Held files", required=True)
    kind = fields.Selection(
        RELEASES, string="What is it?", required=True, default="known"
    )
    reason = fields.Char(
        string="Why", help="It is kept with the file: who reads the bill may ask."
    )
    is_single = fields.Boolean(string="A single one", compute="_compute_files")
    file_id = fields.Many2one("telecom.file", compute="_compute_files")
    known_file_id = fields.Many2one("telecom.file", compute="_compute_files")
    name = fields.Char(related="file_id.name", string="Name")
    hold_reason = fields.Char(related="file_id.hold_reason")
    received_at = fields.Datetime(related="file_id.create_date", string="Received")
    size = fields.Integer(related="file_id.content_size", string="Size")
    row_count = fields.Integer(string="Rows", compute="_compute_contents")
    date_first = fields.Date(string="First day", compute="_compute_contents")
    date_last = fields.Date(string="Last day", compute="_compute_contents")
    known_calls_text = fields.Char(string="Calls", compute="_compute_contents")
    known_name = fields.Char(related="known_file_id.name", string="Its name")
    known_received_at = fields.Datetime(
        related="known_file_id.create_date", string="Was received"
    )
    known_size = fields.Integer(related="known_file_id.content_size", string="Its size")
    known_row_count = fields.Integer(
        related="known_file_id.row_count", string="Its rows"
    )
    known_date_first = fields.Date(
        related="known_file_id.date_first", string="Its first day"
    )
    known_date_last = fields.Date(
        related="known_file_id.date_last", string="Its last day"
    )
    known_call_count = fields.Integer(
        related="known_file_id.call_count", string="Its calls"
    )
    known_state = fields.Selection(related="known_file_id.state", string="It is")

    @api.depends("file_ids")
    def _compute_files(self):
        for wizard in self:
            wizard.is_single = len(wizard.file_ids) == 1
            wizard.file_id = wizard.file_ids[:1]._origin
            repeated = wizard.file_id.repeated_file_ids
            processed = repeated.filtered(lambda file: file.state == "processed")
            wizard.known_file_id = (processed or repeated)[:1]

    @api.depends("file_ids")
    def _compute_contents(self):
        for wizard in self:
            contents = wizard._contents() if wizard.is_single else {}
            for name in ("row_count", "date_first", "date_last", "known_calls_text"):
                wizard[name] = contents.get(name, False)

    def _contents(self):
        """What a held usage file holds, read but not priced."""
        file = self.file_id
        if file.file_type != "usage" or not file.content_size:
            return {}
        try:
            with file._open() as stream:
                return self._counted(CallImport(file), stream)
        except ParserError:
            return {}

    def _counted(self, reading, stream):
        """Rows, days and known calls of a file."""
        rows, calls, known, days, counter = 0, 0, 0, [], KeyCounter()
        batches = read(stream, reading.spec, reading.context, None, CHUNK)
        for batch in islice(batches, LOOKED_AT):
            facts = batch.facts
            keys = identities(
                facts, reading.carrier.id, reading.secret, reading.is_unique, counter
            )
            rows, calls = rows + batch.rows, calls + len(facts)
            known += len(known_calls(self.env, keys["identity"]))
            days += [facts["start_local"].min(), facts["start_local"].max()]
        days = [day.date() for day in days if not pd.isna(day)]
        is_whole = next(batches, None) is None
        return {
            "row_count": rows,
            "date_first": min(days, default=False),
            "date_last": max(days, default=False),
            "known_calls_text": self._calls_text(calls, known, is_whole),
        }

    def _calls_text(self, calls, known, is_whole):
        if is_whole:
            return self.env._(
                "%(count)s, of which %(known)s are known", count=calls, known=known
            )
        return self.env._(
            "%(known)s of the first %(count)s are known", count=calls, known=known
        )

    def action_release(self):
        """Release the files as what the person says they are."""
        self.ensure_one()
        if self.kind == "new" and not (self.reason or "").strip():
            raise UserError(
                self.env._(
                    "Say why these are new charges: their calls are billed beside the "
                    "known ones."
                )
            )
        self.file_ids._release(self.kind, self.reason)
        return {"type": "ir.actions.act_window_close"}
