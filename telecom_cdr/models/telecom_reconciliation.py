# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from .bulk_fields import BigInteger
from .reconciliation_sql import insert_traffic

STATES = [
    ("open", "To compare"),
    ("agrees", "Agrees"),
    ("differs", "Differs"),
    ("accepted", "Accepted"),
]
COUNTED = (
    "call_count",
    "duration",
    "imported_amount",
    "rated_amount",
    "imported_count",
    "rated_count",
    "not_imported_count",
    "not_rated_count",
)
# An acceptance is of these figures, and ends when one of them changes.
ACCEPTED = ("bill_amount", "bill_other_amount", "other_amount", *COUNTED[:4])
PERIOD = {"carrier_id", "date_from", "date_to"}


class TelecomReconciliation(models.Model):
    """What a carrier bills for a period, what its files say, what we reckon."""

    _name = "telecom.reconciliation"
    _description = "Carrier Reconciliation"
    # Ahead of the thread: the document's own attachments are its hook.
    _inherit = [
        "telecom.reconciliation.bills.mixin",
        "telecom.reconciliation.comparing.mixin",
        "telecom.reconciliation.background.mixin",
        "telecom.reconciliation.twins.mixin",
        "telecom.reconciliation.document.mixin",
        "telecom.reconciliation.places.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date_to desc, carrier_id, id desc"
    _check_company_auto = True

    carrier_id = fields.Many2one(
        "telecom.carrier",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        tracking=True,
    )
    vendor_id = fields.Many2one(
        related="carrier_id.partner_id.commercial_partner_id", string="Vendor"
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(
        related="carrier_id.currency_id", store=True, string="Currency"
    )
    date_from = fields.Date(
        string="From",
        required=True,
        tracking=True,
        default=lambda self: self._last_month(),
    )
    date_to = fields.Date(
        string="To",
        required=True,
        tracking=True,
        default=lambda self: self._last_month() + relativedelta(day=31),
        help="Last day, included.",
    )
    refreshed_at = fields.Datetime(string="Counted on", readonly=True, copy=False)
    traffic_ids = fields.One2many("telecom.reconciliation.traffic", "reconciliation_id")
    other_ids = fields.One2many(
        "telecom.reconciliation.other", "reconciliation_id", string="Other costs"
    )
    call_count = fields.Integer(string="Calls", readonly=True, copy=False)
    duration = BigInteger(string="Time", readonly=True, copy=False)
    imported_amount = fields.Monetary(
        string="Imported cost", readonly=True, copy=False, help="What the files say."
    )
    rated_amount = fields.Monetary(
        string="Our own cost",
        readonly=True,
        copy=False,
        help="By the carrier's cost tariff, else what the files say.",
    )
    imported_count = fields.Integer(
        string="Calls with an amount", readonly=True, copy=False
    )
    rated_count = fields.Integer(string="Calls with a cost", readonly=True, copy=False)
    not_imported_count = fields.Integer(
        string="Calls without an amount in the file", readonly=True, copy=False
    )
    not_rated_count = fields.Integer(
        string="Calls without a cost of ours", readonly=True, copy=False
    )
    waiting_file_count = fields.Integer(
        string="Files not read", compute="_compute_waiting_file_count"
    )
    other_amount = fields.Monetary(
        string="Expected beside calls", compute="_compute_other_amount", store=True
    )
    bill_difference = fields.Monetary(
        string="Bills less imported cost", compute="_compute_differences", store=True
    )
    cost_difference = fields.Monetary(
        string="Imported less our own cost", compute="_compute_differences", store=True
    )
    total_difference = fields.Monetary(
        string="Bills less our own cost", compute="_compute_differences", store=True
    )
    other_difference = fields.Monetary(
        string="Other: bills less expected", compute="_compute_differences", store=True
    )
    bill_agrees = fields.Boolean(compute="_compute_agreements")
    cost_agrees = fields.Boolean(compute="_compute_agreements")
    total_agrees = fields.Boolean(compute="_compute_agreements")
    other_agrees = fields.Boolean(compute="_compute_agreements")
    state = fields.Selection(
        STATES, compute="_compute_state", store=True, index=True, tracking=True
    )
    accepted_at = fields.Datetime(string="Accepted on", readonly=True, copy=False)
    accepted_by_id = fields.Many2one(
        "res.users", string="Accepted by", readonly=True, copy=False
    )
    reason = fields.Text(string="Why it was accepted", readonly=True, copy=False)

    _period_order = models.Constraint(
        "CHECK(date_to >= date_from)", "A period must not end before it starts."
    )
    _period_uniq = models.UniqueIndex(
        "(carrier_id, date_from, date_to)",
        "This period of the carrier is reconciled already.",
    )

    # === COMPUTE METHODS === #

    @api.model
    def _last_month(self):
        return fields.Date.context_today(self) + relativedelta(months=-1, day=1)

    @api.depends("carrier_id", "date_from", "date_to")
    def _compute_display_name(self):
        for one in self:
            one.display_name = f"{one.carrier_id.name or ''} {one._period_name()}"

    def _period_name(self):
        """The month, or the days, of the period."""
        first, last = self.date_from, self.date_to
        if not (first and last):
            return ""
        if (first, last) == (first.replace(day=1), first + relativedelta(day=31)):
            return f"{first:%Y-%m}"
        return f"{first:%Y-%m-%d} / {last:%Y-%m-%d}"

    @api.depends("other_ids.amount")
    def _compute_other_amount(self):
        for one in self:
            one.other_amount = sum(one.other_ids.mapped("amount"))

    @api.depends(
        "bill_amount",
        "bill_other_amount",
        "imported_amount",
        "rated_amount",
        "other_amount",
    )
    def _compute_differences(self):
        for one in self:
            one.bill_difference = one.bill_amount - one.imported_amount
            one.cost_difference = one.imported_amount - one.rated_amount
            one.total_difference = one.bill_amount - one.rated_amount
            one.other_difference = one.bill_other_amount - one.other_amount

    @api.depends(
        "bill_difference",
        "cost_difference",
        "total_difference",
        "other_difference",
        "carrier_id.reconciliation_amount",
        "carrier_id.reconciliation_percent",
    )
    def _compute_agreements(self):
        for one in self:
            one.bill_agrees = one._is_within(one.bill_difference, one.bill_amount)
            one.cost_agrees = one._is_within(one.cost_difference, one.imported_amount)
            one.total_agrees = one._is_within(one.total_difference, one.bill_amount)
            one.other_agrees = one._is_within(
                one.other_difference, one.bill_other_amount
            )

    def _is_within(self, difference, reference):
        """Whether a difference is within the amount, or the percentage, allowed."""
        currency = self.currency_id or self.env.company.currency_id
        carrier = self.carrier_id
        part = abs(reference) * carrier.reconciliation_percent / 100
        allowed = max(carrier.reconciliation_amount, part)
        return currency.compare_amounts(abs(difference), allowed) <= 0

    @api.depends(
        "line_ids",
        "bill_agrees",
        "cost_agrees",
        "total_agrees",
        "other_agrees",
        "call_count",
        "imported_count",
        "rated_count",
        "other_ids",
        "accepted_at",
    )
    def _compute_state(self):
        for one in self:
            checks = one._checks()
            if one.accepted_at:
                one.state = "accepted"
            elif not (one.line_ids and checks):
                one.state = "open"
            else:
                one.state = "agrees" if all(checks) else "differs"

    def _checks(self):
        """Whether figures agree, of those that are known."""
        imported = self.imported_count or not self.call_count
        rated = self.rated_count
        known = (
            (imported, self.bill_agrees),
            (imported and rated, self.cost_agrees),
            (rated, self.total_agrees),
            (self.other_ids, self.other_agrees),
        )
        return [agrees for is_known, agrees in known if is_known]

    def _compute_waiting_file_count(self):
        counts = dict(
            self.env["telecom.file"]._read_group(
                [
                    ("carrier_id", "in", self.carrier_id.ids),
                    ("state", "not in", ("processed", "discarded")),
                ],
                ["carrier_id"],
                ["__count"],
            )
        )
        for one in self:
            one.waiting_file_count = counts.get(one.carrier_id, 0)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        found = super().create(
            [{**vals, "company_id": self._company_of(vals)} for vals in vals_list]
        )
        for one, vals in zip(found, vals_list, strict=True):
            if "bill_ids" not in vals:
                one.action_propose_bills()
        found._refresh()
        return found

    def _company_of(self, vals):
        """A reconciliation belongs to the company of its carrier."""
        carrier = self.env["telecom.carrier"].browse(vals.get("carrier_id"))
        return carrier.company_id.id or self.env.company.id

    def write(self, vals):
        if vals.keys() & (PERIOD | {"bill_ids"}):
            self._check_not_accepted()
        result = super().write(vals)
        if vals.keys() & PERIOD:
            self._refresh()
        elif "bill_ids" in vals:
            self._sync_bill_lines()
        return result

    @api.ondelete(at_uninstall=False)
    def _check_not_accepted(self):
        accepted = self.filtered("accepted_at")
        if accepted:
            raise UserError(
                self.env._(
                    "%(name)s is accepted as it is. Open it again first.",
                    name=accepted[0].display_name,
                )
            )

    # === COUNTING === #

    def action_refresh(self):
        """Count the calls anew, and take the bills as they are now."""
        self.check_access("write")
        self._refresh()

    def _refresh(self):
        for one in self:
            before = [one[name] for name in ACCEPTED]
            one._count_traffic()
            one._sync_bill_lines()
            one._list_other_costs()
            one.refreshed_at = fields.Datetime.now()
            if one.accepted_at and before != [one[name] for name in ACCEPTED]:
                one._reopen(self.env._("The figures are others than those accepted."))

    def _count_traffic(self):
        """One statement over the calls; the sums are those of its rows."""
        self.env.flush_all()
        traffic = self.env["telecom.reconciliation.traffic"].sudo()
        self.env.cr.execute(
            "DELETE FROM telecom_reconciliation_traffic WHERE reconciliation_id = %s",
            (self.id,),
        )
        self.env.cr.execute(insert_traffic(self))
        traffic.invalidate_model()
        [sums] = traffic._read_group(
            [("reconciliation_id", "=", self.id)],
            aggregates=[f"{name}:sum" for name in COUNTED],
        )
        self.write(dict(zip(COUNTED, (one or 0 for one in sums), strict=True)))

    def _list_other_costs(self):
        found = self._other_costs(self.carrier_id, self.date_from, self.date_to)
        others = [{"name": name, "amount": amount} for name, amount in found]
        self.sudo().other_ids = [Command.clear(), *map(Command.create, others)]

    @api.model
    def _other_costs(self, carrier, date_from, date_to):
        """What a carrier should bill beside calls: (label, amount) each.

        For addons that know of such costs; amounts in the carrier's currency, net.
        """
        return []

    # === DECIDING === #

    def _accept(self, reason):
        """Take the difference as it is; who said so, and why, is kept."""
        for one in self:
            one.write(
                {
                    "accepted_at": fields.Datetime.now(),
                    "accepted_by_id": self.env.uid,
                    "reason": reason,
                }
            )
            one.message_post(
                body=self.env._(
                    "Accepted with a difference of %(amount)s: %(reason)s",
                    amount=one.currency_id.format(one.bill_difference),
                    reason=reason,
                )
            )

    def action_reopen(self):
        """Take an acceptance back."""
        self.check_access("write")
        self.filtered("accepted_at")._reopen(self.env._("Opened again."))

    def _reopen(self, why):
        for one in self:
            one.write({"accepted_at": False, "accepted_by_id": False, "reason": False})
            one.message_post(body=why)

    # === ACTIONS === #

    def action_open_traffic(self):
        """Calls, time and amounts by day, file and kind of call."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_reconciliation_traffic_action"
        )
        action["domain"] = [("reconciliation_id", "=", self.id)]
        return action

    def action_open_calls(self):
        """All calls of the carrier in this period."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = [
            ("carrier_id", "=", self.carrier_id.id),
            ("day", ">=", self.date_from),
            ("day", "<=", self.date_to),
        ]
        action["context"] = {}
        return action

    def action_open_waiting_files(self):
        """Files of the carrier that are not read: their calls are in no figure."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_file_action"
        )
        action["domain"] = [
            ("carrier_id", "=", self.carrier_id.id),
            ("state", "not in", ("processed", "discarded")),
        ]
        action["context"] = {}
        return action
