# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..parsers import file_names

RHYTHMS = [
    ("none", "None: files come when they come"),
    ("daily", "A file for each day"),
    ("monthly", "A file for each month"),
    ("sequence", "Numbered files, without gaps"),
]
# How far back a check looks: what is older is no news.
LOOK_BACK_DAYS = {"daily": 62, "monthly": 370, "sequence": 92}
ACTIVITY = "telecom_cdr.mail_activity_missing_file"
# More than this are told by their number alone.
TOLD = 20


class TelecomSourceRhythmMixin(models.AbstractModel):
    """When files of a source should come, and which of them did not.

    A file counts for the day or the number in its name, whatever became of it; where
    the name tells no day, for the day on which it came.
    """

    _name = "telecom.source.rhythm.mixin"
    _description = "Rhythm of a Source"

    rhythm = fields.Selection(
        RHYTHMS,
        required=True,
        default="none",
        tracking=True,
        help="What is expected of this source: a file that does not come is noticed.",
    )
    rhythm_pattern = fields.Char(
        string="Where the name says it",
        help="A regular expression on the names of files. Numbered files: the group "
        "is the number, such as cdr_(\\d+)\\.csv. Days and months: groups named "
        "year, month and day, such as "
        "cdr_(?P<year>\\d{4})(?P<month>\\d\\d)(?P<day>\\d\\d). Empty: a file counts "
        "for the day on which it came.",
    )
    rhythm_start = fields.Date(
        string="Expected from",
        default=fields.Date.context_today,
        help="What is earlier is not asked for.",
    )
    grace_hours = fields.Integer(
        string="Hours of grace",
        default=12,
        help="So long after the end of a day or month its file may still come.",
    )
    responsible_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        tracking=True,
        help="Gets an activity when a file does not come.",
    )
    missing_ids = fields.One2many("telecom.missing.file", "source_id")
    missing_count = fields.Integer(
        string="Missing files", compute="_compute_missing_count"
    )
    open_missing_ids = fields.One2many(
        "telecom.missing.file",
        "source_id",
        string="Did not come",
        domain=[("state", "!=", "came")],
        readonly=True,
    )

    _grace_positive = models.Constraint(
        "CHECK(grace_hours >= 0)", "The hours of grace cannot be negative."
    )

    @api.depends("missing_ids.state")
    def _compute_missing_count(self):
        for source in self:
            missing = source.missing_ids.filtered(lambda one: one.state == "missing")
            source.missing_count = sum(missing.mapped("file_count"))

    @api.constrains("rhythm", "rhythm_pattern")
    def _check_rhythm_pattern(self):
        texts = {
            "syntax": self.env._("it is no regular expression"),
            "number": self.env._("it has no group for the number, such as (\\d+)"),
            "date": self.env._("it has no groups named year, month and day"),
        }
        for source in self.filtered(lambda one: one.rhythm != "none"):
            pattern = source.rhythm_pattern or ""
            lack = ""
            if pattern or source.rhythm == "sequence":
                lack = file_names.check_pattern(pattern, source.rhythm)
            if lack:
                raise ValidationError(
                    self.env._(
                        "The pattern '%(pattern)s' does not tell when a file should "
                        "come: %(lack)s.",
                        pattern=pattern,
                        lack=texts[lack],
                    )
                )

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"rhythm", "rhythm_pattern", "rhythm_start", "grace_hours"}:
            self._update_missing()
        return result

    # === WHAT IS MISSING === #

    def _file_came(self, name):
        """A file that was missed came: take it off the list."""
        if not self.missing_count:
            return
        keys = [one._key() for one in self.missing_ids if one.state == "missing"]
        number = None
        if self.rhythm == "sequence":
            number = file_names.sequence_of(name, self.rhythm_pattern)
        is_any = self.rhythm != "sequence"
        if is_any or (number and any(a <= number.number <= b for a, b in keys)):
            self._update_missing()

    @api.model
    def _cron_missing(self):
        """Look which files did not come, source by source."""
        sources = self.search([("rhythm", "!=", "none")])
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(sources))
        for source in sources:
            source._update_missing()
            if not cron._commit_progress(1):
                break

    def action_check_missing(self):
        """Look now."""
        self.sudo()._update_missing()

    def _update_missing(self):
        """Take note of files that did not come, and of those that came since."""
        for source in self.sudo():
            expected = source._missing_now()
            known = source.missing_ids
            gone = known.filtered(
                lambda one, expected=expected: one.state == "missing"
                and one._key() not in expected
            )
            gone._solve("came")
            noted = known.filtered(lambda one: one.state != "came")
            new = expected - {one._key() for one in noted}
            known.create([source._missing_values(key) for key in sorted(new)])
            source.invalidate_recordset(["missing_ids", "missing_count"])
            source._remind()

    def _missing_now(self):
        """Keys of what is missing: days, or the first and last numbers of gaps."""
        if self.rhythm == "none" or not self.active:
            return set()
        if self.rhythm == "sequence":
            return self._missing_numbers()
        return self._missing_days()

    def _missing_values(self, key):
        if self.rhythm == "sequence":
            first, last = key
            return {
                "source_id": self.id,
                "first_number": first,
                "last_number": last,
            }
        return {
            "source_id": self.id,
            "day": key[0],
            "is_month": self.rhythm == "monthly",
        }

    def _came(self):
        """Name and time of the files that came lately, as far as they are asked for.

        Members of archives count by their own names; what was discarded came, too.
        """
        since = fields.Datetime.now() - timedelta(days=LOOK_BACK_DAYS[self.rhythm])
        files = self.env["telecom.file"].sudo()
        return files.search_fetch(
            Domain("source_id", "=", self.id) & Domain("create_date", ">=", since),
            ["name", "create_date"],
        )

    def _missing_numbers(self):
        found = [
            number
            for file in self._came()
            if (number := file_names.sequence_of(file.name, self.rhythm_pattern))
        ]
        waived = [
            file_names.Gap(one.first_number, one.last_number)
            for one in self.missing_ids
            if one.state == "waived" and not one.day
        ]
        return {
            (part.first, part.last)
            for gap in file_names.gaps(found)
            for part in file_names.without(gap, waived)
        }

    def _missing_days(self):
        now = fields.Datetime.now()
        today = self._local(now).date()
        first = today - timedelta(days=LOOK_BACK_DAYS[self.rhythm])
        first = max(first, self.rhythm_start or first)
        ends = {
            day: self._end_of(day)
            for day in file_names.periods(first, today, self.rhythm)
        }
        grace = timedelta(hours=self.grace_hours)
        due = {day: end for day, end in ends.items() if end + grace <= now}
        came = self._came_days(due, grace)
        waived = {one.day for one in self.missing_ids if one.state == "waived"}
        return {(day,) for day in due if day not in came | waived}

    def _came_days(self, ends, grace):
        """The days or months that files came for.

        :param ends: when each day or month ends; a file that comes within the grace
            behind may well be its file
        """
        came = set()
        for file in self._came():
            if self.rhythm_pattern:
                came.add(file_names.day_of(file.name, self.rhythm_pattern))
                continue
            came.add(self._local(file.create_date).date())
            moment = file.create_date
            came.update(d for d, end in ends.items() if end <= moment < end + grace)
        came.discard(None)
        if self.rhythm == "monthly":
            return {day.replace(day=1) for day in came}
        return came

    def _end_of(self, day):
        """When a day or month ends on the carrier's clock, in UTC."""
        end = day + timedelta(days=1)
        if self.rhythm == "monthly":
            end = file_names.month_after(day.replace(day=1), 1)
        zone = ZoneInfo(self.carrier_id.tz or "UTC")
        local = datetime.combine(end, time(), zone).astimezone(ZoneInfo("UTC"))
        return local.replace(tzinfo=None)

    def _local(self, moment):
        zone = ZoneInfo(self.carrier_id.tz or "UTC")
        return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone)

    # === SAYING SO === #

    def _remind(self):
        """One activity as long as something is missing; it goes by itself."""
        missing = self.missing_ids.filtered(lambda one: one.state == "missing")
        activity = self.activity_search([ACTIVITY])
        if not missing:
            if activity:
                activity.action_feedback(feedback=self.env._("The files came."))
            return
        note = self._missing_note(missing)
        if activity:
            if activity[0].note != note:
                activity[0].note = note
            return
        self.activity_schedule(
            ACTIVITY,
            note=note,
            user_id=self._reminded_user().id,
        )

    def _reminded_user(self):
        """Who is responsible; else who made the source, else a manager: a person."""
        root = self.env.ref("base.user_root")
        for user in self.responsible_id | self.create_uid:
            if user.active and user != root:
                return user
        managers = self.env.ref("telecom_cdr.group_telecom_manager").all_user_ids
        own = managers.filtered(lambda user: self.company_id in user.company_ids)
        return (own - root)[:1] or self.create_uid

    def _missing_note(self, missing):
        """What is missing, in the language of who is responsible."""
        lang = self.responsible_id.lang or self.env.lang
        told = missing.with_context(lang=lang).sorted()[:TOLD]
        texts = [one._text() for one in told] + ["…"] * (len(missing) > TOLD)
        rows = Markup().join(Markup("<li>%s</li>") % text for text in texts)
        return Markup("<ul>%s</ul>") % rows

    def action_open_missing(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_missing_file_action"
        )
        action["domain"] = [("source_id", "=", self.id)]
        return action
