# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import csv
import io

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..models.call_secret import is_anonymous, whole
from ..models.durations import hms
from ..models.mixin_file_masking import LAWFUL_GROUP
from ..models.rate_sheet_export import FORMULA_SIGNS

SHOWN = 500
BLOCK = 2_000
COLUMNS = ("start", "customer", "direction", "caller", "called", "seconds", "call")


class TelecomLawfulAccess(models.TransientModel):
    """Whole numbers of calls, for who may see them by law; each access is logged."""

    _name = "telecom.lawful.access"
    _description = "Lawful Access to Numbers"
    _rec_name = "reason"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    reason = fields.Text(
        help="Who asks for it, by which order or law. It stays in the log."
    )
    partner_id = fields.Many2one("res.partner", string="Customer")
    number_id = fields.Many2one(
        "telecom.number", domain="[('company_id', '=', company_id)]"
    )
    called_number = fields.Char(
        help="A whole number, as +34600000001: who called it. Empty: any."
    )
    date_from = fields.Date(string="From", help="In the billing time zone.")
    date_to = fields.Date(string="To", help="Included.")
    log_id = fields.Many2one(
        "telecom.lawful.log", readonly=True, groups=fields.NO_ACCESS
    )
    shown = fields.Html(compute="_compute_shown", sanitize=False)

    @api.depends("log_id")
    def _compute_shown(self):
        for wizard in self:
            # What a form only says of itself has been logged by nobody.
            is_logged = wizard.id and wizard.sudo().log_id
            wizard.shown = wizard._shown_table() if is_logged else False

    def _shown_table(self):
        return self.env["ir.qweb"]._render(
            "telecom_cdr.lawful_calls",
            {
                "calls": self._calls(SHOWN),
                "most": SHOWN,
                "hms": hms,
                "gone_before": self.env["telecom.retention"]._last_limit(
                    self.company_id
                ),
            },
        )

    # === ACTIONS === #

    def action_show(self):
        """Log the access, then show the calls."""
        self.ensure_one()
        self.sudo().log_id = self._log("shown")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Lawful access"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "current",
        }

    def action_download(self):
        """Give all of them as a file, which is logged as it is made."""
        self.ensure_one()
        self._check_asked()
        return {
            "type": "ir.actions.act_url",
            "url": f"/telecom_cdr/lawful/{self.id}.csv",
            "target": "download",
        }

    def write(self, vals):
        """What is shown is what was logged."""
        result = super().write(vals)
        if "log_id" not in vals:
            self.sudo().write({"log_id": False})
        return result

    # === WHAT IS ASKED FOR === #

    def _check_asked(self):
        """Refuse who has no such role, gives no reason or asks for everything."""
        if not self.env.user.has_group(LAWFUL_GROUP):
            raise AccessError(
                self.env._("Whole numbers are only shown for lawful access.")
            )
        self.check_access("read")
        if self.company_id not in self.env.companies:
            raise AccessError(self.env._("This company is not one of yours."))
        if not (self.reason or "").strip():
            raise UserError(self.env._("Write why you need the numbers."))
        if not (self.partner_id or self.number_id or self.called_number):
            raise UserError(
                self.env._("Choose a customer, one of our numbers or a called number.")
            )

    def _log(self, kind):
        self._check_asked()
        [(count,)] = self.env.execute_query(
            SQL("SELECT count(*) FROM telecom_call c WHERE %s", self._condition())
        )
        logs = self.env["telecom.lawful.log"]
        return logs._log(self.company_id, kind, self._asked(), self.reason, count)

    def _asked(self):
        """What was asked for, in words."""
        names = ("partner_id", "number_id", "called_number", "date_from", "date_to")
        told = []
        for name in names:
            value = self[name]
            if value:
                text = value.display_name if name.endswith("_id") else str(value)
                told.append(f"{self._fields[name].string}: {text}")
        return "\n".join(told)

    def _condition(self):
        """SQL: which calls ``c`` are asked for."""
        parts = [SQL("c.company_id = %s", self.company_id.id)]
        if self.partner_id:
            payer = self.partner_id.commercial_partner_id
            parts.append(SQL("c.partner_id = %s", payer.id))
        if self.number_id:
            parts.append(SQL("c.number_id = %s", self.number_id.id))
        if self.called_number:
            parts.append(SQL("%s = %s", whole("c"), self.called_number.strip()))
        if self.date_from:
            parts.append(SQL("c.day >= %s", self.date_from))
        if self.date_to:
            parts.append(SQL("c.day <= %s", self.date_to))
        return SQL(" AND ").join(SQL("(%s)", part) for part in parts)

    def _calls(self, limit=None):
        """The calls with whole numbers, newest first; some have none any more."""
        self._check_asked()
        self.env.flush_all()
        calls = self.env.execute_query_dict(
            SQL(
                """
                SELECT c.start_at AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s AS start,
                       p.name AS customer, c.direction, c.calling_number AS caller,
                       %(called)s AS called, c.duration AS seconds, c.id AS call,
                       %(gone)s AS is_gone
                  FROM telecom_call c
             LEFT JOIN res_partner p ON p.id = c.partner_id
                 WHERE %(condition)s
              ORDER BY c.start_at DESC, c.id DESC %(limit)s
                """,
                tz=self.company_id.telecom_tz,
                called=whole("c"),
                gone=is_anonymous("c"),
                condition=self._condition(),
                limit=SQL("LIMIT %s", limit) if limit else SQL(),
            )
        )
        for call in calls:
            if call["is_gone"]:
                call["caller"] = self.env._("deleted")
                call["called"] = self.env._("%s, the rest deleted", call["called"])
        return calls

    def _csv(self):
        """All the calls as a file; this is an access of its own."""
        self._log("exported")
        target = io.StringIO()
        writer = csv.writer(target)
        writer.writerow(COLUMNS)
        for call in self._calls():
            writer.writerow([_plain(call[name]) for name in COLUMNS])
        return target.getvalue().encode("utf-8-sig")


def _plain(value):
    """A cell that no spreadsheet takes for a formula; numbers begin with a plus."""
    if value is None:
        return ""
    text = str(value)
    is_number = text[:1] == "+" and text[1:].isdecimal()
    return f"'{text}" if text[:1] in FORMULA_SIGNS and not is_number else text
