# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Telephone numbers in one spelling, whole columns at once.

What `phonenumbers.parse` finds, at a fraction of its time: one regular expression a
country, made of the library's own metadata, takes all that cannot be read in two
ways. The rest goes to the library itself.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat, PhoneNumberType

ANONYMOUS_VALUES = (
    "anonymous",
    "anonymous.invalid",
    "asserted",
    "blocked",
    "no number",
    "not available",
    "private",
    "restricted",
    "unavailable",
    "unknown",
    "withheld",
)
MAX_IDENTIFIER = 64
MAX_DIGITS = 15  # of E.164, country code included
EXTENSION_DIGITS = 6
PLAIN = re.compile(r"\+?\d+", re.ASCII)
# Blanks, dots, dashes, brackets and slashes between digits mean nothing.
PUNCTUATION = dict.fromkeys(
    map(ord, " \t\xa0\u2007\u2009\u202f.-\u2010\u2011\u2012\u2013\u2212()[]/"), None
)
ADDRESS = re.compile(r"(?:sips?|tel):([^@;?>]*)", re.IGNORECASE)
BRACKETED = re.compile(r'\s*"?(?P<name>.*?)"?\s*<(?P<inside>[^<>]*)>\s*', re.DOTALL)
EXTENSION = re.compile(r"ext\.?\s*(\d+)", re.IGNORECASE | re.ASCII)
# How PBXs mark who called: <I>number, <D>dialled number<I>number, ->number. Without a
# number behind it, or as a backslash alone, there was none to be had.
CALLER_MARK = re.compile(r"(?:<D>[^<>]*)?<I>|->", re.IGNORECASE)
NO_CALLER = "\\"
# Last digits that are not told, as the law of some countries has it.
MASKED = re.compile(r"(\+?\d*)([xX]{2,15}|\*{3,15})", re.ASCII)
MASK = "X"
MANY_ZEROS = re.compile(r"000+(?=[1-9])")
NEVER = "(?!)"

# Category of a number that no prefix of ours names, by the type that the library
# gives it. See the design: telecom.destination.category.
CATEGORIES = {
    PhoneNumberType.FIXED_LINE: "landline",
    PhoneNumberType.MOBILE: "mobile",
    # Where numbers do not tell (North America): as the cheaper of the two.
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "landline",
    PhoneNumberType.TOLL_FREE: "intelligent",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "intelligent",
    PhoneNumberType.VOIP: "landline",
    PhoneNumberType.PERSONAL_NUMBER: "intelligent",
    PhoneNumberType.PAGER: "other",
    PhoneNumberType.UAN: "intelligent",
    PhoneNumberType.VOICEMAIL: "other",
    PhoneNumberType.UNKNOWN: "other",
}


@dataclass(frozen=True)
class Country:
    """How numbers are dialled in a country.

    :ivar region: ISO code, "" where the library does not know it
    :ivar code: country code, digits
    :ivar quick: matches what can be read in one way only. Groups: 1 international
        digits, 2 short code or extension, others: national number (alone, behind the
        country code, behind the national prefix)
    :ivar longest: digits of its longest national number
    """

    region: str
    code: str
    quick: re.Pattern[str]
    longest: int


def normalise(
    values: pd.Series,
    country: str = "ES",
    extension_digits: int = EXTENSION_DIGITS,
    anonymous_values: Iterable[str] = ANONYMOUS_VALUES,
) -> pd.Series:
    """Numbers in one spelling, the same index.

    "+34600000001" for telephone numbers; bare digits for short codes and extensions
    (up to `extension_digits` digits); other identifiers as they came, up to 64
    characters; None for blanks and for words that stand for a withheld number.
    What has more than 15 digits stays a row of digits: see `Spelled.is_too_long`.

    :param values: str or missing
    :param country: ISO 3166 code of the country whose spelling national numbers have
    """
    texts = values.astype(object).where(values.notna(), None).to_numpy()
    numbers = spell(texts, country, extension_digits, anonymous_values).column()
    return pd.Series(numbers, index=values.index, dtype=object, name=values.name)


def withheld(
    values: pd.Series, anonymous_values: Iterable[str] = ANONYMOUS_VALUES
) -> np.ndarray:
    """Which values stand for a number that the caller withheld (bool array)."""
    texts = values.astype(object).where(values.notna(), None).to_numpy()
    return spell(texts, "", EXTENSION_DIGITS, anonymous_values).is_hidden()


