# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Command

PLAIN_TIER_FIELDS = ("kind", "start", "has_price", "price", "increment")


class TelecomRateSuccessor(models.TransientModel):
    """A new price from a date: ends a rate and adds the next."""

    _name = "telecom.rate.successor"
    _description = "New Price"

    rate_id = fields.Many2one("telecom.rate", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="rate_id.currency_id")
    method = fields.Selection(related="rate_id.method")
    price_per = fields.Selection(related="rate_id.price_per")
    pulse_seconds = fields.Integer(related="rate_id.pulse_seconds")
    volume_unit = fields.Selection(related="rate_id.volume_unit")
    has_initial_price = fields.Boolean(related="rate_id.has_initial_price")
    time_band_id = fields.Many2one(related="rate_id.time_band_id")
    from_beginning = fields.Boolean(
        string="For its whole period",
        compute="_compute_from_beginning",
        store=True,
        readonly=False,
        help="The rate is withdrawn, and the new price holds in its place: for a price "
        "that comes later, or one that was wrong.",
    )
    date_start = fields.Datetime(string="From", default=fields.Datetime.now)
    price = fields.Float(
        digits=(16, 9), compute="_compute_price", store=True, readonly=False
    )
    initial_price = fields.Float(
        string="First step at",
        digits=(16, 9),
        compute="_compute_initial_price",
        store=True,
        readonly=False,
    )
    connect_fee = fields.Float(
        digits=(16, 9), compute="_compute_connect_fee", store=True, readonly=False
    )
    markup = fields.Float(
        digits=(16, 4),
        compute="_compute_markup",
        store=True,
        readonly=False,
        groups="telecom_cdr.group_telecom_cost",
    )
    formula = fields.Text(
        compute="_compute_formula",
        store=True,
        readonly=False,
        groups="telecom_cdr.group_telecom_cost",
    )
    tier_ids = fields.One2many(
        "telecom.rate.successor.tier",
        "wizard_id",
        compute="_compute_tier_ids",
        compute_sudo=False,  # it is about what the user may see
        store=True,
        readonly=False,
    )

    # One method for each: a price that is given must not keep the others from
    # being filled in.
    @api.depends("rate_id")
    def _compute_from_beginning(self):
        for wizard in self:
            wizard.from_beginning = wizard.rate_id.is_late_priced

    @api.depends("rate_id")
    def _compute_price(self):
        for wizard in self:
            wizard.price = wizard.rate_id.price

    @api.depends("rate_id")
    def _compute_initial_price(self):
        for wizard in self:
            wizard.initial_price = wizard.rate_id.initial_price

    @api.depends("rate_id")
    def _compute_connect_fee(self):
        for wizard in self:
            wizard.connect_fee = wizard.rate_id.connect_fee

    @api.depends("rate_id")
    def _compute_markup(self):
        for wizard in self:
            wizard.markup = wizard.rate_id.markup

    @api.depends("rate_id")
    def _compute_formula(self):
        for wizard in self:
            wizard.formula = wizard.rate_id.formula

    @api.depends("rate_id")
    def _compute_tier_ids(self):
        for wizard in self:
            names = wizard._tier_fields()
            lines = [
                Command.create({name: tier[name] for name in names})
                for tier in wizard._seen_tiers()
            ]
            wizard.tier_ids = [Command.clear(), *lines]

    def _seen_tiers(self):
        """The tiers of the rate, but those that tell costs to who may not see them."""
        domain = [("rate_id", "=", self.rate_id.id)]
        return self.env["telecom.rate.tier"].search(domain)

    @api.model
    def _tier_fields(self):
        """What this user may see of a tier."""
        seen = self.env.user.has_group("telecom_cdr.group_telecom_cost")
        return (*PLAIN_TIER_FIELDS, "markup") if seen else PLAIN_TIER_FIELDS

    def _tier_commands(self):
        """The tiers of the new rate: as set here, and those that are not shown."""
        names = self._tier_fields()
        lines = [{name: tier[name] for name in names} for tier in self.tier_ids]
        hidden = self.rate_id.sudo().tier_ids - self._seen_tiers()
        lines += hidden.copy_data()
        return [Command.create(line) for line in lines]

    def action_apply(self):
        self.ensure_one()
        wizard = self.sudo()
        self.rate_id._succeed(
            False if self.from_beginning else self.date_start,
            {
                "price": self.price,
                "initial_price": self.initial_price,
                "connect_fee": self.connect_fee,
                "markup": wizard.markup,
                "formula": wizard.formula,
                "tier_ids": self._tier_commands(),
                "is_late_priced": False,
            },
        )


class TelecomRateSuccessorTier(models.TransientModel):
    _name = "telecom.rate.successor.tier"
    _description = "Tier of a New Price"
    _inherit = ["telecom.rate.tier.mixin"]
    _order = "kind, start, id"

    wizard_id = fields.Many2one(
        "telecom.rate.successor", required=True, ondelete="cascade"
    )

    def _rate_fields(self):
        return self.wizard_id
