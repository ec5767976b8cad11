# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rules that say whose a charge is, where its reference does not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from .fees import compiled

PATTERNS = ("reference", "account", "product_code", "description")


@dataclass(frozen=True)
class FeeRule:
    """One rule. Patterns have * for any characters and ? for one; empty: anything.

    :ivar carrier_id: 0 for any
    :ivar kind: recurring, one_off, credit; empty for any
    :ivar start: first day of a charge's period that it is for, None from ever
    :ivar end: first day that it is not for any more
    """

    rule_id: int
    carrier_id: int = 0
    reference: str = ""
    account: str = ""
    product_code: str = ""
    description: str = ""
    kind: str = ""
    start: date | None = None
    end: date | None = None

    def applies(self, facts: "Facts") -> bool:
        """Whether it is for a charge."""
        return (
            self.carrier_id in (0, facts.carrier_id)
            and self.kind in ("", facts.kind)
            and (self.start is None or self.start <= facts.day)
            and (self.end is None or facts.day < self.end)
            and all(
                compiled(getattr(self, name)).fullmatch(getattr(facts, name))
                for name in PATTERNS
            )
        )


@dataclass(frozen=True)
class Facts:
    """What rules look at.

    :ivar day: first day of the charge's period
    """

    carrier_id: int
    reference: str
    account: str
    product_code: str
    description: str
    kind: str
    day: date


def choose_rule(rules: Iterable[FeeRule], facts: Facts) -> FeeRule | None:
    """The first that is for a charge, in the order given."""
    return next((rule for rule in rules if rule.applies(facts)), None)
