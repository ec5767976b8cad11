# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The forms in which a switch is answered."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from urllib.parse import quote, urlencode
from xml.sax.saxutils import quoteattr

# What a switch tells the caller, by the reason of a refusal; 403 for all others.
SIP_CODES = {
    "ok": 200,
    "emergency": 200,
    "unknown_number": 404,
    "called": 484,
    "limit": 402,
    "rate_limit": 503,
    "error": 503,
}
FORBIDDEN = 403
# What is put into dialplans and headers of SIP as it is: nothing else can be in it.
NUMBER = re.compile(r"\+?[0-9]{1,32}", re.ASCII)
LOGIN = re.compile(r"[A-Za-z0-9_.+~-]{1,64}", re.ASCII)
NUMBERS = ("number", "caller", "redirect", "on_busy", "on_no_answer", "on_unreachable")
CAUSES = {
    402: "OUTGOING_CALL_BARRED",
    404: "UNALLOCATED_NUMBER",
    484: "INVALID_NUMBER_FORMAT",
}


@dataclass(frozen=True)
class Answer:
    """What a switch is told of a call.

    reason: a word of the documentation, text: the same for people. max_duration:
    seconds. number: the called number in E.164. caller: the id to show. redirect:
    where the call goes instead; on_busy, on_no_answer (after so many seconds) and
    on_unreachable where it goes then. accounts: logins that ring.
    """

    allowed: bool
    reason: str
    text: str = ""
    max_duration: int = 0
    number: str = ""
    caller: str = ""
    redirect: str = ""
    on_busy: str = ""
    on_no_answer: str = ""
    no_answer_seconds: int = 0
    on_unreachable: str = ""
    accounts: tuple[str, ...] = field(default=())

    @property
    def sip_code(self) -> int:
        """The response of SIP that says the same."""
        return SIP_CODES.get(self.reason, 200 if self.allowed else FORBIDDEN)

    def facts(self) -> dict[str, str]:
        """Everything as text; line ends and separators can't be in it.

        What is to be dialled or shown is a number, and an account a login, or nothing.
        """
        logins = filter(LOGIN.fullmatch, self.accounts)
        values = {**asdict(self), "accounts": ",".join(logins)}
        values = {"allowed": int(self.allowed), "sip_code": self.sip_code, **values}
        values["allowed"] = int(self.allowed)
        for name in NUMBERS:
            values[name] = values[name] if NUMBER.fullmatch(values[name]) else ""
        return {name: clean(str(value)) for name, value in values.items()}


def clean(text: str) -> str:
    """A text without what ends a line or a value, or begins a variable."""
    return "".join(
        char if char.isprintable() and char not in ";$" else " " for char in text
    )


def unquoted(text: str) -> str:
    """A text without what ends or escapes in quotes."""
    return text.replace('"', " ").replace("\\", " ")


def as_json(answer: Answer) -> str:
    """An object; accounts are a list."""
    return json.dumps({**asdict(answer), "sip_code": answer.sip_code})


def as_text(answer: Answer) -> str:
    """Lines of key=value."""
    return "".join(f"{name}={value}\n" for name, value in answer.facts().items())


def as_asterisk(answer: Answer) -> str:
    """One form-encoded line, as CURL() puts it into a HASH() (hashcompat)."""
    return urlencode(answer.facts(), quote_via=quote)


def as_kamailio(answer: Answer) -> str:
    """One line of name="value" with semicolons, for the transformation {param.value}.

    Without quotes Kamailio would read nothing of a line that has an empty value, and a
    value with a comma up to that.
    """
    facts = answer.facts()
    names = ("allowed", "sip_code", "reason", "max_duration", "number", "caller")
    more = (
        "redirect",
        "on_busy",
        "on_no_answer",
        "no_answer_seconds",
        "on_unreachable",
    )
    names = (*names, *more, "accounts")
    return ";".join(f'{name}="{unquoted(facts[name])}"' for name in names)


def as_freeswitch(answer: Answer) -> str:
    """A document of mod_xml_curl for the section "dialplan".

    An allowed call goes on in the dialplan "telecom", with the number that it is for; a
    refused one ends.
    """
    actions = "".join(
        f"<action application={quoteattr(name)} data={quoteattr(data)}/>"
        for name, data in freeswitch_actions(answer)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<document type="freeswitch/xml">'
        '<section name="dialplan"><context name="default">'
        '<extension name="telecom_authorise"><condition>'
        f"{actions}</condition></extension></context></section></document>\n"
    )


def freeswitch_actions(answer: Answer) -> list[tuple[str, str]]:
    """Applications of the dialplan and their data."""
    facts = answer.facts()
    told = [
        ("set", f"telecom_{name}={value}") for name, value in facts.items() if value
    ]
    if not answer.allowed:
        return [*told, ("hangup", CAUSES.get(answer.sip_code, "CALL_REJECTED"))]
    if answer.caller:
        told.append(("set", f"effective_caller_id_number={facts['caller']}"))
    if answer.max_duration:
        hangup = f"sched_hangup +{answer.max_duration} allotted_timeout"
        told.append(("set", f"execute_on_answer={hangup}"))
    target = facts["redirect"] or facts["number"]
    return [*told, ("transfer", f"{target} XML telecom")]


FORMS: Mapping[str, tuple[Callable[[Answer], str], str]] = {
    "json": (as_json, "application/json"),
    "text": (as_text, "text/plain"),
    "asterisk": (as_asterisk, "text/plain"),
    "kamailio": (as_kamailio, "text/plain"),
    "freeswitch_xml": (as_freeswitch, "text/xml"),
}
