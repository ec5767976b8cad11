# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which columns of a carrier's rate sheet mean what, by the names in its header."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from ..formats import Column

# Field -> names of its columns, the ones that win first: accents, case, punctuation,
# currencies and the words in NOISE are left out of both sides.
NAMES: dict[str, tuple[str, ...]] = {
    "prefix": (
        "prefix", "prefixes", "prefijo", "prefijos", "prefixo", "prefixos", "prefixe",
        "prefissi", "prefisso", "dial code", "dial codes", "dialcode", "dialing code",
        "dialling code", "dialing codes", "dialling codes", "dial prefix",
        "dialed code", "dialled code", "code", "codes", "codigo", "codigos", "codice",
        "codici", "destination code", "destination codes", "codigo destino",
        "codigo marcacion", "full code", "e164", "e164 code", "e164 prefix", "breakout",
        "breakouts", "destination prefix", "rate code", "vorwahl", "vorwahlen",
        "indicatif", "indicatifs", "phone prefix", "code range", "dialcodes",
        "number range", "target pattern prefix", "code from", "from code",
        "range start", "range from", "npanxx", "cod", "codigo pais destino",
        "country and area code",
    ),
    "prefix_to": (
        "code to", "to code", "range end", "range to", "prefix to", "last code",
        "hasta prefijo", "prefijo final",
    ),
    "country_code": (
        "country code", "country codes", "cc", "countrycode", "codigo pais",
        "ctry code", "indicatif pays", "landesvorwahl", "country dial code",
        "country prefix", "prefijo pais", "codice paese",
    ),
    "area_code": (
        "area code", "area codes", "areacode", "city code", "city codes", "codigo area",
        "codigos area", "codigo ciudad", "region code", "network code", "network codes",
        "ortsvorwahl", "prefijo area", "ac", "carrier code", "carrier codes",
        "operator code", "national code", "ndc", "sub code", "area prefix",
    ),
    "destination": (
        "destination", "destination name", "destino", "nombre destino", "destinations",
        "destinos", "description", "descripcion", "name", "nombre", "zone", "zona",
        "ziel", "zielname", "destinazione", "route", "ruta", "target pattern name",
        "terminating country", "location", "code name", "rate name", "area name",
        "bezeichnung", "libelle", "country destination", "destination country",
        "descricao", "breakout name", "country", "pais", "land", "pays", "paese",
    ),
    "price": (
        "new rate", "new price", "nueva tarifa", "nuevo precio", "future rate", "rate",
        "rates", "price", "prices", "cost", "charge", "tariff", "precio", "precios",
        "tarifa", "tarifas", "coste", "costo", "importe", "prix", "preis", "preco",
        "prezzo", "tarif", "costs", "kosten", "cout", "tariffa", "interrate",
        "next price", "next rate", "minutepreis", "minutenpreis", "call rate",
        "buy rate", "sell rate", "voice rate", "rate value", "unit price", "ppm",
        "peak rate", "peak", "inter rate", "interstate", "current rate",
        "current price", "usage charge", "usage rate", "termination rate",
    ),
    "initial_price": (
        "first price", "first rate", "initial price", "initial rate", "precio inicial",
        "first interval price",
    ),
    "connect": (
        "connect fee", "connection fee", "connect", "connection", "connection cost",
        "connection charge", "setup fee", "setup", "set up fee", "set up", "call setup",
        "setup charge", "establecimiento", "establecimiento llamada",
        "coste establecimiento", "cuota establecimiento", "precio establecimiento",
        "cargo conexion", "surcharge", "connect cost", "flag fall", "flagfall",
        "verbindungsentgelt", "connect charge", "call charge", "taxa conexao",
        "initial charge", "scatto risposta", "frais connexion",
    ),
    "increments": (
        "increments", "billing increments", "billing increment", "billing interval",
        "incrementos", "billing terms", "intervals", "tarificacion", "taktung", "takt",
        "billing cycle", "intervalo", "intervalos", "billing increment sec", "min inc",
        "modalidad facturacion", "initial next",
    ),
    "initial": (
        "initial increment", "first increment", "initial", "first interval",
        "initial interval", "initial period", "minimum increment", "incremento inicial",
        "primer incremento", "intervalo inicial", "interval 1", "interval1",
        "first period", "initial block", "minimum billing increment", "interval first",
    ),
    "increment": (
        "increment", "next increment", "next interval", "subsequent increment",
        "additional increment", "incremento", "charge period", "interval n",
        "intervaln", "interval", "increment interval", "subsequent interval",
        "rate increment", "additional interval", "siguiente incremento",
        "incremento siguiente", "interval 2", "interval2", "next period", "periodo",
        "second interval", "periodo tarificacion", "interval next", "subsequent",
    ),
    "minimum_duration": (
        "minimum duration", "min duration", "minimum time", "min time", "minimum",
        "duracion minima", "tiempo minimo", "minimo", "minimum call duration",
        "duration", "min charge duration", "mindestdauer",
    ),
    "grace": (
        "grace time", "grace", "grace period", "free seconds", "gracia",
    ),
    "start": (
        "effective date", "effective", "effective from", "valid from", "start date",
        "from date", "date effective", "fecha", "fecha vigencia", "fecha inicio",
        "vigente desde", "valido desde", "desde", "gultig ab", "date",
        "activation date", "fecha efectiva", "entrada vigor", "fecha entrada vigor",
        "effectivedate", "fecha efecto", "start", "begin date", "from", "date effet",
        "valid since", "data inicio", "valido dal", "rate effective date",
        "effective as", "inicio",
    ),
    "end": (
        "end date", "expiry date", "expiration date", "valid to", "valid until",
        "valid till", "effective to", "effective until", "fecha fin", "hasta",
        "vigente hasta", "valido hasta", "expiry", "expires", "discontinued",
        "gultig bis", "fecha baja", "termination date", "enddate", "to date", "end",
        "fin", "to", "data fim", "expiration", "date until", "fecha final", "until",
    ),
    "status": (
        "status", "change", "estado", "action", "accion", "change type", "rate change",
        "change status", "cambio", "type change", "statut", "stato", "comments",
        "comment", "remarks", "remark", "notes", "notas", "observaciones",
        "comentarios", "changes", "code status", "rate status", "updates",
        "tipo cambio",
    ),
    "blocked": (
        "blocked", "is blocked", "bloqueado", "barred", "closed", "gesperrt",
    ),
    "category": ("category", "categories", "categoria", "categorie", "kategorie"),
    "time_band": (
        "time band", "time bands", "timeband", "franja horaria", "franja", "horario",
        "tramo horario", "time of day", "tranche horaire",
    ),
    "calling_pattern": ("calling pattern", "patron origen", "patron llamante"),
    "called_pattern": ("called pattern", "patron destino", "patron llamado"),
    "region_pattern": ("region pattern", "patron region"),
    "sequence": ("rule order", "orden regla", "orden reglas"),
    "currency": (
        "currency", "moneda", "divisa", "wahrung", "devise", "moeda", "valuta",
    ),
}  # fmt: skip
FIELDS = tuple(NAMES)
NOISE = frozenset(
    [
        "a",
        "al",
        "and",
        "by",
        "de",
        "del",
        "der",
        "des",
        "di",
        "du",
        "e",
        "el",
        "en",
        "for",
        "i",
        "in",
        "la",
        "las",
        "los",
        "of",
        "on",
        "per",
        "por",
        "pro",
        "par",
        "the",
        "to",
        "und",
        "y",
        "min",
        "mins",
        "minute",
        "minutes",
        "minuto",
        "minutos",
        "minuten",
        "sec",
        "secs",
        "second",
        "seconds",
        "segundo",
        "segundos",
        "sekunden",
        "seg",
        "s",
        "call",
        "llamada",
        "cents",
        "cent",
        "cts",
        "ct",
        "centimos",
        "pence",
        "vat",
        "excl",
        "ex",
        "exc",
        "excluding",
        "sin",
        "iva",
        "net",
        "neto",
        "no",
        "hh",
        "mm",
        "ss",
        "dd",
        "mmm",
        "yyyy",
        "yy",
        "number",
        "usage",
        "each",
        "payable",
        "your",
        "our",
        "us",
    ]
)
CURRENCIES = frozenset(
    [
        "AED",
        "ARS",
        "AUD",
        "BDT",
        "BGN",
        "BOB",
        "BRL",
        "BWP",
        "CAD",
        "CHF",
        "CLP",
        "CNY",
        "COP",
        "CRC",
        "CZK",
        "DKK",
        "DOP",
        "DZD",
        "EGP",
        "EUR",
        "GBP",
        "GEL",
        "GHS",
        "GTQ",
        "HKD",
        "HNL",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "ISK",
        "JOD",
        "JPY",
        "KES",
        "KRW",
        "KWD",
        "KZT",
        "LBP",
        "LKR",
        "MAD",
        "MXN",
        "MYR",
        "NAD",
        "NGN",
        "NIO",
        "NOK",
        "NZD",
        "OMR",
        "PAB",
        "PEN",
        "PHP",
        "PKR",
        "PLN",
        "PYG",
        "QAR",
        "RON",
        "RSD",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TND",
        "TRY",
        "TWD",
        "TZS",
        "UAH",
        "UGX",
        "USD",
        "UYU",
        "UZS",
        "VES",
        "VND",
        "XAF",
        "XOF",
        "ZAR",
        "ZMW",
    ]
)
SIGNS = {"€": "EUR", "£": "GBP", "$": "USD", "¥": "JPY", "₹": "INR"}
# A plain "$" may be the dollar of many a country, but in rate sheets is the one.
CURRENCY = re.compile(r"(?<![A-Za-z])([A-Z]{3})(?![A-Za-z])|([€£$¥₹])")
CENTS = re.compile(r"(?i)\b(cents?|cts?|centimos|céntimos|pence)\b|¢")
PER_SECOND = re.compile(
    r"(?i)(?:/|\b(?:per|por|par|pro)\b)\s*(?:s|secs?|seconds?|seg|segundos?|sekunde)\b"
)
MAX_NAME = 120
CENT = Decimal("0.01")
AMOUNTS = ("price", "connect")
IDENTITIES = ("prefix", "country_code", "area_code")
# Columns by which a row may be told where it has no codes.
NAMES_OF_CALLS = ("destination", "category")


