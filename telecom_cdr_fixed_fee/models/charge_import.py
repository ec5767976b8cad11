# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reads a file into charges, batch by batch, each batch a transaction of its own."""

from collections import defaultdict
from collections.abc import Callable
from typing import BinaryIO

from odoo import models

from odoo.addons.telecom_cdr.parsers.exceptions import ParserError

from ..engine.identity import IdentityCounter, facts
from ..parsers.charges import Batch, Charge, Rejection, read, rejection_of

COUNTS = ("row_count", "charge_count", "duplicate_count", "skipped_count")
CONFLICT = (
    "A charge with the id %(found)s is stored with another amount, period, reference "
    "or product. Which one is right, the data do not tell."
)
ALIKE = (
    "A charge for %(found)s, of the same product and period, is stored from %(file)s "
    "with another amount or quantity. Take this one instead, take it beside, or leave "
    "it out."
)
# So many lines of repeated charges are named; the others are only counted.
NAMED = 20


class ChargeImport:
    """One run over a file, from where the last run ended.

    A file that is read again goes by the charges it has stored already: they count
    as its own, not as repeats.
    """

    def __init__(self, file: models.BaseModel):
        self.file = file
        self.env = file.env
        self.carrier = file.carrier_id
        self.charges = file.env["telecom.charge"].sudo()
        self.counter = IdentityCounter(
            self.carrier.id, file.format_id.keep_first_only, file.identity_salt or ""
        )
        # Identity -> what is charged, of the rows of this file so far.
        self.seen: dict[str, tuple[str, ...]] = {}

    def run(self, stream: BinaryIO, time_left: Callable | None = None) -> None:
        """Store what is left of the file; stop early where no time is left."""
        spec = self.file.format_id._charge_spec()
        total = self.file._size()
        done = self._start()
        for batch in read(stream, spec, self.carrier.currency_id.name):
            if batch.offset <= done:
                self._count_identities(batch)
                continue
            self._store(batch)
            self.file._commit_step()
            self.file._write_progress(batch.offset, total)
            if time_left and not time_left():
                return
        self._finish()

    def _start(self) -> int:
        """Bytes that are done; a new run clears what an older one counted."""
        position = self.file.position
        if position:
            return position["offset"]
        self.file.rejection_ids.unlink()
        self.file.write(
            {
                "state": "processing",
                "position": {"offset": 0, "repeats": []},
                **dict.fromkeys((*COUNTS, "rejected_count"), 0),
            }
        )
        return 0

    def _count_identities(self, batch: Batch) -> None:
        """Equal rows are numbered through the file: know those already stored."""
        for charge in batch.charges:
            self.seen[self.counter.identity(charge)] = facts(charge)

    def _store(self, batch: Batch) -> None:
        identified = [(self.counter.identity(c), c) for c in batch.charges]
        known = self._known([identity for identity, _charge in identified])
        alike = self._alike(batch.charges)
        fresh, kept, repeats, conflicts = [], 0, [], []
        for identity, charge in identified:
            stored_facts, is_own = known.get(identity, (facts(charge), False))
            is_repeat = identity in self.seen
            earlier = self.seen.setdefault(identity, stored_facts)
            if charge.unique_id and earlier != facts(charge):
                conflicts.append(self._conflict(identity, charge))
            elif is_repeat or (identity in known and not is_own):
                repeats.append(charge.line_number)
            elif is_own:
                kept += 1
            elif told := self._told_otherwise(charge, alike):
                conflicts.append(self._told(identity, charge, told))
            else:
                fresh.append(self._values(identity, charge))
        self.charges.create(fresh)._settle()
        self._reject(self._refused(batch.rejections) + conflicts)
        self._count(
            row_count=batch.rows,
            charge_count=len(fresh) + kept,
            duplicate_count=len(repeats),
            skipped_count=batch.skipped,
            rejected_count=len(batch.rejections) + len(conflicts),
        )
        self._remember(batch, repeats)

    def _known(self, identities: list[str]) -> dict[str, tuple]:
        """Identity -> what is charged, and whether this file has brought it."""
        stored = self.charges._whole().search([("identity", "in", identities)])
        return {
            charge.identity: (charge._facts(), charge.file_id == self.file)
            for charge in stored
        }

    def _alike(self, charges: list[Charge]) -> dict[tuple, models.BaseModel]:
        """Stored rentals of other files, by all that tells them but the amount."""
        if self.file.identity_salt:
            return {}
        asked = [c for c in charges if c.kind == "recurring" and not c.unique_id]
        stored = self.charges._whole().search(
            [
                ("carrier_id", "=", self.carrier.id),
                ("kind", "=", "recurring"),
                ("split_from_id", "=", False),
                ("file_id", "!=", self.file.id),
                ("reference", "in", list({c.reference for c in asked})),
                ("period_from", "in", list({c.period_from for c in asked})),
            ]
        )
        alike = defaultdict(self.charges.browse)
        for charge in stored:
            alike[charge._facts()[:6]] |= charge
        return alike

    def _told_otherwise(self, charge: Charge, alike: dict) -> models.BaseModel:
        """The stored rental that a row tells another amount of.

        One more of the same amount is a repeat that is real, see IdentityCounter.
        """
        stored = alike.get(facts(charge)[:6], self.charges.browse())
        is_repeat = facts(charge) in [one._facts() for one in stored]
        return stored[:1] if not (charge.unique_id or is_repeat) else stored[:0]

    def _values(self, identity: str, charge: Charge) -> dict:
        return {
            "file_id": self.file.id,
            "line_number": charge.line_number,
            "raw": charge.raw,
            "company_id": self.file.company_id.id,
            "carrier_id": self.carrier.id,
            "identity": identity,
            "account": charge.account,
            "reference": charge.reference,
            "product_code": charge.product_code,
            "description": charge.description,
            "kind": charge.kind,
            "period_from": charge.period_from,
            "period_to": charge.period_to,
            "quantity": float(charge.quantity),
            "unit_cost": float(charge.unit or charge.total / charge.quantity),
            "cost": float(charge.total),
            "cost_currency_id": self.carrier.currency_id.id,
            "is_cost_derived": not charge.has_amount,
            "tax_code": charge.tax_code,
        }

    def _conflict(self, identity: str, charge: Charge) -> dict:
        """A row with the id of a stored charge that says something else."""
        error = ParserError("conflict", CONFLICT, charge.unique_id)
        stored = self.charges._whole().search([("identity", "=", identity)])
        return self._contradiction(identity, charge, stored, error)

    def _told(self, identity: str, charge: Charge, stored: models.BaseModel) -> dict:
        """A rental that is stored with another amount, from another file."""
        error = ParserError(
            "conflict",
            ALIKE,
            charge.reference,
            file=stored.file_id.name,
        )
        return self._contradiction(identity, charge, stored, error)

    def _contradiction(
        self,
        identity: str,
        charge: Charge,
        stored: models.BaseModel,
        error: ParserError,
    ) -> dict:
        """A row that waits for somebody to decide, with all that it says."""
        [values] = self._refused([rejection_of(charge, error)])
        told = self._values(identity, charge)
        for name in ("period_from", "period_to"):
            told[name] = told[name].isoformat()
        return {
            **values,
            "charge_id": stored.id,
            "is_same_charge": bool(charge.unique_id),
            "facts": told,
        }

    def _refused(self, rejections: list[Rejection]) -> list[dict]:
        return [
            {
                "file_id": self.file.id,
                "line_number": rejection.line_number,
                "raw": rejection.raw,
                "reason": rejection.reason,
                "found": rejection.found,
                "wording": rejection.wording,
            }
            for rejection in rejections
        ]

    def _reject(self, values: list[dict]) -> None:
        # What a row says is nobody's to write.
        self.env["telecom.rejection"].sudo().create(values)

    def _count(self, **counts: int) -> None:
        self.file.write({name: self.file[name] + n for name, n in counts.items()})

    def _remember(self, batch: Batch, repeats: list[int]) -> None:
        named = [*self.file.position["repeats"], *repeats][:NAMED]
        self.file.position = {"offset": batch.offset, "repeats": named}
        if not self.file.period and batch.charges:
            first = min(charge.period_from for charge in batch.charges)
            self.file.period = first.replace(day=1)

    def _finish(self) -> None:
        """Say what a person would otherwise overlook, then the file is done."""
        repeats = self.file.position["repeats"]
        if repeats:
            self.file.message_post(body=self._repeats_text(repeats))
        if not self.file.row_count:
            self.file.message_post(
                body=self.env._("There is no charge in this file: it has no row.")
            )
        self.file._set_processed()

    def _repeats_text(self, lines: list[int]) -> str:
        named = ", ".join(map(str, lines))
        return self.env._(
            "Rows whose charge stands in this file or in an earlier one already, and "
            "was taken once only: %(count)s. Their lines: %(lines)s%(more)s.",
            count=self.file.duplicate_count,
            lines=named,
            more=" …" if self.file.duplicate_count > len(lines) else "",
        )
