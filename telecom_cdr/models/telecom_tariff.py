# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.base.models.res_partner import _tz_get

from .telecom_rate import PATTERNS, TARGET_FIELDS

# What decides a price: frozen once the tariff has priced a call.
PRICING_FIELDS = {
    "currency_id",
    "parent_id",
    "rounding",
    "rounding_digits",
    "tz",
    "band_rule",
    "is_tax_included",
}
SHOWN_WARNINGS = 5


class TelecomTariff(models.Model):
    """A rate table, for what carriers cost us or for what customers pay."""

    _name = "telecom.tariff"
    _description = "Telecom Tariff"
    _inherit = ["telecom.tariff.mixin"]
    _parent_name = "parent_id"

    parent_id = fields.Many2one(
        "telecom.tariff",
        string="Parent tariff",
        index="btree_not_null",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        help="Asked when this tariff has no rate for a call.",
    )
    is_cost = fields.Boolean(
        string="Cost tariff",
        tracking=True,
        help="What a carrier charges us. Only who may see costs sees it.",
    )
    rounding_digits = fields.Integer(
        help="Decimals of the price of a call. It is rounded once, at the end."
    )
    tz = fields.Selection(
        _tz_get,
        string="Time zone",
        required=True,
        tracking=True,
        default=lambda self: self.env.company.telecom_tz or "UTC",
        help="The hours of time bands are on the clocks of this zone.",
    )
    band_rule = fields.Selection(
        [
            ("start", "The band of its beginning"),
            ("split", "Each step by its own band"),
        ],
        string="A call over two bands",
        required=True,
        default="start",
        tracking=True,
        help="The connection fee is always that of the first band. Where steps go "
        "by their own bands, all steps of a call keep to the target (prefix, category "
        "...) at which its rate was found: that target needs a rate at all hours.",
    )
    is_tax_included = fields.Boolean(
        string="Prices include tax",
        tracking=True,
        help="Calls are priced with the tax that the billing product has. Lines of "
        "invoices then come to the sum of their calls with tax.",
    )
    allow_negative = fields.Boolean(
        string="Negative prices",
        tracking=True,
        help="Prices below 0 are refused as mistakes unless this is set: for credits, "
        "or for calls that somebody else pays you for.",
    )
    rate_ids = fields.One2many("telecom.rate", "tariff_id")
    assignment_ids = fields.One2many("telecom.tariff.assignment", "tariff_id")
    discount_ids = fields.One2many("telecom.discount.assignment", "tariff_id")
    warning_text = fields.Text(
        string="To look at",
        compute="_compute_warning_text",
        help="Hours at which calls would have no rate.",
    )
    rate_count = fields.Integer(compute="_compute_rate_count")
    is_telecom_used = fields.Boolean(
        string="Has priced calls", compute="_compute_is_telecom_used"
    )

    @api.depends("rate_ids")
    def _compute_rate_count(self):
        counts = dict(
            self.env["telecom.rate"]._read_group(
                [("tariff_id", "in", self.ids)], ["tariff_id"], ["__count"]
            )
        )
        for tariff in self:
            tariff.rate_count = counts.get(tariff, 0)

    @api.depends("rate_ids.is_telecom_used")
    def _compute_is_telecom_used(self):
        rates = self.env["telecom.rate"].with_context(active_test=False)
        used = rates._read_group(
            [("tariff_id", "in", self.ids), ("is_telecom_used", "=", True)],
            ["tariff_id"],
        )
        used_ids = {tariff.id for (tariff,) in used}
        for tariff in self:
            tariff.is_telecom_used = tariff.id in used_ids

    @api.depends("rate_ids.time_band_id", "parent_id", "band_rule")
    def _compute_warning_text(self):
        for tariff in self:
            found = tariff._banded_gaps() if tariff.ids else []
            tariff.warning_text = "\n".join(found[:SHOWN_WARNINGS]) or False

    def _has_priced(self):
        """Whether rates of it, or of a tariff that it asks, have priced calls."""
        rates = self.sudo().with_context(active_test=False)
        rates = (rates | rates._ancestors()).rate_ids
        return any(rates.mapped("is_telecom_used"))

    def _banded_gaps(self):
        """In words: the hours at which calls of a target have no rate."""
        rates = self._running_rates()
        banded = rates.filtered("time_band_id")
        if not banded:
            return []
        own = {self._target(rate) for rate in rates - banded}
        plain = (rates - banded) | (self._ancestors()._running_rates())
        plain = plain.filtered(lambda r: not r.time_band_id and not r.is_rule)
        found = []
        for target, group in banded.grouped(self._target).items():
            free = group.time_band_id._gap_text()
            if not free:
                continue
            if not any(self._stands_behind(rate, group[0]) for rate in plain):
                found.append(self._gap_text(group[0], free))
            elif self.band_rule == "split" and target not in own:
                found.append(self._split_gap_text(group[0], free))
        return found

    @api.model
    def _gap_text(self, rate, hours):
        return self.env._(
            "%(target)s has no rate at these hours: %(hours)s. Calls then wait without "
            "a price.",
            target=rate._target_text(),
            hours=hours,
        )

    @api.model
    def _split_gap_text(self, rate, hours):
        return self.env._(
            "%(target)s has no rate of its own at these hours: %(hours)s. Calls that "
            "begin in its time bands and go on then wait without a price, as all steps "
            "of a call keep to one target. Give it a rate for any time.",
            target=rate._target_text(),
            hours=hours,
        )

    @api.model
    def _target(self, rate):
        return tuple(rate[name] for name in (*TARGET_FIELDS, *PATTERNS))

    @api.model
    def _stands_behind(self, rate, banded):
        """Whether a rate for any time prices what the bands of another leave."""
        if (rate.service, rate.direction) != (banded.service, banded.direction):
            return False
        if self._target(rate) == self._target(banded):
            return True
        if rate.prefix and banded.prefix:
            return banded.prefix.startswith(rate.prefix)
        return not (rate.prefix or rate.destination_id or rate.category)

    def _running_rates(self):
        """Rates of these tariffs that are in force, now or later."""
        now = fields.Datetime.now()
        later = Domain("date_end", "=", False) | Domain("date_end", ">", now)
        own = Domain("tariff_id", "in", self.ids)
        return self.env["telecom.rate"].search(own & later)

    def _ancestors(self):
        found, above = self.browse(), self.parent_id
        while above and above not in found:
            found |= above
            above = above.parent_id
        return found

    @api.constrains("parent_id")
    def _check_parent(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._(
                    "A tariff cannot be its own parent, directly or through others."
                )
            )

    def write(self, vals):
        result = super().write(vals)
        if self._frozen_names(vals):
            self._mark_for_rating()
        return result

    def _frozen_names(self, vals):
        return PRICING_FIELDS & vals.keys()

    def _frozen_text(self):
        return self.env._(
            "Calls have been priced with %(names)s, so currency, parent and rounding "
            "stay as they are. Duplicate the tariff and assign the copy from a date.",
            names=", ".join(self.mapped("display_name")),
        )

    def _kept_text(self):
        return self.env._(
            "%(names)s cannot be deleted: it has priced calls. Archive it.",
            names=", ".join(self.mapped("display_name")),
        )

    def copy(self, default=None):
        """Copy the rates too; mark-ups also for who may not see them."""
        copies = super().copy(default)
        for tariff, copied in zip(self, copies, strict=True):
            rates = tariff.sudo().rate_ids
            rates.create(
                [{**vals, "tariff_id": copied.id} for vals in rates.copy_data()]
            )
        return copies

    def _mark_for_rating(self):
        self.env["telecom.rating.mark"]._mark(
            [{"company_id": one.company_id.id, "tariff_id": one.id} for one in self]
        )

    def action_open_rates(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_action"
        )
        action["domain"] = [("tariff_id", "=", self.id)]
        action["context"] = {"default_tariff_id": self.id}
        return action

    # === SAMPLE CALLS === #

    golden_call_ids = fields.One2many(
        "telecom.golden.call", "tariff_id", string="Sample calls"
    )
    golden_call_count = fields.Integer(compute="_compute_golden_call_count")

    @api.depends("golden_call_ids")
    def _compute_golden_call_count(self):
        counts = dict(
            self.env["telecom.golden.call"]._read_group(
                [("tariff_id", "in", self.ids)], ["tariff_id"], ["__count"]
            )
        )
        for tariff in self:
            tariff.golden_call_count = counts.get(tariff, 0)

    def _broken_golden_calls(self):
        """Sample calls of these tariffs, and of those that build on them, that fail.

        Priced with what the database holds in this transaction: make a change inside a
        savepoint, ask, and roll back.

        :return: (sample call, price or None where there is none) of those that do not
            come out as expected
        """
        samples = (
            self.env["telecom.golden.call"]
            .sudo()
            .search([("tariff_id", "child_of", self.ids)])
        )
        return [
            (golden, None if verdict == "unpriced" else call.price)
            for golden, call in samples._results()
            if (verdict := golden._verdict(call)) != "passed"
        ]

    def action_check_golden_calls(self):
        """Check the sample calls of this tariff and show how they came out."""
        self.ensure_one()
        samples = self.env["telecom.golden.call"].search(
            [("tariff_id", "child_of", self.ids)]
        )
        samples.action_check()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_golden_call_action"
        )
        action["domain"] = [("tariff_id", "child_of", self.ids)]
        action["context"] = {"default_tariff_id": self.id}
        return action

    # === RATES FROM FILES AND INTO THEM === #

    rate_sheet_ids = fields.One2many("telecom.rate.sheet", "tariff_id")
    rate_sheet_count = fields.Integer(compute="_compute_rate_sheet_count")

    @api.depends("rate_sheet_ids")
    def _compute_rate_sheet_count(self):
        counts = dict(
            self.env["telecom.rate.sheet"]._read_group(
                [("tariff_id", "in", self.ids)], ["tariff_id"], ["__count"]
            )
        )
        for tariff in self:
            tariff.rate_sheet_count = counts.get(tariff, 0)

    def action_import_rates(self):
        """A new import into this tariff."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_sheet_action_new"
        )
        action["context"] = {"default_tariff_id": self.id}
        return action

    def action_export_rates(self):
        """The rates of these tariffs as files."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_export_action"
        )
        action["context"] = {"default_tariff_ids": self.ids}
        return action

    def action_open_rate_sheets(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_rate_sheet_action"
        )
        action["domain"] = [("tariff_id", "=", self.id)]
        action["context"] = {"default_tariff_id": self.id}
        return action
