# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import float_compare

from odoo.addons.telecom_cdr.parsers import numbering

from ..engine.identity import plain
from .charge_settlement import ChargeSettlement, exact
from .telecom_fee_tariff_line import KINDS

STATES = [
    ("unmatched", "No customer"),
    ("unpriced", "No price"),
    ("ready", "To invoice"),
    ("invoiced", "Invoiced"),
    ("excluded", "Not charged"),
]
WAIT_REASONS = [
    ("no_reference", "Unknown reference"),
    ("ambiguous", "Reference of several customers"),
    ("in_stock", "Number in stock"),
    ("ended", "Number no longer ours"),
    ("rule_number", "Number of the rule not held"),
    ("no_tariff", "No tariff"),
    ("no_line", "Product not in the tariff"),
    ("no_currency_rate", "No currency rate"),
    ("no_cost", "Cost unknown"),
    ("not_passed_on", "Not passed on"),
    ("included", "Included in a bundle"),
    ("information", "For information only"),
    ("not_ours", "Not ours"),
    ("split", "Split by days"),
    ("by_hand", "Left out by hand"),
]
COST_CHECKS = [
    ("agrees", "As agreed"),
    ("differs", "Differs"),
    ("no_line", "Not in the wholesale tariff"),
]
COST_GROUP = "telecom_cdr.group_telecom_cost"
# What a person may write; all else is the file's or the tariff's.
EDITABLE = {"number_id", "partner_id", "is_excluded"}
BATCH = 2_000


