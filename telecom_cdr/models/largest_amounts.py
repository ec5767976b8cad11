# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The largest amounts that calls are priced with.

The engine counts in integers of eight bytes: prices in billionths, for sixty seconds
at a time, and sums of money in billionths. What is larger is refused when it is saved,
else the rates of a company could not be read any more.
"""

LARGEST_PRICE = 100_000_000
LARGEST_SUM = 1_000_000_000
LARGEST_BYTES = 10**15


def exceeds(value: float, largest: int) -> bool:
    """Whether a value is above the largest one, by more than rounding adds."""
    return value > largest + largest // 1_000_000


def at_most(largest: int, *names: str) -> str:
    """SQL condition: none of these columns is above a value, nor below its negative.

    A millionth more is let through: Odoo's rounding may add to the last digits.
    """
    most = largest + largest // 1_000_000
    return " AND ".join(
        f"(COALESCE({name}, 0) BETWEEN -{most} AND {most})" for name in names
    )
