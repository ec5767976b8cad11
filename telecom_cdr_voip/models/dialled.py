# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Numbers as they are dialled, one at a time."""

from functools import lru_cache

from odoo.addons.telecom_cdr.parsers import numbering


@lru_cache(maxsize=20_000)
def spelled(text: str, country: str) -> str | None:
    """A dialled number as calls have it: E.164, or the digits of a short one."""
    known = (numbering.EXTENSION_DIGITS, numbering.ANONYMOUS_VALUES)
    [number] = numbering.spell([text], country, *known).column()
    digits = (number or "").removeprefix("+")
    is_number = digits.isascii() and digits.isdecimal()
    return number if is_number and len(digits) <= numbering.MAX_DIGITS else None


@lru_cache(maxsize=256)
def unblocked(texts: str, country: str) -> frozenset[str]:
    """Numbers that may always be called, in one spelling."""
    found = (spelled(text.strip(), country) for text in texts.split(","))
    return frozenset(number for number in found if number)
