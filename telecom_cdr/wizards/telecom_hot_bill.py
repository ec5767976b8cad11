# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..models.detail_calls import Bill
from ..models.durations import hms
from ..models.hot_bill_calls import between, of_codes, of_numbers, waiting_causes
from ..models.telecom_annex import TelecomAnnex

UNFINISHED = ("received", "held", "processing", "failed")
NAMED_FILES = 10


class TelecomHotBill(models.TransientModel):
    """What somebody owes right now: shown, printed, or invoiced at once."""

    _name = "telecom.hot.bill"
    _description = "Hot Bill"
    _rec_name = "partner_id"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    payer_id = fields.Many2one(
        related="partner_id.commercial_partner_id", string="Who pays"
    )
    number_ids = fields.Many2many(
        "telecom.number",
        string="Numbers",
        check_company=True,
        help="Empty: all of the customer's.",
    )
    department_ids = fields.Many2many(
        "telecom.department",
        string="Departments",
        check_company=True,
        help="The calls of their numbers, beside those chosen above.",
    )
    codes = fields.Char(
        string="Rooms, extensions or codes",
        help="Extensions, rooms or account codes as the switch writes them, separated "
        "by commas. Of the numbers above only the calls that have one of them.",
    )
    date_from = fields.Datetime(
        string="From", help="Empty: all that is not invoiced yet."
    )
    date_to = fields.Datetime(
        string="Until",
        required=True,
        default=fields.Datetime.now,
        help="Calls that begin before this moment.",
    )
    with_fees = fields.Boolean(
        string="With fees",
        help="Fees and top-ups that are due by then and on no invoice, of the numbers "
        "that are chosen; or, without a choice, of the whole customer.",
    )
    call_count = fields.Integer(string="Calls", compute="_compute_figures")
    duration = fields.Char(string="Talked", compute="_compute_figures")
    lines_html = fields.Html(
        string="Invoice lines", compute="_compute_figures", sanitize=False
    )
    waiting_text = fields.Text(string="Still missing", compute="_compute_waiting_text")

    @api.depends("number_ids", "department_ids")
    def _compute_partner_id(self):
        for bill in self:
            owner = bill.number_ids[:1].partner_id or bill.department_ids[:1].partner_id
            bill.partner_id = bill.partner_id or owner

    @api.depends(
        "partner_id",
        "number_ids",
        "department_ids",
        "codes",
        "date_from",
        "date_to",
        "with_fees",
        "company_id",
    )
    def _compute_figures(self):
        for bill in self:
            groups = bill._groups() if bill.partner_id and bill.date_to else []
            bill.call_count = sum(group["calls"] for group in groups)
            bill.duration = hms(sum(group["duration"] or 0 for group in groups))
            bill.lines_html = self.env["ir.qweb"]._render(
                "telecom_cdr.hot_bill_lines",
                {"invoices": bill._invoices(groups) if bill.partner_id else []},
            )

    # === WHICH CALLS === #

    def _payer(self):
        return self.partner_id.commercial_partner_id._origin

    def _billed(self):
        """Who pays, unless the company bills only others."""
        return self._invoicing()._payers_to_bill(
            self._payer(), self._local_day(self.date_to)
        )

    def _not_billed_text(self):
        """Why nothing is billed to a customer whom the company leaves out."""
        return self.env._(
            "%(customer)s is left out by the settings of invoicing.",
            customer=self._payer().name,
        )

    def _chosen_numbers(self):
        """Numbers that were chosen, also by their department or code."""
        numbers = self.number_ids._origin | self.department_ids._origin.number_ids
        codes = self._codes()
        if codes:
            named = self.env["telecom.number"].search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("commercial_partner_id", "=", self._payer().id),
                    ("number", "in", codes),
                ]
            )
            numbers = numbers & named if numbers else named
        return numbers

    def _codes(self):
        return [code.strip() for code in (self.codes or "").split(",") if code.strip()]

    def _is_restricted(self):
        """Whether it is of a part of the customer."""
        return bool(self.number_ids or self.department_ids or self._codes())

    def _only(self):
        """SQL condition on calls ``c``: those that were asked for."""
        conditions = [between(self.date_from, self.date_to)]
        if self.number_ids or self.department_ids:
            numbers = self.number_ids._origin | self.department_ids._origin.number_ids
            conditions.append(of_numbers(numbers.ids))
        if self._codes():
            conditions.append(of_codes(self._codes()))
        return SQL(" AND ").join(conditions)

    def _local_day(self, moment):
        """The day that a moment is on, where calls are billed."""
        zone = pytz.timezone(self.company_id.telecom_tz)
        return pytz.utc.localize(moment).astimezone(zone).date()

    # === WHAT IS DUE === #

    def _invoicing(self):
        return self.env["telecom.invoicing"].with_company(self.company_id)

    def _groups(self):
        return self._invoicing()._call_groups(
            self.company_id, self._billed(), self._local_day(self.date_to), self._only()
        )

    def _other_lines(self):
        """Fees that are due, those of other numbers left out."""
        if not self.with_fees:
            return []
        last = self._local_day(self.date_to)
        first = self._local_day(self.date_from) if self.date_from else last
        lines = self._invoicing()._other_lines(
            self.company_id, self._billed(), first.replace(day=1), last
        )
        if not self._is_restricted():
            return lines
        return [line for line in lines if self._is_chosen(line[2])]

    def _is_chosen(self, values):
        """Whether a fee is of the numbers that were chosen, and of no other."""
        numbers = self._invoicing()._numbers_of_other(values)
        return bool(numbers) and numbers <= self._chosen_numbers()

    def _invoices(self, groups):
        """The invoices as they would be, stored nowhere: lines and totals."""
        values = self._invoicing().sudo()._move_values(groups, self._other_lines())
        moves = self.env["account.move"].sudo().with_company(self.company_id)
        return [self._invoice_values(moves.new(one)) for one in values]

    def _invoice_values(self, move):
        def money(amount):
            return formatLang(self.env, amount, currency_obj=move.currency_id)

        totals = move.tax_totals or {}
        untaxed = totals.get("base_amount_currency", 0)
        tax = totals.get("tax_amount_currency", 0)
        return {
            "lines": [
                (line.name, line.display_type, money(line.price_subtotal))
                for line in move.invoice_line_ids
            ],
            "untaxed": money(untaxed),
            "tax": money(tax),
            "total": money(untaxed + tax),
        }

    # === WHAT IS MISSING === #

    @api.depends(
        "partner_id", "number_ids", "department_ids", "codes", "date_from", "date_to"
    )
    def _compute_waiting_text(self):
        for bill in self:
            lines = bill._waiting_lines() if bill.partner_id else []
            bill.waiting_text = "\n".join(lines)

    def _waiting_lines(self):
        """Calls that are not on it yet, and files that may hold some."""
        if self.date_to and not self._billed():
            return [self._not_billed_text()]
        self.env.flush_all()
        counts = self.env.execute_query(
            waiting_causes(
                self.company_id.id, self._payer().id, self._only(), self._named()
            )
        )
        return [
            self._waiting_words()[cause] % count for cause, count in counts
        ] + self._file_lines()

    def _named(self):
        """Condition on calls of nobody: they name a number that is asked about."""
        texts = self._codes()
        if not texts:
            numbers = self._chosen_numbers() or self.env["telecom.number"].search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("commercial_partner_id", "=", self._payer().id),
                ]
            )
            texts = [text for number in numbers for text in number._identifiers()]
        return SQL("%s AND %s", between(self.date_from, self.date_to), of_codes(texts))

    def _waiting_words(self):
        return {
            "unmatched": self.env._("%s calls belong to no customer at their time."),
            "unrated": self.env._("%s calls have no rate."),
            "late": self.env._("%s calls wait for their price."),
            "file": self.env._("%s calls are of files that are not read to the end."),
            "conflict": self.env._("%s calls wait for a decision between two records."),
            "disputed": self.env._("%s calls are disputed, and wait for an answer."),
        }

    def _file_lines(self):
        """Files that are not read: nobody knows what is in them."""
        files = self.env["telecom.file"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("file_type", "=", "usage"),
                ("state", "in", UNFINISHED),
            ],
            order="id desc",
            limit=NAMED_FILES + 1,
        )
        states = dict(files._fields["state"]._description_selection(self.env))
        lines = [
            self.env._(
                "File %(name)s is not read (%(state)s).",
                name=file.name,
                state=states[file.state],
            )
            for file in files[:NAMED_FILES]
        ]
        if len(files) > NAMED_FILES:
            lines.append(self.env._("More files are not read."))
        return lines

    # === ACTIONS === #

    def action_draft(self):
        """Invoice exactly these calls, as a draft."""
        return self._open(self._invoice())

    def action_post(self):
        """Invoice exactly these calls and post: the guest pays now."""
        moves = self._invoice()
        moves.action_post()
        return self._open(moves)

    def _invoice(self):
        self.ensure_one()
        self.env["account.move"].check_access("create")
        invoicing, payer = self._invoicing(), self._billed()
        if not payer:
            raise UserError(self._not_billed_text())
        invoicing._make_ready(payer)
        moves = invoicing._bill(
            payer, self._local_day(self.date_to), self._other_lines(), self._only()
        )
        if not moves:
            raise UserError(
                self.env._(
                    "There is nothing to invoice for %(customer)s here: no priced call "
                    "that is not invoiced yet, and no fee.",
                    customer=self.partner_id.display_name,
                )
            )
        return moves

    def _open(self, moves):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice_type"
        )
        if len(moves) == 1:
            form = [(self.env.ref("account.view_move_form").id, "form")]
            return action | {"views": form, "res_id": moves.id}
        return action | {"domain": [("id", "in", moves.ids)]}

    def action_print(self):
        """The hot bill with its calls, as a PDF."""
        self.ensure_one()
        report = self.env.ref("telecom_cdr.action_report_hot_bill")
        return report.report_action(self, config=False)

    # === ON PAPER === #

    def _details(self):
        """The calls as a report shows them, a list for each currency."""
        payer, day = self._billed(), self._local_day(self.date_to)
        billable = self._invoicing()._billable(
            self.company_id, payer, day, self._only()
        )
        currencies = sorted({group["currency_id"] for group in self._groups()})
        return [
            TelecomAnnex(
                Bill(
                    self.company_id,
                    payer,
                    self.env["res.currency"].browse(currency_id),
                    SQL(
                        "(SELECT c.id AS call_id FROM telecom_call c"
                        " WHERE c.currency_id = %s AND %s)",
                        currency_id,
                        billable,
                    ),
                    "",
                )
            )
            for currency_id in currencies
        ]

    def _paper_name(self):
        """What it is of: the numbers, departments and codes that were chosen."""
        chosen = [
            *self.number_ids.mapped("display_name"),
            *self.department_ids.mapped("name"),
            *self._codes(),
        ]
        return ", ".join(chosen)