@dataclass(frozen=True)
class Spelled:
    """A column of spelled numbers: each distinct text once.

    :ivar codes: (rows,) int64, places in the others; the last one is for missing
    :ivar numbers: object array of str or None
    :ivar hidden: bool array, whether the text says that the number is withheld
    """

    codes: np.ndarray
    numbers: np.ndarray
    hidden: np.ndarray

    def column(self) -> np.ndarray:
        """The number of each row: object array of str or None."""
        return self.numbers[self.codes]

    def is_hidden(self) -> np.ndarray:
        """Whether each row's number is withheld."""
        return self.hidden[self.codes]

    def is_too_long(self) -> np.ndarray:
        """Whether each row's number has more digits than any telephone number."""
        return self._test(
            lambda number: (
                (len(number) > MAX_DIGITS and number.isdecimal())
                or (len(number) > MAX_DIGITS + 1 and number[1:].isdecimal())
            )
        )

    def is_extension(self, digits: int) -> np.ndarray:
        """Whether each row's number has at most so many digits, and no +."""
        return self._test(lambda number: len(number) <= digits and number.isdecimal())

    def _test(self, test: Callable[[str], bool]) -> np.ndarray:
        """What a test says of each row's number; False where there is none."""
        answers = [number is not None and test(number) for number in self.numbers]
        return np.array(answers, bool)[self.codes]


def spell(
    texts: Sequence[str | None] | np.ndarray,
    country: str,
    extension_digits: int,
    anonymous_values: Iterable[str],
) -> Spelled:
    """As `normalise`, and which texts say that the number is withheld."""
    codes, distinct = pd.factorize(np.asarray(texts, dtype=object))
    words = frozenset(anonymous_values)
    speller = _speller(country or "", extension_digits, words)
    # The last place is for missing values, whose code is -1.
    numbers = np.full(len(distinct) + 1, None, object)
    hidden = np.zeros(len(distinct) + 1, bool)
    for place, text in enumerate(distinct):
        numbers[place] = number = speller(text)
        if number is None:
            hidden[place] = bool(text.strip())
        elif "<" in text:
            hidden[place] = _name(text) in words
    return Spelled(codes, numbers, hidden)


def format_international(number: str) -> str:
    """A stored number for people: "+34 600 00 00 01"; others stay as they are.

    Of a number whose last digits are hidden: "+34 600 00 0x xx".
    """
    plain = number.rstrip("x")
    signs = number[len(plain) :]
    if not (plain.startswith("+") and plain[1:].isdecimal()):
        return number
    try:
        parsed = phonenumbers.parse(plain + "0" * len(signs))
    except phonenumbers.NumberParseException:
        return number
    found = phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    return _with_signs(found, signs) if signs else found


def _with_signs(number: str, signs: str) -> str:
    """A number with its last digits, as many as there are signs, replaced by them."""
    letters, left = list(number), list(signs)
    for place in range(len(letters) - 1, -1, -1):
        if left and letters[place].isdecimal():
            letters[place] = left.pop()
    return "".join(letters)


def numbers_type(digits: Sequence[str], country: str) -> list[str]:
    """Categories of E.164 digits (without +), as seen from a country.

    About 50 us a number: for few distinct ones.

    :return: landline, mobile, intelligent, premium, international, short, other
    """
    return [_number_type(item, country) for item in digits]


def _number_type(digits: str, region: str) -> str:
    """The category of one number."""
    region = (region or "").upper()
    own = _country(region, EXTENSION_DIGITS).code
    if own and digits.startswith(own) and len(digits) <= len(own) + EXTENSION_DIGITS:
        return "short"
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return "other"
    found = phonenumbers.region_code_for_number(number)
    if str(number.country_code) != own or (found and found != region):
        return "international"
    return CATEGORIES[phonenumbers.number_type(number)]


# === One text === #


