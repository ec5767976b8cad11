# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

OWNER = ("company_id", "partner_id", "number_id")


class TelecomMasking(models.Model):
    """What a customer chose: that digits of the numbers it calls are not shown.

    A choice holds for calls that start from then on. Their digits are hidden when they
    are stored (``call_secret``), so what has begun is never changed: it ends, and the
    next choice begins.
    """

    _name = "telecom.masking"
    _description = "Masking of Called Numbers"
    _inherit = ["mail.thread", "telecom.payer.mixin"]
    _order = "date_start desc, id desc"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        index=True,
        default=lambda self: self.env.company,
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=True, ondelete="restrict"
    )
    number_id = fields.Many2one(
        "telecom.number",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="[('partner_id', 'child_of', partner_id)]",
        help="Empty: all numbers that have no choice of their own.",
    )
    hidden_digits = fields.Integer(
        required=True,
        tracking=True,
        default=lambda self: self.env.company.telecom_masked_digits,
        help="So many of the last digits of called numbers are not shown: to nobody "
        "without lawful access. 0: whole numbers. Digits that tell the destination "
        "always stay.",
    )
    date_start = fields.Datetime(
        string="From",
        required=True,
        tracking=True,
        default=lambda self: fields.Datetime.now(),
        help="For calls that start from then on. Never in the past.",
    )
    date_end = fields.Datetime(
        string="Until", tracking=True, copy=False, help="Not included."
    )
    has_begun = fields.Boolean(compute="_compute_has_begun")

    _digits_range = models.Constraint(
        "CHECK(hidden_digits BETWEEN 0 AND 15)",
        "A telephone number has at most 15 digits to hide: write 0 to 15.",
    )
    # One that is replaced before it begins holds at no time.
    _period_order = models.Constraint(
        "CHECK(date_end >= date_start)", "A choice must end after it starts."
    )
    _period_excl = models.Constraint(
        "EXCLUDE USING gist (company_id WITH =, partner_id WITH =,"
        " COALESCE(number_id, 0) WITH =, tsrange(date_start, date_end) WITH &&)",
        "This customer already has a choice for a part of this time.",
    )

    # === COMPUTE METHODS === #

    @api.depends("date_start")
    def _compute_has_begun(self):
        now = fields.Datetime.now()
        for choice in self:
            choice.has_begun = bool(choice.id and choice.date_start <= now)

    @api.depends("partner_id", "number_id", "hidden_digits")
    def _compute_display_name(self):
        for choice in self:
            whose = choice.number_id.display_name or choice.partner_id.name or ""
            choice.display_name = (
                self.env._(
                    "%(whose)s: last %(digits)s digits hidden",
                    whose=whose,
                    digits=choice.hidden_digits,
                )
                if choice.hidden_digits
                else self.env._("%s: whole numbers", whose)
            )

    def _contact_text(self, contact, customer):
        return self.env._(
            "%(contact)s is a contact of %(customer)s, who pays for the calls: that "
            "one chooses.",
            contact=contact,
            customer=customer,
        )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        now = fields.Datetime.now()
        for vals in vals_list:
            # A form that was open for a while proposes when it was opened.
            start = fields.Datetime.to_datetime(vals.get("date_start")) or now
            if start < fields.Datetime.subtract(now, hours=1):
                raise self._in_the_past(start)
            vals["date_start"] = max(start, now)
        choices = self.browse()
        for vals in vals_list:
            self._end_before(vals)
            choices |= super().create([vals])
        choices._note_change()
        return choices

    def write(self, vals):
        self._check_changes(vals)
        result = super().write(vals)
        self._note_change()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_begun(self):
        if self.filtered("has_begun"):
            raise UserError(
                self.env._(
                    "A choice that has begun stays as it is: digits of calls are "
                    "hidden by it. End it instead."
                )
            )
        self._note_change()

    def _check_changes(self, vals):
        """What has begun may only end, and only from now on."""
        if {*OWNER} & vals.keys():
            raise UserError(
                self.env._(
                    "Whose choice it is does not change. End this, and add another."
                )
            )
        now = fields.Datetime.now()
        for choice in self.filtered("has_begun"):
            frozen = {"hidden_digits", "date_start"} & vals.keys()
            has_ended = choice.date_end and choice.date_end <= now
            if frozen or (has_ended and "date_end" in vals):
                raise self._in_the_past(choice.date_start)
        for name in {"date_start", "date_end"} & vals.keys():
            moment = fields.Datetime.to_datetime(vals[name])
            if moment and moment < now:
                raise self._in_the_past(moment)

    def _in_the_past(self, moment):
        return UserError(
            self.env._(
                "What is past cannot be chosen otherwise: %(moment)s. A choice holds "
                "for calls that start from now on.",
                moment=fields.Datetime.to_string(moment),
            )
        )

    def _end_before(self, vals):
        """End what the owner of a new choice has chosen so far when that begins."""
        owner = {name: vals.get(name) or False for name in OWNER}
        owner["company_id"] = owner["company_id"] or self.env.company.id
        start = vals["date_start"]
        known = self.search(Domain.AND(Domain(n, "=", v) for n, v in owner.items()))
        running = known.filtered(lambda one: not one.date_end or one.date_end > start)
        # Those behind it have not begun.
        running.filtered(lambda one: one.date_start > start).unlink()
        running.exists().write({"date_end": start})
        self.flush_model()

    def _note_change(self):
        """Imports load their tables anew."""
        self.env["telecom.rating.change"]._note(self.company_id.ids)

    # === BUSINESS METHODS === #

    @api.model
    def _present(self, partner, number=None):
        """The choice that is in force now for a customer or one of its numbers."""
        now = fields.Datetime.now()
        return self.search(
            Domain("company_id", "=", self.env.company.id)
            & Domain("partner_id", "=", partner.id)
            & Domain("number_id", "=", number.id if number else False)
            & Domain("date_start", "<=", now)
            & (Domain("date_end", "=", False) | Domain("date_end", ">", now)),
            limit=1,
        )

    @api.model
    def _is_in_play(self, company):
        """Whether any customer of a company hides digits, or did once."""
        hiding = Domain("company_id", "=", company.id) & Domain("hidden_digits", ">", 0)
        return bool(self.sudo().search(hiding, limit=1))

    @api.model
    def _companies_in_play(self):
        """The companies of which that is true."""
        hiding = self.sudo()._read_group([("hidden_digits", ">", 0)], ["company_id"])
        return self.env["res.company"].union(*(company for (company,) in hiding))