@dataclass(frozen=True)
class Header:
    """The columns of a table.

    :ivar places: field -> places of its columns from 0, the first of them that is not
        empty counts
    :ivar currency: code in the name of the price's column, or ""
    :ivar factor: what the prices are to be multiplied with to be per minute and in
        whole currency units: 0.01 for cents, 60 for prices per second
    :ivar connect_factor: the same for connection fees
    """

    places: dict[str, tuple[int, ...]]
    currency: str = ""
    factor: Decimal = Decimal(1)
    connect_factor: Decimal = Decimal(1)

    @property
    def has_price(self) -> bool:
        """Whether it is a table of prices, not one of codes alone."""
        return "price" in self.places

    @property
    def has_codes(self) -> bool:
        """Whether its rows name codes."""
        return any(field in self.places for field in IDENTITIES)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name in lower case, without accents, punctuation and currencies."""
    name = CURRENCY.sub(lambda match: "" if currency_of(match[0]) else match[0], name)
    folded = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(one for one in folded if not unicodedata.combining(one))
    return " ".join(re.findall(r"[a-z0-9]+", letters))


@lru_cache(maxsize=4096)
def terse(name: str) -> str:
    """A plain name without the words that say nothing here."""
    return " ".join(word for word in name.split() if word not in NOISE)


RANKS: dict[str, tuple[int, str]] = {}
TERSE_RANKS: dict[str, tuple[int, str]] = {}
for _field, _names in NAMES.items():
    for _rank, _name in enumerate(_names):
        RANKS.setdefault(plain(_name), (_rank, _field))
        TERSE_RANKS.setdefault(terse(plain(_name)), (_rank, _field))
TERSE_RANKS.pop("", None)


@lru_cache(maxsize=4096)
def field_of(name: str) -> tuple[int, str] | None:
    """Rank (less wins) and field of a column's name, None where it is not known."""
    if not name or len(name) > MAX_NAME:
        return None
    whole = plain(name)
    return RANKS.get(whole) or TERSE_RANKS.get(terse(whole))


