# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from typing import Any, Self

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .authorisation_sql import redirects_query
from .dialled import spelled
from .redirect_rules import leads_to

CONDITIONS = [
    ("always", "Always"),
    ("busy", "Busy"),
    ("no_answer", "No answer"),
    ("unreachable", "Unreachable"),
]
DAY_HOURS = 24
LOOP_STEPS = 50


class TelecomRedirect(models.Model):
    """Where incoming calls of a number go instead, when and on which days."""

    _name = "telecom.redirect"
    _description = "Redirection of Incoming Calls"
    _inherit = ["mail.thread"]
    _order = "number_id, sequence, id"

    number_id = fields.Many2one(
        "telecom.number", required=True, index=True, tracking=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        compute="_compute_partner_id",
        store=True,
        precompute=True,
        index=True,
        help="Who held the number when it was redirected: only for that customer do "
        "calls go there.",
    )
    company_id = fields.Many2one(
        related="number_id.company_id", store=True, index=True, precompute=True
    )
    sequence = fields.Integer(default=10, help="The first that applies counts.")
    active = fields.Boolean(default=True, tracking=True)
    condition = fields.Selection(
        CONDITIONS, required=True, default="always", tracking=True
    )
    after_seconds = fields.Integer(
        string="After (s)",
        default=20,
        tracking=True,
        help="How long it rings before, where nobody answers.",
    )
    target = fields.Char(
        required=True, tracking=True, help="The number that gets the calls."
    )
    on_monday = fields.Boolean(string="Monday", default=True, tracking=True)
    on_tuesday = fields.Boolean(string="Tuesday", default=True, tracking=True)
    on_wednesday = fields.Boolean(string="Wednesday", default=True, tracking=True)
    on_thursday = fields.Boolean(string="Thursday", default=True, tracking=True)
    on_friday = fields.Boolean(string="Friday", default=True, tracking=True)
    on_saturday = fields.Boolean(string="Saturday", default=True, tracking=True)
    on_sunday = fields.Boolean(string="Sunday", default=True, tracking=True)
    hour_from = fields.Float(default=0.0, tracking=True)
    hour_to = fields.Float(
        default=24.0,
        tracking=True,
        help="Not included. Earlier than the first hour: until the next morning.",
    )

    _after_seconds_range = models.Constraint(
        "CHECK(after_seconds BETWEEN 1 AND 300)",
        "Calls can ring for 1 to 300 seconds before they are redirected.",
    )

    @api.depends("number_id", "active")
    def _compute_partner_id(self) -> None:
        """Not whoever holds the number later; what is archived stays whose it was."""
        for redirect in self:
            payer = redirect.number_id.commercial_partner_id
            is_kept = redirect.partner_id and not redirect.active
            redirect.partner_id = redirect.partner_id if is_kept else payer

    def _belong_to_holder(self) -> None:
        """From now on they are of who pays for their numbers; they count unchanged.

        Targets that this customer may not call are left out when a call comes.
        """
        self.env.add_to_compute(self._fields["partner_id"], self)

    @api.depends("number_id", "condition", "target")
    def _compute_display_name(self) -> None:
        for redirect in self:
            redirect.display_name = f"{redirect.number_id.number} → {redirect.target}"

    @api.constrains("hour_from", "hour_to")
    def _check_hours(self) -> None:
        for redirect in self:
            hours = (redirect.hour_from, redirect.hour_to)
            if (
                not all(0 <= hour <= DAY_HOURS for hour in hours)
                or hours[0] == hours[1]
            ):
                raise ValidationError(
                    self.env._(
                        "Hours go from 0:00 to 24:00, and the last is another than the "
                        "first; found were %(first)s and %(last)s.",
                        first=hours[0],
                        last=hours[1],
                    )
                )

    @api.model_create_multi
    def create(self, vals_list: list[dict[str, Any]]) -> Self:
        redirects = super().create(
            [
                {
                    **vals,
                    "target": self._spelled(
                        vals.get("target"),
                        self.env["telecom.number"].browse(vals.get("number_id")),
                    ),
                }
                for vals in vals_list
            ]
        )
        redirects._check_target()
        return redirects

    def write(self, vals: dict[str, Any]) -> bool:
        if "target" in vals:
            number = self.env["telecom.number"].browse(vals.get("number_id"))
            target = self._spelled(vals["target"], number or self[:1].number_id)
            vals = {**vals, "target": target}
        result = super().write(vals)
        if vals.keys() - {"sequence"}:
            self._check_target()
        return result

    # === TARGET === #

    @api.model
    def _spelled(self, text: str | None, number: models.BaseModel) -> str:
        """The target as calls have it; only telephone numbers can be one."""
        country = number.company_id.country_id.code or "ES"
        found = spelled(text or "", country)
        if not (found and found.startswith("+")):
            raise ValidationError(
                self.env._(
                    "'%s' is not a telephone number that calls can be redirected to. "
                    "Write it in international form (+34…) or as it is dialled.",
                    text or "",
                )
            )
        return found

    def _check_target(self) -> None:
        """Neither back to the number itself, nor to where it may not call."""
        self.flush_recordset()
        for redirect in self.filtered("active").sudo():
            redirect._check_loop()
            redirect._check_blocked()

    def _check_loop(self) -> None:
        number = self.number_id
        query = redirects_query(number.id, fields.Datetime.now(), LOOP_STEPS)
        graph = defaultdict(list)
        for row in self.env.execute_query_dict(query):
            graph[row["number"]].append(row["target"])
        if leads_to(graph, self.target, number.number):
            raise ValidationError(
                self.env._(
                    "Calls to %(number)s would come back to it from %(target)s, in a "
                    "circle. Choose another target.",
                    number=number.display_name,
                    target=self.target,
                )
            )

    def _check_blocked(self) -> None:
        number = self.number_id
        place = self.env["telecom.authorisation"]._place(number.company_id, self.target)
        block = self.env["telecom.block"]._is_blocked(
            number.commercial_partner_id,
            number,
            self.target,
            place.prefix,
            self.env["telecom.destination"].browse(place.destination_id),
            place.category,
        )
        if block:
            raise ValidationError(
                self.env._(
                    "Calls to %(target)s are blocked (%(block)s): they can't be "
                    "redirected there.",
                    target=self.target,
                    block=block.display_name,
                )
            )
