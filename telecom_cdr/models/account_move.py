# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .telecom_annex import TelecomAnnex

# Calls of a line: billed by it now, or given back by a credit note since.
LINKS = SQL(
    "(SELECT call_id, move_line_id FROM telecom_call_invoice"
    " UNION ALL SELECT call_id, move_line_id FROM telecom_call_release)"
)


class AccountMove(models.Model):
    _inherit = "account.move"

    telecom_call_count = fields.Integer(
        string="Calls",
        compute="_compute_telecom_call_count",
        compute_sudo=True,
        groups="telecom_cdr.group_telecom_reader",
    )

    telecom_rerating_id = fields.Many2one(
        "telecom.rerating",
        string="Re-rating",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups="telecom_cdr.group_telecom_reader",
    )

    @api.depends("invoice_line_ids")
    def _compute_telecom_call_count(self):
        """Calls that were put on the invoice, given back since or not."""
        counts = dict(
            self.env.execute_query(
                SQL(
                    "SELECT l.move_id, count(*) FROM %s i"
                    " JOIN account_move_line l ON l.id = i.move_line_id"
                    " WHERE l.move_id = ANY(%s) GROUP BY 1",
                    LINKS,
                    list(self.ids),
                )
            )
        )
        for move in self:
            move.telecom_call_count = counts.get(move.id, 0)

    def action_telecom_calls(self):
        """Open the calls of this invoice."""
        self.ensure_one()
        self.env["telecom.call"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "telecom_cdr.telecom_call_action"
        )
        action["domain"] = [("id", "in", self._telecom_call_ids())]
        action["context"] = {}
        return action

    def _telecom_call_ids(self):
        rows = self.env.execute_query(
            SQL(
                "SELECT i.call_id FROM %s i"
                " JOIN account_move_line l ON l.id = i.move_line_id"
                " WHERE l.move_id = ANY(%s) ORDER BY 1",
                LINKS,
                list(self.ids),
            )
        )
        return [row[0] for row in rows]

    def _telecom_annex_calls(self):
        """Calls of the annex in order, as plain values read in one query.

        No cost, no carrier, no withheld number, and nothing of destinations that
        must never be itemised.
        """
        self.ensure_one()
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT n.number, n.label, c.direction, c.service,
                       c.start_at AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s AS start_local,
                       CASE WHEN c.direction = 'incoming'
                            THEN CASE WHEN NOT COALESCE(c.is_withheld, FALSE)
                                      THEN c.calling_number END
                            ELSE c.called_number END AS other_number,
                       COALESCE(d.name->>%(lang)s, d.name->>'en_US') AS destination,
                       c.category, c.duration, c.volume,
                       COALESCE(v.name->>%(lang)s, v.name->>'en_US') AS visited,
                       COALESCE(c.bundle_duration, 0) AS bundle_duration,
                       COALESCE(r.label->>%(lang)s, r.label->>'en_US') AS rate_label,
                       r.show_in_detail IS NOT FALSE AS is_listed,
                       EXISTS (SELECT FROM telecom_bundle_draw w
                                WHERE w.call_id = c.id) AS is_covered,
                       COALESCE(c.price, 0)::text AS price
                  FROM %(links)s i
                  JOIN account_move_line l ON l.id = i.move_line_id
                  JOIN telecom_call c ON c.id = i.call_id
             LEFT JOIN telecom_number n ON n.id = c.number_id
             LEFT JOIN telecom_destination d ON d.id = c.destination_id
             LEFT JOIN telecom_rate r ON r.id = c.rate_id
             LEFT JOIN res_country v ON v.id = c.visited_country_id
                 WHERE l.move_id = %(move)s AND d.never_itemised IS NOT TRUE
              ORDER BY n.number NULLS LAST, c.start_at, c.id
                """,
                links=LINKS,
                tz=self.company_id.telecom_tz,
                lang=self.env.lang or "en_US",
                move=self.id,
            )
        )

    def _telecom_annex(self):
        """The annex as its template shows it: a section for each number."""
        return TelecomAnnex(self).sections()

    def _post(self, soft=True):
        posted = super()._post(soft)
        for refund in posted.filtered(lambda m: m.move_type == "out_refund"):
            refund._release_telecom_calls()
        posted._release_telecom_corrections()
        return posted

    def _release_telecom_corrections(self):
        """A reversal of the whole takes corrections back, whichever way they went."""
        for move in self.sudo().filtered("reversed_entry_id.telecom_rerating_id"):
            original = move.reversed_entry_id
            if not move.currency_id.compare_amounts(
                move.amount_total, original.amount_total
            ):
                original._telecom_corrections().is_released = True

    def _release_telecom_calls(self):
        """A credit note of the whole invoice gives its calls back."""
        original = self.reversed_entry_id
        if not original._has_telecom_lines():
            return
        if self.currency_id.compare_amounts(self.amount_total, original.amount_total):
            original.message_post(
                body=self.env._(
                    "%(refund)s credits a part of this invoice: its calls stay "
                    "invoiced.",
                    refund=self.display_name,
                )
            )
            return
        original._give_telecom_calls_back()

    def _has_telecom_lines(self):
        """Whether calls or fees of ours are billed by this invoice."""
        fees = self.invoice_line_ids.filtered(
            lambda line: line.telecom_subscription_id or line.telecom_topup_id
        )
        return bool(self.sudo().telecom_call_count or fees)

    def _give_telecom_calls_back(self):
        for move in self.filtered(lambda m: m.move_type == "out_invoice"):
            released = self.env["telecom.invoicing"]._release(move.invoice_line_ids)
            if released:
                move.message_post(
                    body=self.env._("%s calls may be invoiced again.", released)
                )

    def button_cancel(self):
        result = super().button_cancel()
        self._give_telecom_calls_back()
        return result

    def _telecom_corrections(self):
        return (
            self.env["telecom.call.correction"]
            .sudo()
            .search([("move_line_id", "in", self.line_ids.ids)])
        )

    def _check_telecom_corrections(self):
        """A cancelled correction comes back only where no other took its place."""
        cancelled = self.sudo().filtered(
            lambda move: move.state == "cancel" and move.telecom_rerating_id
        )
        later = cancelled and self.env.execute_query(
            SQL(
                "SELECT 1 FROM telecom_call_correction k"
                " JOIN telecom_call_correction n ON n.call_id = k.call_id"
                " AND n.number > k.number WHERE k.move_line_id = ANY(%s) LIMIT 1",
                cancelled.line_ids.ids,
            )
        )
        if later:
            raise UserError(
                self.env._(
                    "The calls of this correction have been corrected again meanwhile, "
                    "so it cannot be reset to draft."
                )
            )

    def button_draft(self):
        self._check_telecom_corrections()
        cancelled = self.filtered(lambda move: move.state == "cancel")
        result = super().button_draft()
        if cancelled:
            self.env["telecom.invoicing"]._take_back(cancelled.invoice_line_ids)
        return result
