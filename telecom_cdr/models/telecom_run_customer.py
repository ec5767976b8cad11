# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from .bulk_fields import BigInteger
from .mixin_run_preview import MUCH_LESS, MUCH_MORE

STATES = [
    ("waiting", "To be looked at"),
    ("ready", "To invoice"),
    ("left_out", "Left out"),
    ("nothing", "Nothing to invoice"),
    ("failed", "Failed"),
    ("invoiced", "Draft"),
    ("posted", "Posted"),
    ("sending", "Being sent"),
    ("sent", "Sent"),
]
FLAGS = [
    ("new", "New customer"),
    ("more", "Doubled"),
    ("less", "Much less"),
    ("zero", "No amount"),
    ("gone", "Nothing any more"),
]
REASONS = [
    ("hand", "By hand"),
    ("hold", "Customer on hold"),
    ("minimum", "Below the least amount"),
    ("zero", "No amount"),
]
# Whoever waits for somebody comes first, then what is odd.
FAILED, ODD, USUAL, NOT_INVOICED = 3, 2, 1, 0


class TelecomRunCustomer(models.Model):
    """A customer of a run in one currency: what is to invoice, what became of it."""

    _name = "telecom.run.customer"
    _description = "Customer of an Invoicing Run"
    _order = "run_id desc, severity desc, total desc, id"

    run_id = fields.Many2one(
        "telecom.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="restrict",
    )
    currency_id = fields.Many2one("res.currency", required=True)
    date_to = fields.Date(string="Until", required=True)
    state = fields.Selection(STATES, required=True, default="waiting", index=True)
    flag = fields.Selection(FLAGS, string="Odd")
    left_reason = fields.Selection(REASONS, string="Left out because")
    message = fields.Char(help="What went wrong, and what to do.")
    call_count = fields.Integer(string="Calls")
    duration = BigInteger(string="Time", aggregator="sum")
    call_amount = fields.Monetary(string="Amount of calls")
    other_amount = fields.Monetary(string="Fees and charges")
    total = fields.Monetary(string="Untaxed total")
    previous = fields.Monetary(
        string="Period before", help="Invoiced for the period before, untaxed."
    )
    change = fields.Float(string="Change (%)", aggregator=None, digits=(12, 1))
    waiting_count = fields.Integer(
        string="Without a price", help="Calls of the period that have no price yet."
    )
    invoiced_amount = fields.Monetary(string="Invoiced")
    is_new = fields.Boolean()
    severity = fields.Integer(aggregator=None)
    run_work = fields.Selection(related="run_id.work", string="Run at work")
    run_state = fields.Selection(related="run_id.state", string="State of the run")

    _customer_uniq = models.Constraint(
        "UNIQUE(run_id, partner_id, currency_id)",
        "This customer is in the run already.",
    )

    @api.depends("partner_id", "run_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = f"{line.run_id.name}: {line.partner_id.name}"

    # === JUDGEMENT === #

    def _judge(self, held=()):
        """Say of looked-at lines whether they are invoiced, and what is odd.

        :param held: ids of customers who are not invoiced for now
        """
        run = self.run_id
        for lines in self.grouped("partner_id").values():
            reason = lines._reason_to_leave(run, held)
            for line in lines:
                line.write(line._judged(reason))

    def _reason_to_leave(self, run, held):
        """Why a customer is left out, of all currencies at once; or False."""
        if self.partner_id.id in held:
            return "hold"
        if any(line.left_reason == "hand" for line in self):
            return "hand"
        if not any(line._has_something() for line in self):
            return False
        totals = [(line.currency_id, line.total) for line in self]
        if run.skip_zero and all(c.is_zero(total) for c, total in totals):
            return "zero"
        amount = sum(run._in_company_currency(*pair) for pair in totals)
        if run.minimum_amount and amount < run.minimum_amount:
            return "minimum"
        return False

    def _has_something(self):
        return bool(self.call_count or self.other_amount or self.call_amount)

    def _judged(self, reason):
        """Values of a line that say what it is."""
        state = "ready" if self._has_something() else "nothing"
        if (reason and state == "ready") or reason in ("hand", "hold"):
            state = "left_out"
        flag = self._odd()
        severity = NOT_INVOICED
        if state == "ready" or flag == "gone":
            severity = ODD if flag or self.waiting_count else USUAL
        previous = self.previous
        return {
            "state": state,
            "left_reason": reason if state == "left_out" else False,
            "flag": flag,
            "severity": severity,
            "change": (self.total - previous) / previous * 100 if previous else 0,
            "message": False,
        }

    def _odd(self):
        """What is odd with the amount."""
        total, previous = self.total, self.previous
        if not self._has_something():
            return "gone" if previous > 0 else False
        if self.is_new:
            return "new"
        if self.currency_id.is_zero(total):
            return "zero"
        if previous > 0 and total >= previous * MUCH_MORE:
            return "more"
        if previous > 0 and total <= previous * MUCH_LESS:
            return "less"
        return False

    # === STATES === #

    def _set_state(self, before, after):
        self.filtered(lambda line: line.state == before).state = after

    def _fail(self, message):
        """Keep what went wrong with a customer; the others go on."""
        self.filtered(lambda line: line.state not in ("left_out", "nothing")).write(
            {
                "state": "failed",
                "message": " ".join(message.split()),
                "severity": FAILED,
            }
        )

    def _moves(self):
        """The invoices of these lines that are not cancelled."""
        return self.env["account.move"].union(*self._moves_by_key().values())

    def _moves_by_key(self):
        """The same by run, customer and currency."""
        moves = self.env["account.move"].search(
            [
                ("telecom_run_id", "in", self.run_id.ids),
                ("commercial_partner_id", "in", self.partner_id.ids),
                ("currency_id", "in", self.currency_id.ids),
                ("state", "!=", "cancel"),
            ]
        )
        return moves.grouped(
            lambda m: (m.telecom_run_id, m.commercial_partner_id, m.currency_id)
        )

    def _key(self):
        return (self.run_id, self.partner_id, self.currency_id)

    def _note_moves(self, moves):
        """Take the states of the invoices that were just made."""
        amounts = {}
        for move in moves:
            key = (move.commercial_partner_id, move.currency_id)
            sign = -1 if move.move_type == "out_refund" else 1
            amounts[key] = amounts.get(key, 0) + sign * move.amount_untaxed
        for line in self:
            amount = amounts.pop((line.partner_id, line.currency_id), None)
            if amount is not None:
                line.write(line._invoiced_values(amount))
            elif line.state == "ready":
                line.write({"state": "nothing", "invoiced_amount": 0})
        for (partner, currency), amount in amounts.items():
            # In a currency that the preview knew nothing of.
            line = self.filtered(lambda one, p=partner: one.partner_id == p)[:1]
            line.copy(
                {"currency_id": currency.id, **self._blank(), "date_to": line.date_to}
            ).write(self._invoiced_values(amount))

    @api.model
    def _blank(self):
        names = ("call_count", "duration", "call_amount", "other_amount", "total")
        return {**dict.fromkeys(names, 0), "previous": 0, "flag": False}

    @api.model
    def _invoiced_values(self, amount):
        return {
            "state": "invoiced",
            "invoiced_amount": amount,
            "message": False,
            "severity": USUAL,
        }

    def _follow_moves(self):
        """Take the states of invoices that were posted, deleted or cancelled."""
        moves = self._moves_by_key()
        for line in self:
            line._follow(moves.get(line._key()))

    def _follow(self, moves):
        if moves:
            drafts = moves.filtered(lambda move: move.state == "draft")
            self.write({"state": "invoiced" if drafts else "posted", "message": False})
        elif self.state in ("invoiced", "posted", "sending", "sent", "failed"):
            # Who has failed may never have been looked at.
            is_due = self.state == "failed" or self._has_something()
            state = "ready" if is_due else "nothing"
            self.write({"state": state, "invoiced_amount": 0, "message": False})
        if self.severity == FAILED:
            self.severity = ODD if self.flag else USUAL

    # === ACTIONS === #

    def action_leave_out(self):
        """Leave these customers out of the run, in all currencies."""
        lines = self._of_customers()
        lines.run_id._check_selecting()
        waiting = lines.filtered(lambda line: line.state in ("ready", "failed"))
        waiting.write(
            {"state": "left_out", "left_reason": "hand", "severity": NOT_INVOICED}
        )

    def action_take_in(self):
        """Invoice these customers after all, whatever had them left out."""
        lines = self._of_customers()
        lines.run_id._check_selecting()
        for line in lines.filtered(lambda line: line.state == "left_out"):
            line.write(
                {
                    "state": "ready" if line._has_something() else "nothing",
                    "left_reason": False,
                    "severity": ODD if line.flag else USUAL,
                }
            )

    def _of_customers(self):
        """All lines of these customers, to be written by the checks of the run."""
        self.run_id._check_may_run()
        domain = Domain("run_id", "in", self.run_id.ids)
        domain &= Domain("partner_id", "in", self.partner_id.ids)
        return self.sudo().search(domain)

    def action_retry(self):
        """Try again what has failed for these customers."""
        lines = self._of_customers().filtered(lambda line: line.state == "failed")
        return lines.run_id.sudo(False)._retry(lines)

    def action_open_calls(self):
        """Open the calls of this customer: those to invoice, or those invoiced."""
        self.ensure_one()
        moves = self.sudo()._moves()
        if moves:
            return moves.sudo(False)._action_telecom_calls()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = [
            ("company_id", "=", self.company_id.id),
            ("partner_id", "=", self.partner_id.id),
            ("day", "<=", self.date_to),
            ("state", "in", ["rated", "unrated", "late"]),
        ]
        action["context"] = {"search_default_filter_to_invoice": 1}
        return action

    def action_open_moves(self):
        """Open the invoices of these customers."""
        moves = self.sudo()._moves()
        return self.run_id._action_moves(moves.ids)
