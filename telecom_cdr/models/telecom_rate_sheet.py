# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import io
import logging
import re
from contextlib import contextmanager
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, format_date, format_datetime
from odoo.tools.misc import formatLang

from ..engine.rate_sheets.rate_plan import WRITTEN
from ..parsers.exceptions import FileError, ParserError
from ..parsers.rate_sheets.reader import SheetOptions, read_rate_sheet
from ..parsers.rate_sheets.text import read_text
from ..parsers.spreadsheet import is_spreadsheet, read_sheets
from .rate_sheet_apply import write_plan
from .rate_sheet_destinations import create_destinations
from .rate_sheet_guard import customers_of, find_losses
from .rate_sheet_lines import write_lines
from .rate_sheet_names import known_names
from .rate_sheet_tables import Preview, packed_sheet, to_utc, unpack
from .reading_messages import worded
from .telecom_call import COST_GROUP
from .telecom_file import MB
from .telecom_rate import DIRECTIONS, INCREMENTS, SERVICES

_logger = logging.getLogger(__name__)

MANAGER = "telecom_cdr.group_telecom_manager"
STATES = [("draft", "New"), ("previewed", "Previewed"), ("applied", "Applied")]
WORKS = [("preview", "Being read"), ("apply", "Being applied")]
KINDS = [
    ("new", "New"),
    ("dearer", "Dearer"),
    ("cheaper", "Cheaper"),
    ("changed", "Other terms"),
    ("blocked", "Blocked"),
    ("ended", "Ended"),
    ("same", "Same"),
    ("doubled", "Doubled"),
    ("broken", "Broken"),
]
UPDATES = [
    ("auto", "As the file says"),
    ("full", "Full: what is missing ends"),
    ("partial", "Partial: what is missing stays"),
]
PRICE_UNITS = [
    ("auto", "As the header says"),
    ("minute", "Per minute"),
    ("second", "Per second"),
    ("cent_minute", "Cents per minute"),
    ("cent_second", "Cents per second"),
]
FACTORS = {
    "minute": Decimal(1),
    "second": Decimal(60),
    "cent_minute": Decimal("0.01"),
    "cent_second": Decimal("0.6"),
}
# What decides how a file is read: another value needs another preview.
OPTION_FIELDS = {
    "tariff_id", "content", "service", "direction", "update_kind", "date_start",
    "price_unit", "implied_decimals", "decimal_mark", "date_order", "end_is_inclusive",
    "ignore_currency", "new_increments", "sheet_names", "column_ids",
    "add_destinations",
}  # fmt: skip
# So many bytes are read, and so many changes written, while one waits.
AT_ONCE_BYTES = {"text": 1_500_000, "packed": 400_000}
AT_ONCE_CHANGES = 20_000
SHOWN_LOSSES = 2_000
SHOWN_NOTES = 10


def _first_rows(stream):
    """The first rows of a file, whatever they are."""
    is_packed = is_spreadsheet(stream.read(8))
    stream.seek(0)
    sheets = read_sheets(stream) if is_packed else [read_text(stream, "auto", "")[0]]
    return [row for one in sheets for row in one.rows[:SHOWN_NOTES]][:SHOWN_NOTES]


