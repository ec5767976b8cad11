# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Numbers of which the last digits are hidden: on bills, lists and files of calls."""

SIGN = "x"
COUNTRY_DIGITS = 3


def masked(text: str, hidden: int, prefix: str = "") -> str:
    """Return a number with its last digits hidden, in the spelling that it has.

    What tells the destination stays: digits that a prefix says, so of a short number
    at least where it leads to. A name before an @ is hidden like a number, letter by
    letter; what has no digits is, too.

    :param text: "+34 600 00 00 01", "600000001", "ann@pbx.example"
    :param hidden: how many of the last digits, 0: none
    :param prefix: digits that the destination was found by, in E.164 without the plus
    """
    if hidden <= 0 or not text:
        return text
    name, at, host = text.partition("@")
    counts = str.isdigit if any(map(str.isdigit, name)) else str.isalnum
    places = [place for place, char in enumerate(name) if counts(char)]
    digits = "".join(name[place] for place in places)
    kept = _destination_digits(digits, prefix, name.startswith("+"))
    gone = set(places[max(len(places) - hidden, kept) :])
    shown = (SIGN if place in gone else char for place, char in enumerate(name))
    return "".join(shown) + at + host


def _destination_digits(digits: str, prefix: str, is_international: bool) -> int:
    """How many of the first digits are those that the destination was found by.

    A short code is written without the country's code, which its prefix begins with.
    """
    codes = 0 if is_international else COUNTRY_DIGITS
    for code in range(codes + 1):
        if prefix[code:] and digits.startswith(prefix[code:]):
            return len(prefix) - code
    return 0