@lru_cache(maxsize=32)
def _speller(
    country: str, extension_digits: int, words: frozenset[str]
) -> Callable[[str], str | None]:
    """The function that spells one text."""
    rules = _country(country, extension_digits)
    quick = rules.quick.fullmatch
    code, safe = f"+{rules.code}", _safe_starts()

    def speller(text: str) -> str | None:
        """A text in the one spelling."""
        match = quick(text)
        if not match:
            return _spell_slowly(text, rules, words, quick_plain)
        number, kind = match[match.lastindex], match.lastindex
        if kind == 1:
            is_certain = number[:4] in safe or _is_certain(number)
            return f"+{number}" if is_certain else _by_library(text, rules)
        return number if kind == 2 else code + number  # noqa: PLR2004

    def quick_plain(text: str) -> str | None:
        """The same for digits without anything between them."""
        return speller(text) if quick(text) else _by_library(text, rules)

    return speller


def _spell_slowly(
    text: str, rules: Country, words: frozenset[str], plain: Callable
) -> str | None:
    """What is not digits alone: names, addresses, punctuation, words."""
    core = _core(text)
    digits = core.translate(PUNCTUATION)
    if PLAIN.fullmatch(digits):
        return plain(digits)
    if not core or core == NO_CALLER or core.casefold() in words:
        return None
    masked = MASKED.fullmatch(digits)
    if masked:
        return _spell_masked(masked[1], masked[2], plain)
    return core[:MAX_IDENTIFIER]


def _spell_masked(digits: str, mask: str, plain: Callable) -> str | None:
    """A number whose last digits are not told, each of them as X; None without any."""
    if not digits:
        return None
    for fill in "05":
        number = plain(digits + fill * len(mask))
        if number.startswith("+"):
            return number[: -len(mask)] + MASK * len(mask)
    return digits + MASK * len(mask)


def _core(text: str) -> str:
    """The number or identifier in a text: of `"Name" <sip:123@host>`, 123."""
    mark = CALLER_MARK.match(text.lstrip())
    if mark:
        text = text.lstrip()[mark.end() :]
    match = BRACKETED.fullmatch(text)
    core = match["inside"] if match else text
    match = ADDRESS.match(core.strip())
    core = (match[1] if match else core).strip().strip('"').strip()
    match = EXTENSION.fullmatch(core)
    return match[1] if match else core


def _name(text: str) -> str:
    """The name in `"Name" <123>`, without case; empty where there is none."""
    match = BRACKETED.fullmatch(text)
    return match["name"].strip().casefold() if match else ""


def _by_library(digits: str, rules: Country) -> str:
    """What the library makes of digits that can be read in several ways.

    :param digits: digits, a + in front perhaps
    :return: the digits as they are where it makes nothing of them
    """
    if _is_foreign(digits, rules):
        return f"+{digits}"
    # 00034… is dialled with one zero too many; so no country begins.
    digits = MANY_ZEROS.sub("00", digits, count=1) if digits[:3] == "000" else digits
    try:
        number = phonenumbers.parse(digits, rules.region or None)
    except phonenumbers.NumberParseException:
        return digits[:MAX_IDENTIFIER]
    if str(number.country_code) == rules.code and _is_short(number, digits):
        return phonenumbers.national_significant_number(number)
    found = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return found if len(found) <= MAX_DIGITS + 1 else digits[:MAX_IDENTIFIER]


def _is_certain(digits: str) -> bool:
    """Whether international digits hold no national prefix: some write +44 020…."""
    for length in (1, 2, 3):
        pattern = _prefix_pattern(digits[:length])
        if pattern:
            return not pattern.match(digits, length)
    return False


def _is_short(number: phonenumbers.PhoneNumber, digits: str) -> bool:
    """Whether it is a short code in international spelling: +34112."""
    is_international = digits.startswith(("+", "00"))
    length = len(phonenumbers.national_significant_number(number))
    return (
        is_international
        and length <= EXTENSION_DIGITS
        and not phonenumbers.is_valid_number(number)
    )


def _is_foreign(digits: str, rules: Country) -> bool:
    """Whether digits are too long for the country, and right for another one.

    Carriers that write E.164 without the + are many. The library would take such a
    number for an invalid national one.
    """
    if digits.startswith(("+", "0", rules.code or "+")):
        return False
    if not rules.longest < len(digits) <= MAX_DIGITS:
        return False
    for length in (1, 2, 3):
        pattern = _general_pattern(digits[:length])
        if pattern and pattern.fullmatch(digits, length):
            return True
    return False


