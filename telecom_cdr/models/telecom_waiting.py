# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..parsers import numbering
from .bulk_fields import BigInteger
from .telecom_call import COST_GROUP, REASONS
from .telecom_rate import DIRECTIONS, SERVICES
from .telecom_rating_mark import PARTIES
from .waiting_sql import call_subject, waiting_rows

CAUSES = [
    ("held", "Held files"),
    ("failed", "Files that could not be read"),
    ("missing", "Missing files"),
    ("rejected", "Rejected rows"),
    ("conflict", "Conflicts"),
    ("unmatched", "Calls without a customer"),
    ("unrated", "Calls without a rate"),
    ("late", "Calls whose price comes later"),
    ("loss", "Calls at a loss"),
]
CALL_CAUSES = ("unmatched", "unrated", "late", "loss")
ROW_CAUSES = ("rejected", "conflict")
# So many calls are taken up while one waits; more follow in the background.
AT_ONCE = 20_000


class TelecomWaiting(models.Model):
    """Everything that waits for somebody, a row for each cause and thing."""

    _name = "telecom.waiting"
    _description = "What Waits"
    _auto = False
    # What is still to be written is written before the rows are made.
    _depends = {
        "telecom.call": ["rating_state"],
        "telecom.file": ["state", "source_id", "carrier_id", "company_id", "name"],
        "telecom.missing.file": ["state", "day", "first_number", "last_number"],
        "telecom.rejection": ["is_dismissed", "corrected_by_id", "reason", "file_id"],
    }
    _order = "cause, record_count desc, oldest, id"

    company_id = fields.Many2one("res.company", readonly=True)
    cause = fields.Selection(CAUSES, readonly=True)
    carrier_id = fields.Many2one("telecom.carrier", readonly=True)
    source_id = fields.Many2one("telecom.source", readonly=True)
    file_id = fields.Many2one("telecom.file", readonly=True)
    missing_id = fields.Many2one("telecom.missing.file", readonly=True)
    destination_id = fields.Many2one("telecom.destination", readonly=True)
    prefix = fields.Char(readonly=True)
    subject = fields.Char(string="Number", readonly=True)
    reason = fields.Selection(REASONS, string="Why", readonly=True)
    direction = fields.Selection(DIRECTIONS, readonly=True)
    service = fields.Selection(SERVICES, readonly=True)
    record_count = fields.Integer(string="Count", readonly=True)
    duration = BigInteger(string="Time", readonly=True)
    cost = fields.Float(
        string="Cost at stake", digits=(18, 9), readonly=True, groups=COST_GROUP
    )
    loss = fields.Float(digits=(18, 9), readonly=True, groups=COST_GROUP)
    currency_id = fields.Many2one("res.currency", readonly=True, groups=COST_GROUP)
    oldest = fields.Datetime(readonly=True)
    name = fields.Char(string="What", compute="_compute_name")

    @property
    def _table_query(self):
        return waiting_rows(self.env["telecom.source.identifier"]._orders())

    # All that it reads, or the rows are made twice for a list.
    @api.depends(
        "cause", "subject", "destination_id", "prefix", "file_id", "missing_id"
    )
    @api.depends_context("lang")
    def _compute_name(self):
        for row in self:
            row.name = row._told()

    @api.depends("name")
    def _compute_display_name(self):
        for row in self:
            row.display_name = row.name

    def _told(self):
        """The number, destination or file, as people call it."""
        if self.cause in ROW_CAUSES:
            reasons = self.env["telecom.rejection"]._fields["reason"]
            words = dict(reasons._description_selection(self.env))
            return words.get(self.subject, self.subject)
        if self.cause == "missing":
            return self.missing_id.display_name
        if self.destination_id:
            place = self.destination_id.display_name
            return f"{place} (+{self.prefix})" if self.prefix else place
        if self.cause in ("unrated", "late") and self.subject:
            return f"{self.subject}…"
        shown = numbering.format_international(self.subject or "")
        return shown or self.env._("Without a number")

    # === WHAT STANDS BEHIND A ROW === #

    def _calls_domain(self):
        """The calls of these groups."""
        return Domain.OR(row._call_domain() for row in self)

    def _call_domain(self):
        self.ensure_one()
        row = self.sudo()  # the currency of costs tells no cost
        names = ["company_id", "carrier_id"]
        if self.cause != "unmatched":
            names += ["direction", "service"]
        domain = Domain("cost_currency_id", "=", row.currency_id.id)
        if self.cause == "loss":
            names.append("destination_id")
            domain &= Domain("margin", "<", 0) & Domain("state", "=", "rated")
        else:
            domain &= self._waiting_domain()
        for name in names:
            value = row[name].id if name.endswith("_id") else row[name]
            domain &= Domain(name, "=", value)
        return domain

    def _waiting_domain(self):
        domain = Domain("rating_state", "=", self.cause)
        domain &= Domain("rating_reason", "=", self.reason)
        if self.cause != "unmatched":
            domain &= Domain("destination_id", "=", self.destination_id.id)
            domain &= Domain("prefix", "=", self.prefix)
        subject = self.subject or ""
        orders = self.env["telecom.source.identifier"]._orders()

        def to_sql(model, alias, query):
            return SQL("(%s) = %s", call_subject(alias, orders), subject)

        return domain & Domain.custom(to_sql=to_sql)

    def _call_ids(self, limit=None):
        """Ids of the calls of these groups: who may not see costs gets them, too."""
        calls = self.env["telecom.call"].sudo()
        domain = self._calls_domain() & Domain("company_id", "in", self.company_id.ids)
        return list(calls._search(domain, order="id", limit=limit))

    def _rejections(self):
        """The open rejections of these groups."""
        domain = Domain.OR(
            Domain("file_id.source_id", "=", row.source_id.id)
            & Domain("reason", "=", row.subject)
            for row in self
            if row.cause in ROW_CAUSES
        )
        rejections = self.env["telecom.rejection"]
        return rejections.search(domain & Domain("is_open", "=", True))

    # === ACTIONS === #

    def action_open(self):
        """Open what stands behind a row."""
        self.ensure_one()
        if self.cause in CALL_CAUSES:
            return self._open("telecom_call_action", "id", self._call_ids())
        if self.cause in ROW_CAUSES:
            return self._open("telecom_rejection_action", "id", self._rejections().ids)
        record = self.file_id or self.missing_id.source_id
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    def _open(self, xmlid, name, ids):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"telecom_cdr.{xmlid}")
        action.update(name=self[:1].name, domain=[(name, "in", ids)], context={})
        return action

    def _of_causes(self, *causes):
        """These rows; refused where one of them waits for something else."""
        others = self.filtered(lambda row: row.cause not in causes)
        if others:
            names = dict(self._fields["cause"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "This does not solve '%(cause)s' (%(name)s): take it out of the "
                    "selection.",
                    cause=names[others[0].cause],
                    name=others[0].name,
                )
            )
        return self

    def action_give_number(self):
        """Give the number to a customer."""
        self.ensure_one()
        self._of_causes("unmatched")
        return self._dialog("telecom_give_number_action")

    def action_add_rate(self):
        """Add the rate that is missing."""
        self.ensure_one()
        self._of_causes("unrated")
        return self._dialog("telecom_add_rate_action")

    def action_open_rates(self):
        """Open the rates that price these calls too low, or not yet."""
        self._of_causes("late", "loss")
        calls = self.env["telecom.call"].sudo().browse(self._call_ids(AT_ONCE))
        return self._open("telecom_rate_action", "id", calls.rate_id.ids)

    def _dialog(self, xmlid):
        action = self.env["ir.actions.act_window"]._for_xml_id(f"telecom_cdr.{xmlid}")
        action["context"] = {"default_waiting_id": self.id}
        return action

    def action_ignore(self):
        """Leave these calls out from now on, by a rule that can be taken back."""
        self._of_causes("unmatched", "unrated", "late")
        if len(self) == 1:
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "telecom_cdr.telecom_ignore_rule_new_action"
            )
            values = self._ignore_values()
            action["context"] = {f"default_{name}": values[name] for name in values}
            return action
        rules = self.env["telecom.ignore.rule"].create(
            [row._ignore_values() for row in self]
        )
        return rules.action_apply()

    def _ignore_values(self):
        """The rule that leaves out a group."""
        values = {
            "company_id": self.company_id.id,
            "carrier_id": self.carrier_id.id,
            "cause": self.cause,
        }
        if self.cause == "unmatched":
            self._check_has_party()
            return {**values, "number": self.subject}
        digits = (self.prefix or self.subject or "").lstrip("+")
        if digits.isdecimal():
            return {**values, "prefix": digits}
        return {**values, "called_pattern": f"^{digits}"}

    def _check_has_party(self):
        """A rule looks at the numbers, account and trunk of calls, at nothing else."""
        call = self.env["telecom.call"].sudo().browse(self._call_ids(1))
        if self.subject not in [call[name] for name in PARTIES]:
            raise UserError(
                self.env._(
                    "'%(name)s' is in none of the columns that rules look at (numbers, "
                    "account, trunk): have the format skip such rows instead.",
                    name=self.name,
                )
            )

    def action_open_format(self):
        """Open the format of the source, to correct it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "telecom.format",
            "res_id": self.source_id.format_id.id,
            "views": [(False, "form")],
        }

    def action_read_again(self):
        """Read rejected rows again, after their format was corrected."""
        if self.filtered(lambda row: row.cause == "failed"):
            self._of_causes("failed").file_id.action_process()
            return self._reload()
        self._of_causes(*ROW_CAUSES)
        return self._rejections().action_read_again()

    def action_download_rows(self):
        """The rejected rows as they stand in their file."""
        self._of_causes(*ROW_CAUSES)
        return self._rejections().action_download_rows()

    def action_dismiss(self):
        """Leave these rows out for good, or expect these files no more."""
        self._of_causes(*ROW_CAUSES, "missing")
        self._rejections().action_dismiss()
        self.missing_id.action_waive()
        return self._reload()

    def action_release(self):
        """Read held files after all."""
        return self._of_causes("held").file_id.action_ask_release()

    def action_discard(self):
        """Leave files out."""
        self._of_causes("held", "failed").file_id.action_discard()
        return self._reload()

    @api.model
    def _reload(self):
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @api.model
    def _reload_and_close(self):
        """Close a dialog and show the list behind it as it is now."""
        return {"type": "ir.actions.act_window_close", "infos": {"done": True}}

    # === TAKING UP === #

    @api.model
    def _take_up(self, domain, company):
        """Rate what has waited; a large number of calls is left to the schedule.

        Whatever made it possible has left its mark, so that the scheduled action
        rates it in any case: this is for who looks at the list.

        :return: whether it was done at once
        """
        calls = self.env["telecom.call"].sudo()
        waiting = Domain("company_id", "=", company.id) & Domain(domain)
        waiting &= Domain("rating_state", "!=", "rated")
        if calls.search_count(waiting, limit=AT_ONCE + 1) > AT_ONCE:
            return False
        self.env["telecom.rating"].sudo()._rate_again(waiting, company)
        return True

    @api.model
    def _figures(self):
        """What waits by cause: count, seconds, cost, oldest. For the overview."""
        with_cost = self.env.user.has_group(COST_GROUP)
        rows = self._read_group(
            [("company_id", "in", self.env.companies.ids)],
            ["cause"],
            ["record_count:sum", "duration:sum", "oldest:min", "__count"]
            + (["currency_id:array_agg", "cost:sum"] if with_cost else []),
        )
        return {
            cause: {
                "count": int(count or 0),
                "groups": groups,
                "duration": int(duration or 0),
                "oldest": oldest,
                "cost": more[1] if with_cost else None,
                "currency_ids": [c for c in set(more[0]) if c] if with_cost else [],
            }
            for cause, count, duration, oldest, groups, *more in rows
        }