def currency_of(text: str) -> str:
    """The first currency code or sign in a text, or ""."""
    for code, sign in CURRENCY.findall(text):
        if sign or code in CURRENCIES:
            return SIGNS.get(sign, code)
    return ""


def find_header(
    cells: Sequence[str], mapping: Mapping[str, Sequence[Column]]
) -> Header | None:
    """The columns that a row names, None where it is no header.

    :param mapping: field -> columns as the caller wants them; nothing: field not used
    """
    found: dict[str, tuple[int, int]] = {}
    for place, name in enumerate(cells):
        known = field_of(name)
        if known and (known[1] not in found or known[0] < found[known[1]][0]):
            found[known[1]] = (known[0], place)
    places = {field: (place,) for field, (_rank, place) in found.items()}
    wanted = _wanted(cells, mapping)
    if wanted is None:
        return None
    taken = {place for columns in wanted.values() for place in columns}
    places = {field: one for field, one in places.items() if one[0] not in taken}
    places = {
        field: one for field, one in {**places, **wanted}.items() if one
    }  # what is switched off has no column
    header = _header(cells, places)
    return header if _is_header(header, bool(taken)) else None


def _wanted(
    cells: Sequence[str], mapping: Mapping[str, Sequence[Column]]
) -> dict[str, tuple[int, ...]] | None:
    """Places of the mapped columns; None where the row has not all of their names."""
    names = {plain(name): place for place, name in reversed(list(enumerate(cells)))}
    wanted = {}
    for field, columns in mapping.items():
        places = [
            one - 1 if isinstance(one, int) else names.get(plain(one), -1)
            for one in columns
        ]
        if -1 in places:
            return None
        wanted[field] = tuple(places)
    return wanted