# === What a country's metadata say === #


@lru_cache(maxsize=64)
def _country(region: str, extension_digits: int) -> Country:
    """A country's rules, compiled."""
    metadata = PhoneMetadata.metadata_for_region(region.upper(), None)
    short = rf"(\d{{1,{extension_digits}}})" if extension_digits else f"({NEVER})"
    if metadata is None:
        return Country("", "", _quick("00", short, NEVER, NEVER, NEVER), 0)
    general = _quiet(metadata.general_desc.national_number_pattern)
    prefix = _quiet(metadata.national_prefix_for_parsing or NEVER)
    national = rf"(?!{prefix})({general})"
    code = metadata.country_code
    pattern = _quick(
        _quiet(metadata.international_prefix or NEVER),
        short,
        national,
        rf"{code}{national}",
        rf"{_plain_prefix(metadata)}{national}",
    )
    longest = max(metadata.general_desc.possible_length)
    return Country(region.upper(), str(code), pattern, longest)


def _quick(
    international_prefix: str, short: str, national: str, own: str, prefixed: str
) -> re.Pattern[str]:
    """The alternatives, in the order in which the library would take them."""
    international = rf"(?:\+|(?:{international_prefix})(?!0))(\d{{7,{MAX_DIGITS}}})"
    others = f"{short}|{national}|{own}|{prefixed}"
    return re.compile(f"{international}|{others}", re.ASCII)


def _quiet(pattern: str) -> str:
    """A pattern without capturing groups."""
    return re.sub(r"\((?!\?)", "(?:", pattern)


def _plain_prefix(metadata: PhoneMetadata) -> str:
    """The national prefix as a pattern, where it can be told from all else."""
    prefix = metadata.national_prefix or ""
    others = (metadata.national_prefix_for_parsing or "").split("|")
    is_plain = (
        prefix.isdecimal()
        and prefix in others
        and not metadata.national_prefix_transform_rule
        and prefix[0] != str(metadata.country_code)[0]
    )
    others = "|".join(other for other in others if other != prefix)
    return prefix if is_plain and prefix[0] not in _first_digits(others) else NEVER


def _first_digits(pattern: str | None) -> str:
    """Digits that what a national prefix's pattern matches may begin with.

    Rather too many than too few: such numbers take the slow way, that is all.
    """
    if not pattern:
        return "x"  # no digit
    found = set()
    for part in pattern.split("|"):
        start = re.match(r"(?:\(\?:|\()*(\d)(?![?*{])", part)
        found |= {start[1]} if start else set(re.findall(r"\d", part))
        if not start and re.search(r"\\d|-|\.", part):
            found |= set("0123456789")
    return "".join(sorted(found))


@lru_cache(maxsize=1)
def _safe_starts() -> frozenset[str]:
    """First four digits of international numbers that cannot be misread.

    A country code, and behind it a digit that no national prefix begins with.
    """
    starts = set()
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        metadata = _main_metadata(code)
        risky = _first_digits(metadata.national_prefix_for_parsing)
        good = [f"{code}{digit}" for digit in "0123456789" if digit not in risky]
        starts |= {
            f"{start}{rest:0{4 - len(start)}}" if len(start) < 4 else start  # noqa: PLR2004
            for start in good
            for rest in range(10 ** (4 - len(start)))
        }
    return frozenset(starts)


def _main_metadata(code: int) -> PhoneMetadata:
    """The metadata of a country code's main region."""
    region = phonenumbers.region_code_for_country_code(code)
    return PhoneMetadata.metadata_for_region_or_calling_code(code, region)


def _is_code(code: str) -> bool:
    """Whether digits are a country code."""
    return code.isdecimal() and int(code) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE


@lru_cache(maxsize=1024)
def _general_pattern(code: str) -> re.Pattern[str] | None:
    """What national numbers behind a country code look like; None for no code."""
    if not _is_code(code):
        return None
    return re.compile(_main_metadata(int(code)).general_desc.national_number_pattern)


@lru_cache(maxsize=1024)
def _prefix_pattern(code: str) -> re.Pattern[str] | None:
    """What national prefixes behind a country code look like; None for no code."""
    if not _is_code(code):
        return None
    return re.compile(_main_metadata(int(code)).national_prefix_for_parsing or NEVER)