class TelecomRateSheet(models.Model):
    """One import of rates: the file as it came, what it changes, and what came of it.

    Nothing is written to the tariff before it is applied, and then all or nothing.
    """

    _name = "telecom.rate.sheet"
    _description = "Rate Sheet"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True, readonly=False)
    tariff_id = fields.Many2one(
        "telecom.tariff",
        required=True,
        index=True,
        ondelete="cascade",
        tracking=True,
    )
    company_id = fields.Many2one(related="tariff_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="tariff_id.currency_id")
    is_cost = fields.Boolean(related="tariff_id.is_cost")
    tz = fields.Selection(related="tariff_id.tz", string="Time zone of the dates")
    content = fields.Binary(string="File", attachment=True, copy=False)
    content_name = fields.Char(string="File name", copy=False)
    state = fields.Selection(
        STATES, required=True, default="draft", readonly=True, copy=False, tracking=True
    )
    work = fields.Selection(WORKS, string="At work", readonly=True, copy=False)
    progress = fields.Float(string="Progress (%)", readonly=True, copy=False)

    # === HOW IT IS READ === #

    service = fields.Selection(SERVICES, required=True, default="voice")
    direction = fields.Selection(DIRECTIONS, required=True, default="outgoing")
    update_kind = fields.Selection(
        UPDATES,
        string="The file is",
        required=True,
        default="auto",
        help="A full list ends what it does not hold. A file that does not say what "
        "it is counts as partial.",
    )
    date_start = fields.Datetime(
        string="Counts from",
        copy=False,
        help="Rows without a date, and what a full list does not hold, change at this "
        "moment; rows of an earlier date count from it. Later dates stay as they are. "
        "Empty: the date of the file, or today.",
    )
    price_unit = fields.Selection(
        PRICE_UNITS, string="Prices are", required=True, default="auto"
    )
    implied_decimals = fields.Integer(
        string="Decimals without mark",
        help="So many of the last digits are decimals, where prices are written "
        "without a mark: 4 makes 0.0125 of 125.",
    )
    decimal_mark = fields.Selection(
        [(".", "Point"), (",", "Comma")], string="Decimal mark"
    )
    date_order = fields.Selection(
        [("dmy", "Day, month"), ("mdy", "Month, day"), ("ymd", "Year, month, day")],
        string="Order of dates",
    )
    end_is_inclusive = fields.Boolean(
        string="End dates are included",
        default=True,
        help="The price still counts on the day that the file calls its end.",
    )
    ignore_currency = fields.Boolean(
        string="All prices are in the tariff's currency",
        help="Whatever the file says. Otherwise rows in another one are not taken.",
    )
    new_increments = fields.Char(
        string="Steps of new rates",
        default="1/1",
        help="Where the file does not say: seconds billed whole, then the step.",
    )
    add_destinations = fields.Boolean(
        string="Add destinations",
        help="Prefixes that belong to no destination yet are put to the one that the "
        "file names, which is created where it does not exist.",
    )
    sheet_names = fields.Char(
        string="Sheets", help="Names of the sheets to read, with commas. Empty: all."
    )
    column_ids = fields.One2many(
        "telecom.rate.sheet.column", "sheet_id", string="Columns", copy=True
    )

    # === WHAT WAS FOUND === #

    error_wording = fields.Json(readonly=True, copy=False)
    last_error = fields.Text(compute="_compute_last_error")
    info = fields.Json(readonly=True, copy=False)
    is_full = fields.Boolean(string="Full list", readonly=True, copy=False)
    assumption_text = fields.Text(
        string="How it was read", compute="_compute_assumption_text"
    )
    sample = fields.Html(compute="_compute_sample", sanitize=False)
    rates_data = fields.Binary(attachment=True, readonly=True, copy=False)
    rejections_data = fields.Binary(attachment=True, readonly=True, copy=False)
    fingerprint = fields.Char(readonly=True, copy=False)
    new_count = fields.Integer(string="New", readonly=True, copy=False)
    dearer_count = fields.Integer(string="Dearer", readonly=True, copy=False)
    cheaper_count = fields.Integer(string="Cheaper", readonly=True, copy=False)
    changed_count = fields.Integer(string="Other terms", readonly=True, copy=False)
    blocked_count = fields.Integer(string="Blocked", readonly=True, copy=False)
    ended_count = fields.Integer(string="Ended", readonly=True, copy=False)
    same_count = fields.Integer(string="Same", readonly=True, copy=False)
    doubled_count = fields.Integer(string="Doubled", readonly=True, copy=False)
    broken_count = fields.Integer(string="Broken", readonly=True, copy=False)
    change_count = fields.Integer(
        string="Changes", compute="_compute_change_count", store=True
    )
    broken_text = fields.Text(
        string="Sample calls that it breaks", readonly=True, copy=False
    )
    loss_ids = fields.One2many(
        "telecom.rate.sheet.loss", "sheet_id", readonly=True, groups=COST_GROUP
    )
    loss_count = fields.Integer(
        string="Prices below cost", readonly=True, copy=False, groups=COST_GROUP
    )
    loss_customer_count = fields.Integer(
        string="Customers", readonly=True, copy=False, groups=COST_GROUP
    )
    needs_confirmation = fields.Boolean(compute="_compute_needs_confirmation")
    started_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    confirmed_by_id = fields.Many2one(
        "res.users", string="Confirmed by", readonly=True, copy=False
    )
    applied_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    applied_at = fields.Datetime(string="Applied on", readonly=True, copy=False)

    _decimals_range = models.Constraint(
        "CHECK(implied_decimals BETWEEN 0 AND 9)",
        "Decimals without mark: 0 to 9.",
    )

    # === COMPUTE METHODS === #

    @api.depends("content_name", "tariff_id")
    def _compute_name(self):
        for sheet in self:
            sheet.name = sheet.content_name or sheet.tariff_id.name

    @api.depends_context("lang")
    @api.depends("error_wording")
    def _compute_last_error(self):
        for sheet in self:
            sheet.last_error = worded(self.env, sheet.error_wording) or False

    @api.depends(*(f"{kind}_count" for kind in WRITTEN))
    def _compute_change_count(self):
        for sheet in self:
            sheet.change_count = sum(sheet[f"{kind}_count"] for kind in WRITTEN)

    @api.depends_context("uid")
    @api.depends("broken_text", "state")
    def _compute_needs_confirmation(self):
        sees_costs = self.env.user.has_group(COST_GROUP)
        for sheet in self:
            below = sees_costs and sheet.loss_count
            sheet.needs_confirmation = bool(below or sheet.broken_text)

    @api.depends_context("lang", "tz")
    @api.depends("info", "date_start", "is_full", "tz", "update_kind")
    def _compute_assumption_text(self):
        for sheet in self:
            lines = sheet._assumptions() if sheet.info else []
            sheet.assumption_text = "\n".join(lines) or False

    def _assumptions(self):
        """How the file was read, in words."""
        info = self.info
        lines = [
            self._columns_text(info["columns"]),
            self._fullness_text(info["is_full"]),
            self._date_text(),
            self._zone_text(),
            self._order_text(),
            self.env._(
                "Decimal mark: %s", self._label("decimal_mark", info["decimal_mark"])
            ),
        ]
        lines += self._count_texts(info)
        if info["notes"]:
            notes = " | ".join(info["notes"])
            lines.append(self.env._("Text that is no rate: %s", notes))
        return [line for line in lines if line]

    def _label(self, name, value):
        return dict(self._fields[name]._description_selection(self.env)).get(value, "")

    def _columns_text(self, tables):
        labels = dict(
            self.env["telecom.rate.sheet.column"]
            ._fields["field"]
            ._description_selection(self.env)
        )
        columns = [
            f"{labels.get(field, field)} = {title}"
            for _sheet, _line, titles in tables[:1]
            for field, title in titles.items()
        ]
        return self.env._("Columns: %s", ", ".join(columns)) if columns else ""

    def _fullness_text(self, said):
        if self.update_kind != "auto":
            return ""
        if said is None:
            return self.env._(
                "The file does not say whether it holds all rates: it counts as "
                "partial, nothing ends because it is missing."
            )
        if said:
            return self.env._("The file says that it is a full list.")
        return self.env._("The file says that it is a partial update.")

    def _date_text(self):
        day = format_datetime(self.env, self.date_start, tz=self.tz)
        if self.info.get("date_source") == "today":
            return self.env._(
                "The file has no date of its own: it counts from today, %s.", day
            )
        return self.env._("Counts from %s.", day)

    def _zone_text(self):
        zone = "UTC" if self.info["is_utc"] else self.tz
        return self.env._("Dates are in the time zone %s.", zone)

    def _order_text(self):
        order = self._label("date_order", self.info["date_order"])
        if self.info["date_order_is_assumed"]:
            return self.env._(
                "No date tells whether the day or the month stands first; assumed: "
                "%s. Look at the dates before you apply.",
                order,
            )
        return ""

    def _count_texts(self, info):
        """What happened to rows that not everybody expects."""
        texts = {
            "past": self.env._("Rows of an earlier date, which count from then"),
            "outdated": self.env._("Rows that a later one in the file has overtaken"),
            "rounded": self.env._("Prices with more than 9 decimals, rounded"),
            "unpriced": self.env._("Blocked without a price (calls wait for one)"),
            "replaced": self.env._("Scheduled prices that others take the place of"),
            "other": self.env._(
                "Rates of kinds that the file does not hold (destinations, categories, "
                "time bands, patterns), left alone"
            ),
            "unused_codes": self.env._("Codes of destinations without a price"),
        }
        if not self.is_full:  # nothing else is touched anyway
            del texts["other"]
        return [f"{t}: {info[name]}" for name, t in texts.items() if info.get(name)]

    @api.depends("last_error", "content")
    def _compute_sample(self):
        for sheet in self:
            shown = sheet.last_error and sheet.content
            sheet.sample = sheet._render_sample() if shown else False

    def _render_sample(self):
        """The first rows as they stand, so that columns can be told by their place."""
        try:
            with self._open() as stream:
                rows = _first_rows(stream)
        except ParserError:
            return False
        if not rows:
            return False
        return self.env["ir.qweb"]._render(
            "telecom_cdr.rate_sheet_sample",
            {"rows": rows, "width": min(max(map(len, rows)), 20)},
        )

    # === CHECKS === #

    @api.constrains("new_increments")
    def _check_new_increments(self):
        for sheet in self:
            steps = INCREMENTS.fullmatch(sheet.new_increments or "")
            if not steps or not all(map(int, steps.groups())):
                raise ValidationError(
                    self.env._(
                        "'%(found)s' are no steps: two numbers of seconds are "
                        "expected, such as 60/1.",
                        found=sheet.new_increments or "",
                    )
                )

    @api.constrains("tariff_id")
    def _check_tariff_access(self):
        """Nobody imports into a tariff that is not shown to them."""
        self.sudo(False).tariff_id.check_access("write")

    @api.onchange("tariff_id")
    def _onchange_tariff_id(self):
        """A carrier's sheets mostly look alike: start from the last one's options."""
        last = self.search([("tariff_id", "=", self.tariff_id.id)], limit=1)
        if last and not self.column_ids:
            self.update(
                {
                    name: last[name]
                    for name in OPTION_FIELDS
                    - {"tariff_id", "content", "date_start", "column_ids"}
                }
            )
            self.column_ids = [
                fields.Command.create({"field": one.field, "column": one.column})
                for one in last.column_ids
            ]

    def write(self, vals):
        if OPTION_FIELDS & vals.keys():
            self._check_open()
            if "content" in vals and "date_start" not in vals:
                vals = {**vals, "date_start": False}
            vals = {**vals, "state": "draft", "fingerprint": False}
        return super().write(vals)

    def _keep(self, vals):
        """Write what the work has found, which is no change of options."""
        return super().write(vals)

    def _check_open(self):
        if any(sheet.state == "applied" for sheet in self):
            raise UserError(
                self.env._("What was applied stays as it is. Import the file again.")
            )
        if any(sheet.work for sheet in self):
            raise UserError(self.env._("The file is at work: wait until it is done."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if any(sheet.state == "applied" or sheet.work for sheet in self):
            raise UserError(
                self.env._(
                    "What was applied is kept, so that one sees where rates came from."
                )
            )

    def unlink(self):
        for sheet in self:
            sheet._forget_lines()
        return super().unlink()

    # === BUTTONS === #

    def action_preview(self):
        """Read the file and show what it would change; nothing is written."""
        self.ensure_one()
        self._check_manager()
        self._begin(("draft", "previewed"))
        if not self.content:
            raise UserError(self.env._("Choose the file to import first."))
        self._check_size()
        self.write({"work": "preview", "started_by_id": self.env.uid, "progress": 0})
        with self._open() as stream:
            head = stream.read(4)
        kind = "packed" if head.startswith(b"PK") else "text"
        return self._now_or_later(self._size() <= AT_ONCE_BYTES[kind])

    def action_apply(self):
        """Write what was shown; what needs it has to be confirmed."""
        self.ensure_one()
        if self.needs_confirmation and not self.confirmed_by_id:
            raise UserError(
                self.env._(
                    "Prices would fall below cost, or sample calls would come out "
                    "otherwise: look at them, then confirm."
                )
            )
        return self._start_applying()

    def action_confirm(self):
        """Write it all the same."""
        self.ensure_one()
        self._check_manager()
        self.confirmed_by_id = self.env.uid
        return self._start_applying()

    def _start_applying(self):
        self._check_manager()
        self._begin(("previewed",))
        if not self.change_count:
            raise UserError(
                self.env._("Nothing would change: there is nothing to apply.")
            )
        self.write({"work": "apply", "applied_by_id": self.env.uid, "progress": 0})
        return self._now_or_later(self.change_count <= AT_ONCE_CHANGES)

    def action_open_lines(self):
        """The rows, of one kind where the button says so."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_sheet_line_action"
        )
        kind = self.env.context.get("shown_kind")
        action["domain"] = [("sheet_id", "=", self.id)]
        action["context"] = {f"search_default_filter_{kind or 'changes'}": 1}
        return action

    def action_open_losses(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_sheet_loss_action"
        )
        action["domain"] = [("sheet_id", "=", self.id)]
        return action

    def _check_manager(self):
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only a manager of Telephony imports rates."))
        self.check_access("write")
        self.tariff_id.check_access("write")

    def _begin(self, states):
        """Hold the record for this work; of two clicks the second finds it done."""
        self.lock_for_update()
        self.invalidate_recordset()
        if self.work or self.state not in states:
            state = self._label("work", self.work) or self._label("state", self.state)
            raise UserError(
                self.env._("This cannot be done now: the import is '%s'.", state)
            )

    # === WORK, AT ONCE OR IN THE BACKGROUND === #

    def _now_or_later(self, is_small):
        if is_small:
            self.sudo()._work_through()
            return None
        self.env.ref("telecom_cdr.ir_cron_telecom_rate_sheet").sudo()._trigger()
        return self.env["telecom.source"]._notify(
            "info",
            self.env._(
                "The file is large: this goes on in the background, and you are told "
                "when it is done."
            ),
        )

    def _work_through(self, step_done=lambda: None):
        """Do the work to its end.

        :param step_done: called where what is done so far may be kept
        """
        self.ensure_one()
        if self.work == "apply":
            self._apply()
        elif self._read():
            self.progress = 50
            step_done()
            self._compare()

    @api.model
    def _cron_work(self):
        """Work off what waits; each file by itself."""
        cron = self.env["ir.cron"]
        waiting = self.sudo().search([("work", "!=", False)], order="id")
        cron._commit_progress(remaining=len(waiting))
        for one in waiting:
            sheet = one.with_user(one.started_by_id).sudo()
            try:
                sheet._work_through(self.env["telecom.file"]._commit_step)
            except UserError as error:
                self.env.cr.rollback()
                sheet._set_failed({"text": str(error)})
            sheet._tell_done()
            if not cron._commit_progress(1):
                break

    def _tell_done(self):
        """The finished result comes to who started it."""
        self.message_post(
            body=self.last_error
            or self.env._(
                "Done: %(count)s changes in %(tariff)s.",
                count=self.change_count,
                tariff=self.tariff_id.name,
            ),
            partner_ids=self.started_by_id.partner_id.ids,
        )

    def _set_failed(self, wording):
        self._forget_lines()
        self.write(
            {"state": "draft", "work": False, "error_wording": wording, "progress": 0}
        )

    # === READING === #

    @contextmanager
    def _open(self):
        """The file as it came, as a stream."""
        attachment = self._attachment()
        if attachment.store_fname:
            with open(attachment._full_path(attachment.store_fname), "rb") as stream:
                yield stream
        else:
            yield io.BytesIO(attachment.db_datas or b"")

    def _attachment(self):
        domain = [
            ("res_model", "=", self._name),
            ("res_id", "=", self.id),
            ("res_field", "=", "content"),
        ]
        return self.env["ir.attachment"].sudo().search(domain, limit=1)

    def _size(self):
        return self._attachment().file_size

    def _check_size(self):
        limit = self.company_id.telecom_max_file_mb
        if self._size() > limit * MB:
            raise UserError(
                worded(
                    self.env,
                    self.env["telecom.file"]._too_large(self.name, limit).wording,
                )
            )

    def _options(self):
        """The options as the reader takes them."""
        names = [one.strip() for one in (self.sheet_names or "").split(",")]
        return SheetOptions(
            mapping=self.column_ids._mapping(),
            decimal_mark=self.decimal_mark or "",
            implied_decimals=self.implied_decimals,
            price_factor=FACTORS.get(self.price_unit),
            connect_factor=self._connect_factor(),
            date_order=self.date_order or "",
            end_is_inclusive=self.end_is_inclusive,
            sheets=tuple(filter(None, names)),
            names=known_names(self),
        )

    def _connect_factor(self):
        """A fee is per call: of the unit of prices only the cents count."""
        if self.price_unit == "auto":
            return None
        return Decimal("0.01" if self.price_unit.startswith("cent") else "1")

    def _read(self):
        """Read the file; False, and the reason on the record, where it is none."""
        try:
            with self._open() as stream:
                sheet = read_rate_sheet(
                    stream, self.content_name or "", self._options()
                )
            if not len(sheet.rates) and not len(sheet.rejections):
                raise FileError("empty", "The file holds no rates.")
        except ParserError as error:
            self._set_failed(error.wording)
            return False
        rates, rejections = packed_sheet(sheet)
        info = self._info_of(sheet)
        self._keep(
            {
                "rates_data": base64.b64encode(rates),
                "rejections_data": base64.b64encode(rejections),
                "is_full": self._fullness(info),
                "error_wording": False,
                **self._dated(sheet, info),
            }
        )
        return True

    def _info_of(self, sheet):
        """What is kept of what was found."""
        info = sheet.info
        return {
            "columns": info.columns[:5],
            "is_full": info.is_full,
            "decimal_mark": info.decimal_mark,
            "date_order": info.date_order,
            "date_order_is_assumed": info.date_order_is_assumed,
            "is_utc": info.is_utc,
            "notes": [text for _sheet, _line, text in info.notes[:SHOWN_NOTES]],
            "unused_codes": info.unused_codes,
            "row_count": info.row_count,
            "rounded": int(sheet.rates["is_rounded"].sum()),
        }

    def _fullness(self, info):
        if self.update_kind == "auto":
            return bool(info["is_full"])
        return self.update_kind == "full"

    def _dated(self, sheet, info):
        """When it counts from, where nobody said: as the file says, else today."""
        if self.date_start:
            return {"info": {**info, "date_source": "given"}}
        zone = "UTC" if info["is_utc"] else self.tz
        starts = sheet.rates["start"].drop_duplicates()
        if sheet.info.start:
            starts = starts[:0]
            starts.loc[0] = np.datetime64(sheet.info.start, "s")
        if len(starts) == 1 and starts.notna().all():
            source, moment = "file", to_utc(starts, zone).iloc[0].to_pydatetime()
        else:
            source, moment = "today", self._today(zone)
        return {"info": {**info, "date_source": source}, "date_start": moment}

    @api.model
    def _today(self, zone):
        """The midnight before now, in UTC."""
        info = ZoneInfo(zone or "UTC")
        day = fields.Datetime.now().replace(tzinfo=ZoneInfo("UTC")).astimezone(info)
        midnight = datetime.combine(day.date(), time(), info)
        return midnight.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)

    # === COMPARING === #

    def _default_terms(self):
        """What a rate has of which neither the file nor the tariff says anything."""
        first, then = map(int, INCREMENTS.fullmatch(self.new_increments).groups())
        return {
            "connect_nano": 0,
            "initial": first,
            "increment": then,
            "minimum_duration": 0,
            "grace": 0,
            "sequence": self.env["telecom.rate"]._fields["sequence"].default(self),
        }

    def _preview(self):
        """What the file as read changes in the tariff as it is now."""
        whole = self.with_context(bin_size=False)
        tables = [
            unpack(base64.b64decode(whole[name]))
            for name in ("rates_data", "rejections_data")
        ]
        return Preview(self, *tables)

    def _compare(self):
        """Show what would change, whom it would hurt, and what it would break."""
        preview = self._preview()
        self._forget_lines()
        counts = write_lines(self, preview)
        info = {
            **self.info,
            "past": preview.past_count,
            "outdated": preview.outdated_count,
            "unpriced": int(preview.plan.inserts["is_unpriced"].sum()),
            "replaced": len(preview.plan.removals),
            "other": preview.other_count,
        }
        losses = find_losses(self, preview.plan)
        self.env["telecom.rate.sheet.loss"].create(losses[:SHOWN_LOSSES])
        self._keep(
            {
                **{f"{kind}_count": counts.get(kind, 0) for kind, _label in KINDS},
                "info": info,
                "fingerprint": preview.fingerprint,
                "loss_count": len(losses),
                "loss_customer_count": self._customer_count(losses),
                "broken_text": self._broken_by(preview) or False,
                "confirmed_by_id": False,
                "state": "previewed",
                "work": False,
                "progress": 100,
            }
        )

    def _customer_count(self, losses):
        """How many customers have one of the tariffs of these prices."""
        tariffs = self.env["telecom.tariff"].browse(
            {one["retail_tariff_id"] for one in losses}
        )
        return len({one for tariff in tariffs for one in customers_of(self, tariff)})

    def _broken_by(self, preview):
        """Sample calls that come out as expected now, and would not then; in words.

        Time bands that would contradict each other are refused here, too.
        """
        samples = self.env["telecom.golden.call"].sudo()
        domain = [("tariff_id", "child_of", self.tariff_id.id)]
        has_samples = bool(samples.search_count(domain, limit=1))
        has_bands = bool(preview.plan.inserts["time_band_id"].any())
        if not preview.plan or not (has_samples or has_bands):
            return ""
        before = self._broken_samples() if has_samples else {}
        with self._tried():
            write_plan(self, preview.plan)
            after = self._broken_samples() if has_samples else {}
        return "\n".join(text for golden, text in after.items() if golden not in before)

    def _broken_samples(self):
        """What is to be said of each sample call that does not come out as expected."""
        return {
            golden.id: self._say_broken(golden, price)
            for golden, price in self.tariff_id._broken_golden_calls()
        }

    @contextmanager
    def _tried(self):
        """What happens inside is taken back."""
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(flush=False) as savepoint:
                yield
                savepoint.rollback()
        finally:
            self.env.invalidate_all(flush=False)

    def _say_broken(self, golden, price):
        currency = golden.currency_id

        def amount(value):
            return formatLang(self.env, value, digits=4, currency_obj=currency)

        return self.env._(
            "%(call)s (%(tariff)s): %(found)s instead of %(expected)s",
            call=golden.display_name,
            tariff=golden.tariff_id.name,
            found=self.env._("no price") if price is None else amount(price),
            expected=amount(golden.expected_price),
        )

    # === APPLYING === #

    def _apply(self):
        """Write all that was shown, in this transaction, or nothing."""
        preview = self._preview()
        if preview.fingerprint != self.fingerprint:
            raise UserError(
                self.env._(
                    "Rates of %s have changed since the preview: preview the file "
                    "again. Nothing was written.",
                    self.tariff_id.name,
                )
            )
        write_plan(self, preview.plan)
        if self.add_destinations:
            create_destinations(self, preview.plan.changes)
        self._keep(
            {
                "state": "applied",
                "work": False,
                "progress": 100,
                "applied_at": fields.Datetime.now(),
            }
        )
        self._log_on_tariff()

    def _log_on_tariff(self):
        """What a table came from can be seen years later."""
        body = self.env._(
            "Rates imported from %(file)s: %(new)s new, %(dearer)s dearer, %(cheaper)s "
            "cheaper, %(changed)s with other terms, %(blocked)s blocked, %(ended)s "
            "ended.",
            file=self._get_html_link(),
            **{kind: self[f"{kind}_count"] for kind in WRITTEN},
        )
        self.tariff_id.message_post(body=body)
        if self.confirmed_by_id:
            self.message_post(
                body=self.env._(
                    "Applied all the same by %(user)s on %(date)s.",
                    user=self.confirmed_by_id.name,
                    date=format_date(self.env, fields.Date.today()),
                )
            )

    def _forget_lines(self):
        """Remove what an earlier preview has found."""
        self.env.flush_all()
        for table in ("line", "loss"):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM %s WHERE sheet_id = ANY(%s)",
                    SQL.identifier(f"telecom_rate_sheet_{table}"),
                    self.ids,
                )
            )
        self.env.invalidate_all()


class TelecomRateSheetColumn(models.Model):
    """Which column of the file a fact of a rate is in."""

    _name = "telecom.rate.sheet.column"
    _description = "Column of a Rate Sheet"
    _order = "id"

    sheet_id = fields.Many2one(
        "telecom.rate.sheet", required=True, index=True, ondelete="cascade"
    )
    field = fields.Selection(
        [
            ("prefix", "Prefix"),
            ("prefix_to", "Last prefix of a range"),
            ("country_code", "Country code"),
            ("area_code", "Area code"),
            ("destination", "Destination"),
            ("price", "Price"),
            ("initial_price", "Price of the first step"),
            ("connect", "Connection fee"),
            ("increments", "Increments"),
            ("initial", "First seconds"),
            ("increment", "Then seconds"),
            ("minimum_duration", "Minimum duration"),
            ("grace", "Grace"),
            ("start", "From"),
            ("end", "Until"),
            ("status", "Status"),
            ("blocked", "Blocked"),
            ("currency", "Currency"),
            ("category", "Category"),
            ("time_band", "Time band"),
            ("calling_pattern", "Calling pattern"),
            ("called_pattern", "Called pattern"),
            ("region_pattern", "Region pattern"),
            ("sequence", "Order of the rule"),
        ],
        string="Fact",
        required=True,
    )
    column = fields.Char(
        help="Its name in the header, or its place: 1 is the first. Empty: no column."
    )

    _field_uniq = models.Constraint(
        "UNIQUE(sheet_id, field)", "Each fact has one line: give several columns in it."
    )

    def _mapping(self):
        """As the reader takes it."""
        return {line.field: line._columns() for line in self}

    def _columns(self):
        pieces = [one.strip() for one in re.split(r"[,;]", self.column or "")]
        found = [int(one) if one.isdecimal() else one for one in pieces if one]
        return found or None