def _is_header(header: Header, is_mapped: bool) -> bool:
    """Whether so many names are there that the row is a header."""
    if header.has_codes:
        return header.has_price or "destination" in header.places
    is_named = any(name in header.places for name in NAMES_OF_CALLS)
    return header.has_price and (is_named or is_mapped)


def _header(cells: Sequence[str], places: dict[str, tuple[int, ...]]) -> Header:
    """A header with what the names of the columns say about their amounts."""
    title, connect = (_title(cells, places.get(name, ())) for name in AMOUNTS)
    factor = CENT if CENTS.search(title) else Decimal(1)
    if PER_SECOND.search(title):
        factor *= 60
    connect_factor = CENT if CENTS.search(connect) else Decimal(1)
    return Header(places, currency_of(title), factor, connect_factor)


def _title(cells: Sequence[str], places: Sequence[int]) -> str:
    """The name of the first of some columns."""
    titles = [cells[place] for place in places if place < len(cells)]
    return titles[0] if titles else ""


def missing_names(mapping: Mapping[str, Sequence[Column]]) -> str:
    """What a header must have, in words."""
    if mapping:
        columns = [str(one) for names in mapping.values() for one in names]
        return f"a row with the columns {', '.join(columns)}"
    return (
        "a row with the names of the columns, such as Prefix (Code, Dial code, "
        "Prefijo) and Rate (Price, Cost, Tarifa, Precio)"
    )
