# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When two rows are the same charge."""

from collections import Counter
from decimal import Decimal
from hashlib import blake2b

from ..parsers.charges import Charge


class IdentityCounter:
    """Gives the charges of one file their identities.

    Without a unique id of the carrier's a charge is told by what is charged: account,
    reference, product, kind, period, quantity and amount, not by its description.
    Equal rows of a file are numbered, so that the same row in another file is known,
    and real repeats inside a file stay, unless charges are unique.
    """

    def __init__(self, carrier_id: int, is_unique: bool, salt: str = "") -> None:
        """`is_unique`: equal rows of a file are one charge.

        `salt`: of a file whose rows are new charges, though they look like known ones.
        """
        self.carrier_id = carrier_id
        self.salt = salt
        self.is_unique = is_unique
        self._seen: Counter[tuple[str, ...]] = Counter()

    def identity(self, charge: Charge) -> str:
        """The identity of the next charge of the file: 32 hexadecimal digits."""
        key = facts(charge)
        if charge.unique_id:
            key = ("id", charge.unique_id)
        self._seen[key] += 1
        number = 1 if self.is_unique or charge.unique_id else self._seen[key]
        parts = [str(self.carrier_id), *key, str(number)]
        if self.salt:
            parts.append(self.salt)
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return blake2b(text.encode(), digest_size=16).hexdigest()


def facts(charge: Charge) -> tuple[str, ...]:
    """What is charged, in one spelling."""
    return (
        charge.account,
        charge.reference,
        charge.product_code,
        charge.kind,
        charge.period_from.isoformat(),
        charge.period_to.isoformat(),
        plain(charge.quantity),
        plain(charge.total),
    )


def plain(value: Decimal) -> str:
    """The shortest text of a number: 5.00 and 5 are the same."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
