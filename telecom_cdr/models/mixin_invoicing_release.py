# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .call_sums import mark_calls


def _is_fee(line):
    """Whether a line of an invoice bills a bundle or a top-up."""
    return line.telecom_subscription_id or line.telecom_topup_id


def credited(*states: str, but: int = 0) -> SQL:
    """SQL condition: the call of a link ``i`` was taken off by what is in a state.

    :param but: a release that does not count
    """
    return SQL(
        "EXISTS (SELECT FROM telecom_release_call o"
        " JOIN telecom_release r ON r.id = o.release_id AND r.state = ANY(%s)"
        " AND r.id <> %s"
        " WHERE o.call_id = i.call_id AND o.move_line_id = i.move_line_id)",
        list(states),
        but,
    )


# A credit note has made them a bad debt: their links stay.
WRITTEN_OFF = credited("written_off")
# No credit note that is posted has taken them off.
OWED = SQL("NOT %s", credited("credited", "written_off"))


class TelecomInvoicingRelease(models.AbstractModel):
    """Gives what an invoice bills back, to be invoiced again, and takes it again."""

    _name = "telecom.invoicing.release.mixin"
    _description = "Release of Invoiced Calls"

    @api.model
    def _release(self, lines):
        """Give the calls and fees of these lines back, to be invoiced again."""
        lines.sudo().filtered(_is_fee).telecom_is_released = True
        return self._let_go(
            SQL("i.move_line_id = ANY(%s) AND NOT %s", list(lines.ids), WRITTEN_OFF)
        )

    @api.model
    def _release_chosen(self, release):
        """Give the calls and fees that a credit note names back."""
        self._let_go(
            SQL(
                "EXISTS (SELECT FROM telecom_release_call o WHERE o.release_id = %s"
                " AND o.call_id = i.call_id AND o.move_line_id = i.move_line_id)",
                release.id,
            ),
            release,
        )
        if release.line_ids:
            self._release(release.line_ids)

    def _let_go(self, condition, release=None):
        """Unlink calls from their lines, and remember which these were.

        :param condition: SQL on the links ``i``
        """
        self.env.flush_all()
        linked = SQL(
            "c.id IN (SELECT i.call_id FROM telecom_call_invoice i WHERE %s)", condition
        )
        self.env["telecom.bundle.pass"]._mark_calls(linked)
        mark_calls(self.env, linked)
        self.env.cr.execute(
            SQL(
                "WITH gone AS (DELETE FROM telecom_call_invoice i WHERE %s"
                " RETURNING call_id, move_line_id)"
                " INSERT INTO telecom_call_release (call_id, move_line_id, release_id)"
                " SELECT call_id, move_line_id, %s FROM gone",
                condition,
                release.id if release else None,
            )
        )
        self.env["telecom.call"].invalidate_model()
        return self.env.cr.rowcount

    @api.model
    def _take_back(self, lines):
        """Link released calls and fees to their lines again; all or none.

        What a credit note of a part has given back is still credited by it.
        """
        ids = list(lines.ids)
        self._relink(SQL("r.move_line_id = ANY(%s) AND r.release_id IS NULL", ids))
        lines.sudo().filtered(_is_fee).telecom_is_released = False

    @api.model
    def _take_chosen_back(self, release):
        """Link what a credit note had given back again; all or none."""
        self._relink(SQL("r.release_id = %s", release.id))
        if release.line_ids:
            self._take_back(release.line_ids)

    def _relink(self, condition):
        """Link calls to the lines again that they were released from.

        :param condition: SQL on the released links ``r``
        """
        taken = self.env.execute_query(
            SQL(
                "SELECT 1 FROM telecom_call_release r"
                " JOIN telecom_call_invoice i ON i.call_id = r.call_id"
                " WHERE %s LIMIT 1",
                condition,
            )
        )
        if taken:
            raise UserError(
                self.env._(
                    "The calls of this invoice have been invoiced again meanwhile, so "
                    "it cannot be reset to draft."
                )
            )
        self._move_links(condition, SQL("move_line_id"))

    @api.model
    def _renew(self, pairs):
        """Link released calls to the lines of a copy that takes their invoice's place.

        :param pairs: (id of the line they were released from, id of the new line)
        """
        for old_id, new_id in pairs:
            self._move_links(
                SQL(
                    "r.move_line_id = %s AND NOT EXISTS (SELECT"
                    " FROM telecom_call_invoice i WHERE i.call_id = r.call_id)",
                    old_id,
                ),
                SQL("%s", new_id),
                keep=True,
            )

    @api.model
    def _renew_corrections(self, old, new):
        """Correct the same calls by a line that takes the place of another."""
        self.env["telecom.call.correction"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO telecom_call_correction (rerating_id, company_id, call_id,
                       number, amount, currency_id, move_line_id, is_released)
                SELECT k.rerating_id, k.company_id, k.call_id,
                       1 + (SELECT max(n.number) FROM telecom_call_correction n
                             WHERE n.call_id = k.call_id),
                       k.amount, k.currency_id, %s, FALSE
                  FROM telecom_call_correction k
                 WHERE k.move_line_id = %s AND k.is_released
                """,
                new.id,
                old.id,
            )
        )
        self.env["telecom.call.correction"].invalidate_model()

    def _move_links(self, condition, line, keep=False):
        """Make links of released ones.

        :param line: SQL of the line that takes them
        :param keep: what was released stays remembered
        """
        mark_calls(
            self.env,
            SQL(
                "c.id IN (SELECT r.call_id FROM telecom_call_release r WHERE %s)",
                condition,
            ),
        )
        source = SQL("SELECT r.call_id, r.move_line_id FROM telecom_call_release r")
        if not keep:
            source = SQL("DELETE FROM telecom_call_release r")
        ending = SQL() if keep else SQL("RETURNING r.call_id, r.move_line_id")
        self.env.cr.execute(
            SQL(
                "WITH gone AS (%s WHERE %s %s)"
                " INSERT INTO telecom_call_invoice (call_id, move_line_id)"
                " SELECT call_id, %s FROM gone",
                source,
                condition,
                ending,
                line,
            )
        )
        self.env["telecom.call"].invalidate_model()
