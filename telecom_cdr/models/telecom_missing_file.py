# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

MISSING_STATES = [
    ("missing", "Missing"),
    ("came", "Came"),
    ("waived", "Not expected any more"),
]


class TelecomMissingFile(models.Model):
    """A file that should have come and did not, or a gap in a sequence of them."""

    _name = "telecom.missing.file"
    _description = "Missing File"
    _order = "source_id, day desc, first_number desc, id desc"

    source_id = fields.Many2one(
        "telecom.source", required=True, index=True, ondelete="cascade"
    )
    carrier_id = fields.Many2one(related="source_id.carrier_id", store=True)
    company_id = fields.Many2one(related="source_id.company_id", store=True, index=True)
    day = fields.Date(string="File of", help="The day, or the first of the month.")
    is_month = fields.Boolean(string="By month", readonly=True)
    first_number = fields.Integer(string="From number", aggregator=None)
    last_number = fields.Integer(string="To number", aggregator=None)
    file_count = fields.Integer(
        string="Files", compute="_compute_file_count", help="So many are missing."
    )
    state = fields.Selection(
        MISSING_STATES, required=True, default="missing", readonly=True, index=True
    )
    noticed_at = fields.Datetime(
        string="Noticed", default=fields.Datetime.now, readonly=True
    )
    solved_at = fields.Datetime(string="Solved", readonly=True)
    solved_by_id = fields.Many2one("res.users", string="By", readonly=True)

    @api.depends("first_number", "last_number", "day")
    def _compute_file_count(self):
        for missing in self:
            span = missing.last_number - missing.first_number + 1
            missing.file_count = 1 if missing.day else span

    @api.depends("day", "is_month", "first_number", "last_number")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for missing in self:
            missing.display_name = missing._text()

    def _text(self):
        """What is missing, in a few words."""
        if self.day:
            # A month is written as a number: it needs no table of names.
            day = fields.Date.to_string(self.day)
            return self.env._("File of %s", day[:7] if self.is_month else day)
        if self.first_number == self.last_number:
            return self.env._("File number %s", self.first_number)
        return self.env._(
            "Files number %(first)s to %(last)s",
            first=self.first_number,
            last=self.last_number,
        )

    def _key(self):
        """What tells it from the others of its source."""
        return (self.day,) if self.day else (self.first_number, self.last_number)

    def action_waive(self):
        """Say that these files will not come: nobody is reminded of them any more."""
        open_ones = self.filtered(lambda one: one.state == "missing")
        open_ones.check_access("write")
        open_ones._solve("waived")
        open_ones.source_id.sudo()._update_missing()

    def action_expect(self):
        """Expect these files after all."""
        waived = self.filtered(lambda one: one.state == "waived")
        waived.check_access("write")
        waived.write({"state": "missing", "solved_at": False, "solved_by_id": False})
        waived.source_id.sudo()._update_missing()

    def _solve(self, state):
        self.write(
            {
                "state": state,
                "solved_at": fields.Datetime.now(),
                "solved_by_id": self.env.uid if state == "waived" else False,
            }
        )
