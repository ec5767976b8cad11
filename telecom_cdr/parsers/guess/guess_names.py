# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What headings mean: English, Spanish, German, and the vendors' own names.

The order within a field counts: of two columns whose headings mean the same, the one
that is named first here is the better (billsec before duration). Names are written
without blanks, accents and signs.
"""

from functools import lru_cache

from .sample import SampleColumn

NAMES = {
    "start": """
        startepoch startstamp timestart starttime callstart callstarttime
        callstartdatetime startdatetime startedat calldate calldatetime
        datetimeorigination calltime datetime dateandtime setuptime timestamp start
        begin begintime created datecreated connecttime
        fechahora fechayhora fechahorainicio fechainicio horainicio fechallamada
        fechadellamada iniciollamada inicio fecha
        startzeit startzeitpunkt beginn gespraechsbeginn verbindungsbeginn datumuhrzeit
        datumzeit datumundzeit zeitpunkt zeitstempel anrufdatum datum
        date eventdate eventtime pagedate""",
    "answer": """
        answerepoch answerstamp timeanswered answertime answeredat answeredtime
        datetimeconnect answer answerdatetime
        horarespuesta fechacontestacion contestada rufannahme angenommenum""",
    "end": """
        endepoch endstamp timeend endtime callend callendtime callenddatetime
        enddatetime endedat datetimedisconnect disconnecttime hanguptime end stop
        stoptime fin fechafin horafin fechahorafin ende endzeit gespraechsende""",
    "calling_number": """
        callingpartynumber callingnumber callernumber calleridnumber sourcenumber src
        callfrom fromnumber callsource callingparty caller from fromno source
        originatingnumber anumber anum aparty ani cli clinumber callerid clid
        numeroorigen origennumero numerollamante numerodeorigen llamante origen
        llamador telefonoorigen numeroa
        anrufernummer rufnummer arufnummer anummer anrufer quellrufnummer
        quellnummer quelle vonnummer von eigenerufnummer anschluss
        extension ext station nebenstelle""",
    "called_number": """
        finalcalledpartynumber callednumber callee calleenumber destinationnumber dst
        callto tonumber calldestination calledparty called to tono destination
        dialednumber diallednumber diallednocli dialnumber dialed dialled
        originalcalledpartynumber destinationcli bnumber bnum bparty dnis number
        numberdialed numbercalled
        numerodestino destinonumero numerodedestino numeromarcado numerollamado
        llamado marcado destino telefonodestino numerob
        zielrufnummer zielnummer brufnummer bnummer gerufenenummer
        angerufenenummer gewaehltenummer gewaehlterufnummer ziel annummer an nach""",
    "duration": """
        billsec billableseconds billseconds billedseconds billedduration billduration
        talkduration talkduraction talktime talking conversation conversationtime
        billingseconds seconds secs durationseconds durationsecs durationsec durations
        durationinseconds callduration duration dur length calllength
        billableminutes minutes durationminutes mins connectedtime
        segundos duracionsegundos duracionseg duracion tiempo duracionllamada minutos
        sekunden dauersekunden dauerinsekunden dauers gespraechsdauer
        verbindungsdauer dauer minuten""",
    "carrier_amount": """
        totalcost callcost totalcharge billcost cost amount charge charges price total
        netcost costex netprice value
        importe importeneto coste costo precio cargo total
        betrag nettobetrag netto preis kosten entgelt gebuehr""",
    "direction": """
        direction calldirection calltype type
        sentido direccion tipo tipollamada tipodellamada
        richtung anrufrichtung typ art""",
    "disposition": """
        disposition calldisposition status callstatus result outcome hangupcause
        reasonterminated terminationreason
        estado resultado estadollamada
        status ergebnis zustand anrufstatus""",
    "unique_id": """
        uniqueid pkid xmlcdruuid cdrid bdrid acctid sid calluuid uuid recordid callid
        callref reference id
        idllamada idunico identificador referencia
        anrufid eindeutigeid kennung vorgangsnummer""",
    "trunk": """
        trunk trunkname trunkgroup dsttrunkname dsttrunk gateway route line co
        troncal enlace linea ruta leitung amt""",
    "account_code": """
        accountcode acccode account authcode clientmattercode
        codigocuenta codigodecuenta cuenta codigo
        kostenstelle kontonummer projektnummer""",
    "redirecting_number": """
        lastredirectdn redirectingnumber rdnis forwardedfrom diversion
        numerodesvio umgeleitetvon""",
    "utc_offset": "utcoffset gmtoffset timezoneoffset",
    "time_zone": "timezone tz zonahoraria zeitzone",
    "volume": "volume bytes octets datavolume volumen datenvolumen",
}
# Times of day that may stand beside a day.
TIME_NAMES = frozenset(
    [
        "time",
        "calltime",
        "starttime",
        "timeofday",
        "hour",
        "hora",
        "horainicio",
        "horallamada",
        "uhrzeit",
        "zeit",
        "startzeit",
    ]
)


@lru_cache(maxsize=1)
def _ranks() -> dict[str, tuple[str, int]]:
    """Name -> its field, and how good it is for it: 0 is the best."""
    ranks: dict[str, tuple[str, int]] = {}
    for name, words in NAMES.items():
        for place, word in enumerate(words.split()):
            ranks.setdefault(word, (name, place))
    return ranks


@lru_cache(maxsize=4096)
def rank_of(heading: str) -> tuple[str, int] | None:
    """The field that a heading means and its rank for it; None for others.

    Paths of JSON and XML mean what their last name does.
    """
    plain = SampleColumn(1, heading, []).plain
    last = SampleColumn(1, heading.rpartition(".")[2].lstrip("@"), []).plain
    return _ranks().get(plain) or _ranks().get(last)


def field_of(heading: str) -> str:
    """The field that a heading means; "" for none."""
    found = rank_of(heading)
    return found[0] if found else ""


def is_time_name(heading: str) -> bool:
    """Whether a heading is one of a time of day."""
    return SampleColumn(1, heading, []).plain in TIME_NAMES
