# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

NIGHT_HOURS = 24


class TelecomOverview(models.AbstractModel):
    """The first look of the day: what came, what waits, which sources work."""

    _name = "telecom.overview"
    _description = "Overview"

    @api.model
    def get_overview(self):
        """All that the screen shows, in the language and by the rights of who asks."""
        self.env["telecom.waiting"].check_access("read")
        return {
            "files": self._files(),
            "waiting": self._waiting(),
            "sources": self._sources(),
            "at": fields.Datetime.to_string(fields.Datetime.now()),
            "hours": NIGHT_HOURS,
        }

    def _files(self):
        """Files of the last hours by what became of them: key, label, count, domain."""
        since = fields.Datetime.now() - timedelta(hours=NIGHT_HOURS)
        came = Domain("create_date", ">=", since)
        came &= Domain("company_id", "in", self.env.companies.ids)
        kinds = [
            ("came", self.env._("Came"), Domain.TRUE),
            ("read", self.env._("Read"), Domain("state", "=", "processed")),
            (
                "waiting",
                self.env._("To be read"),
                Domain("state", "in", ("received", "processing")),
            ),
            ("held", self.env._("Held"), Domain("state", "=", "held")),
            ("failed", self.env._("Failed"), Domain("state", "=", "failed")),
        ]
        files = self.env["telecom.file"]
        tiles = [
            {
                "key": key,
                "label": label,
                "count": files.search_count(came & domain),
                "domain": self._plain(since, key),
            }
            for key, label, domain in kinds
        ]
        missing = self.env["telecom.missing.file"].search(
            [
                ("state", "=", "missing"),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        count = sum(missing.mapped("file_count"))
        label = self.env._("Missing")
        return [*tiles, {"key": "missing", "label": label, "count": count}]

    @api.model
    def _plain(self, since, key):
        """A domain as the web client takes it."""
        states = {
            "read": ["processed"],
            "waiting": ["received", "processing"],
            "held": ["held"],
            "failed": ["failed"],
        }.get(key)
        domain = [["create_date", ">=", fields.Datetime.to_string(since)]]
        return [*domain, ["state", "in", states]] if states else domain

    def _waiting(self):
        """What waits by cause; every cause that somebody may see is listed."""
        figures = self.env["telecom.waiting"]._figures()
        words = dict(
            self.env["telecom.waiting"]
            ._fields["cause"]
            ._description_selection(self.env)
        )
        return [
            {
                "cause": cause,
                "label": words[cause],
                "count": figures[cause]["count"],
                "groups": figures[cause]["groups"],
                "duration": figures[cause]["duration"],
                "cost": figures[cause]["cost"],
                "currency_ids": figures[cause]["currency_ids"],
                "oldest": fields.Datetime.to_string(figures[cause]["oldest"]),
            }
            for cause in words
            if cause in figures
        ]

    def _sources(self):
        """Each source with a light: red waits for somebody, green is done."""
        sources = self.env["telecom.source"].search(
            [("company_id", "in", self.env.companies.ids)]
        )
        return [source._overview() for source in sources]