class TelecomCharge(models.Model):
    """What a carrier charges beside calls, and what the customer pays for it."""

    _name = "telecom.charge"
    _description = "Carrier's Charge"
    _inherit = [
        "telecom.charge.split.mixin",
        "telecom.charge.solving.mixin",
        "telecom.invoiced.mixin",
    ]
    _order = "period_from desc, id desc"
    _rec_name = "reference"
    _rec_names_search = ["reference", "description", "product_code"]

    # What the file says.
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    carrier_id = fields.Many2one(
        "telecom.carrier", required=True, readonly=True, index=True, ondelete="restrict"
    )
    file_id = fields.Many2one(
        "telecom.file", required=True, readonly=True, index=True, ondelete="restrict"
    )
    line_number = fields.Integer(readonly=True, aggregator=None)
    raw = fields.Text(string="Line of the file", readonly=True, groups=COST_GROUP)
    identity = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        help="The same for the same charge, whatever file brings it.",
    )
    account = fields.Char(readonly=True, help="Our account at the carrier.")
    reference = fields.Char(
        required=True,
        readonly=True,
        index=True,
        help="Number, line or customer that the carrier charges for.",
    )
    product_code = fields.Char(readonly=True)
    description = fields.Char(readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    period_from = fields.Date(string="From", required=True, readonly=True)
    period_to = fields.Date(
        string="To", required=True, readonly=True, help="Last day, included."
    )
    quantity = fields.Float(digits=(16, 6), readonly=True, aggregator=None)
    unit_cost = fields.Float(
        string="Cost of one",
        digits=(20, 9),
        readonly=True,
        groups=COST_GROUP,
        aggregator=None,
    )
    cost = fields.Float(
        digits=(20, 9), readonly=True, groups=COST_GROUP, help="Net, as the file says."
    )
    cost_currency_id = fields.Many2one(
        "res.currency", required=True, readonly=True, groups=COST_GROUP
    )
    is_cost_derived = fields.Boolean(
        string="Cost by the wholesale tariff",
        readonly=True,
        groups=COST_GROUP,
        help="The file tells no amount.",
    )
    tax_code = fields.Char(readonly=True)
    # What it should have cost.
    cost_line_id = fields.Many2one(
        "telecom.fee.tariff.line",
        string="Wholesale line",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups=COST_GROUP,
    )
    agreed_cost = fields.Float(
        digits=(20, 9),
        readonly=True,
        groups=COST_GROUP,
        help="By the carrier's wholesale tariff.",
    )
    cost_difference = fields.Float(
        string="Charged above what was agreed",
        digits=(20, 9),
        readonly=True,
        groups=COST_GROUP,
    )
    cost_check = fields.Selection(
        COST_CHECKS, string="Cost against tariff", readonly=True, groups=COST_GROUP
    )
    # Who pays.
    number_id = fields.Many2one(
        "telecom.number",
        string="Our number",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        index="btree_not_null",
        ondelete="restrict",
        help="Who pays: whoever held the number for most of the period.",
    )
    is_manual = fields.Boolean(
        string="Assigned by hand",
        readonly=True,
        help="Number and customer stay as they were set, whatever the numbers say.",
    )
    fee_rule_id = fields.Many2one(
        "telecom.fee.rule",
        string="By rule",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    is_excluded = fields.Boolean(string="Left out by hand")
    # How much.
    fee_tariff_id = fields.Many2one(
        "telecom.fee.tariff",
        string="Tariff",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    fee_line_id = fields.Many2one(
        "telecom.fee.tariff.line",
        string="Tariff line",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    fee_subscription_id = fields.Many2one(
        "telecom.bundle.subscription",
        string="Included in",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The customer's bundle that includes this charge.",
    )
    price = fields.Float(digits=(16, 6), readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    margin = fields.Float(
        digits=(20, 9),
        readonly=True,
        groups=COST_GROUP,
        help="Price less cost, in the company's currency.",
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company currency"
    )
    # What becomes of it.
    settled_state = fields.Selection(
        [item for item in STATES if item[0] != "invoiced"],
        required=True,
        readonly=True,
        default="unmatched",
    )
    wait_reason = fields.Selection(WAIT_REASONS, string="Why", readonly=True)
    wait_text = fields.Char(string="What to do", compute="_compute_wait_text")
    state = fields.Selection(STATES, compute="_compute_state", store=True, index=True)
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoice line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    move_id = fields.Many2one(related="move_line_id.move_id", string="Invoice")

    _identity_uniq = models.UniqueIndex("(identity)", "This charge is known already.")
    _period_order = models.Constraint(
        "CHECK(period_to >= period_from)", "A period must not end before it starts."
    )
    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0)", "The quantity of a charge is above 0."
    )
    _to_invoice_idx = models.Index("(company_id, partner_id) WHERE state = 'ready'")

    # === COMPUTE METHODS === #

    @api.depends("settled_state", "move_line_id")
    def _compute_state(self):
        for charge in self:
            charge.state = "invoiced" if charge.move_line_id else charge.settled_state

    @api.depends("reference", "description")
    def _compute_display_name(self):
        for charge in self:
            shown = numbering.format_international(charge.reference or "")
            parts = [shown, charge.description or charge.product_code]
            charge.display_name = " · ".join(filter(None, parts))

    @api.depends("wait_reason", "state")
    @api.depends_context("lang")
    def _compute_wait_text(self):
        for charge in self:
            charge.wait_text = (
                charge._wait_text() if charge.state != "invoiced" else False
            )

    def _wait_text(self):
        """What was found and what to do, for the reason that a charge waits."""
        texts = {
            "no_reference": self.env._(
                "No number was held as %(reference)s in this period, and no customer "
                "has it as reference. Add the number, or give the charge a customer."
            ),
            "ambiguous": self.env._(
                "Several customers have the reference %(reference)s. Give the charge "
                "one of them."
            ),
            "in_stock": self.env._(
                "%(number)s was in stock in this period: nobody held it. Give the "
                "number or the charge a customer, or leave the charge out."
            ),
            "ended": self.env._(
                "%(number)s was no longer ours in this period, and the carrier charges "
                "for it. Claim it back from the carrier, or give the charge a customer."
            ),
            "rule_number": self.env._(
                "The rule %(rule)s names a number that nobody held in this period. "
                "Correct the rule or the number."
            ),
            "no_tariff": self.env._(
                "%(customer)s has no fixed-fee tariff on %(day)s, and the company has "
                "no default. Assign one."
            ),
            "no_line": self.env._(
                "The tariff %(tariff)s has no line for product %(code)s (%(kind)s) on "
                "%(day)s. Add one."
            ),
            "no_currency_rate": self.env._(
                "The currency rate of %(day)s is missing. Enter it: no older one is "
                "taken."
            ),
            "no_cost": self.env._(
                "The file tells no amount, and the carrier's wholesale tariff has no "
                "line for product %(code)s (%(kind)s) on %(day)s. Add one."
            ),
            "included": self.env._("The bundle %(bundle)s includes this charge."),
            "information": self.env._(
                "The carrier or the source is for information only: nobody is billed."
            ),
            "not_ours": self.env._("The rule %(rule)s says that this is not ours."),
            "split": self.env._(
                "The number changed hands in this period: each customer pays a part."
            ),
            "not_passed_on": self.env._(
                "The tariff %(tariff)s does not pass this on to the customer."
            ),
            "by_hand": self.env._("Somebody left this charge out."),
        }
        text = texts.get(self.wait_reason)
        return text % self._wait_values() if text else False

    def _wait_values(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        return {
            "reference": self.reference,
            "number": self.number_id.display_name or "",
            "customer": self.partner_id.display_name or "",
            "tariff": self.fee_tariff_id.name or "",
            "rule": self.fee_rule_id.name or "",
            "bundle": self.fee_subscription_id.bundle_id.name or "",
            "code": self.product_code or "-",
            "kind": kinds.get(self.kind, ""),
            "day": fields.Date.to_string(self.period_from),
        }

    # === CRUD METHODS === #

    def write(self, vals: dict) -> bool:
        """What the file says never changes, and an invoiced charge is frozen."""
        refused = vals.keys() - EDITABLE
        if refused:
            raise UserError(
                self.env._(
                    "What a file says of a charge does not change, and its price comes "
                    "from the tariff: %(fields)s.",
                    fields=", ".join(sorted(self._fields[n].string for n in refused)),
                )
            )
        self._check_not_invoiced()
        for charge in self:
            super(TelecomCharge, charge).write(charge._by_hand(vals))
        self._settle()
        return True

    def _by_hand(self, vals):
        """A number brings its holder, a customer stands for the commercial one."""
        if not vals.keys() & {"number_id", "partner_id"}:
            return vals
        number = self.env["telecom.number"].browse(
            vals.get("number_id", self.number_id.id if self.is_manual else False)
        )
        partner = self.env["res.partner"].browse(vals.get("partner_id", False))
        if not partner and "partner_id" not in vals:
            partner = number.partner_id
        payer = partner.commercial_partner_id
        if number and not payer:
            raise UserError(
                self.env._(
                    "Nobody holds %(number)s. Choose a customer too.",
                    number=number.display_name,
                )
            )
        return {
            **vals,
            "number_id": number.id,
            "partner_id": payer.id,
            "is_manual": bool(payer),
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_invoiced(self):
        self._check_not_invoiced()

    def _check_not_invoiced(self):
        invoiced = self.filtered(lambda charge: charge.state == "invoiced")
        if invoiced:
            raise UserError(
                self.env._(
                    "%(count)s of these charges are invoiced, so they stay as they "
                    "are. Credit the invoice %(invoice)s first.",
                    count=len(invoiced),
                    invoice=invoiced[0].sudo().move_id.display_name,
                )
            )

    def _store(self, vals):
        """Write what only the addon itself may."""
        return super().write(vals)

    def _differs(self, name, value):
        field = self._fields[name]
        if field.type == "many2one":
            return self[name].id != (value or False)
        if field.type == "float":
            return bool(float_compare(self[name], value, field.get_digits(self.env)[1]))
        return self[name] != value

    def _facts(self):
        """What is charged, as the engine tells charges apart."""
        return (
            self.account or "",
            self.reference,
            self.product_code or "",
            self.kind,
            self.period_from.isoformat(),
            self.period_to.isoformat(),
            plain(exact(self.quantity)),
            plain(exact(0 if self.is_cost_derived else self.cost)),
        )

    # === SETTLING METHODS === #

    def _settle(self):
        """Match and price those that are on no invoice."""
        open_charges = self.sudo().filtered(lambda charge: not charge.move_line_id)
        for charges in open_charges.grouped("company_id").values():
            ChargeSettlement(charges).run()

    @api.model
    def _settle_open(self, company, partners=None):
        """Settle all of a company that is on no invoice; or of some customers."""
        domain = Domain("company_id", "=", company.id) & Domain(
            "state", "!=", "invoiced"
        )
        if partners is not None:
            domain &= Domain("partner_id", "in", [*partners.ids, False])
        charges = self._whole().search(domain, order="id")
        for start in range(0, len(charges), BATCH):
            charges[start : start + BATCH]._settle()

    @api.model
    def _whole(self):
        """All charges, those that stand for their parts included."""
        return self.sudo().with_context(active_test=False)

    @api.model
    def _settle_now(self, domain):
        """Settle what may have been solved; a large number is left to the schedule."""
        charges = self.sudo().search(domain, limit=BATCH, order="id")
        charges._settle()
        if len(charges) == BATCH:
            self._take_up_soon()

    @api.model
    def _cron_settle(self):
        """Take up what waits, company by company."""
        waiting = self._read_group([("state", "!=", "invoiced")], ["company_id"])
        companies = self.env["res.company"].union(*(company for (company,) in waiting))
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            self._settle_open(company)
            if not cron._commit_progress(1):
                break

    @api.model
    def _take_up_soon(self):
        """Something has changed that may decide customer or price of a charge."""
        cron = self.env.ref("telecom_cdr_fixed_fee.ir_cron_telecom_charge", False)
        if cron and self.sudo().search_count([("state", "!=", "invoiced")], limit=1):
            cron.sudo()._trigger()

    @api.model
    def _forget_lines(self, lines):
        self._forget("fee_line_id", lines, {"settled_state": "unpriced"})

    @api.model
    def _forget_tariffs(self, tariffs):
        self._forget_lines(tariffs.line_ids)
        self._forget("fee_tariff_id", tariffs, {"settled_state": "unpriced"})

    @api.model
    def _forget_rules(self, rules):
        self._forget("fee_rule_id", rules, {"settled_state": "unmatched"})
        self._take_up_soon()

    @api.model
    def _forget_numbers(self, numbers):
        self._forget(
            "number_id", numbers, {"settled_state": "unmatched", "is_manual": False}
        )
        self._take_up_soon()

    @api.model
    def _forget(self, name, records, values):
        """Let go of what is deleted; the charges are settled again."""
        charges = self._whole().search(
            [(name, "in", records.ids), ("state", "!=", "invoiced")]
        )
        charges._store({name: False, **values})

    # === INVOICING METHODS === #

    @api.model
    def _billable_domain(self, company, date_to):
        """Charges that may go on an invoice now."""
        return (
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "ready")
            & Domain("period_from", "<=", date_to)
            & Domain("file_id.state", "=", "processed")
        )

    def _link(self, line):
        self._store({"move_line_id": line.id})
