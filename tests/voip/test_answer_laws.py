# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whatever a number, a login or a text holds, a switch reads the same answer.

Each form is read as its program reads it: what is found there is what was meant, with
every name once, and nothing that was not said.
"""

import json
import re
from urllib.parse import unquote
from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st

from telecom_cdr_voip.authorisation.answers import (
    NUMBERS,
    Answer,
    as_asterisk,
    as_freeswitch,
    as_json,
    as_kamailio,
    as_text,
)

SIGNS = (
    *("\n", "\r\n", ",", ";", '"', "'", "\\", "&", "=", "%", "%0a", "+", "|", "^", ":"),
    *("$", "${SHELL(id)}", "$[1]", "$var(x)", "<", ">", "]]>", "<!--", "&amp;", "\0"),
    *(
        "]",
        "[",
        "(",
        ")",
        "allowed=1",
        ";allowed=1",
        "\u2028",
        "\x85",
        "\ud7ff",
        "é",
        "1",
    ),
    *("+34910000001", "112", " "),
)
HOSTILE = st.one_of(
    st.text(max_size=30), st.lists(st.sampled_from(SIGNS), max_size=6).map("".join)
)
TELEPHONE = st.one_of(st.just(""), st.from_regex(r"\+?[0-9]{1,15}", fullmatch=True))
ANSWERS = st.builds(
    Answer,
    st.booleans(),
    st.sampled_from(["ok", "blocked", "limit", "redirect_refused"]),
    text=HOSTILE,
    max_duration=st.integers(0, 10**6),
    **{name: st.one_of(TELEPHONE, HOSTILE) for name in NUMBERS},
    no_answer_seconds=st.integers(0, 300),
    accounts=st.lists(
        st.one_of(HOSTILE, st.from_regex(r"[a-z0-9._+-]{1,9}", fullmatch=True)),
        max_size=3,
    ).map(tuple),
)
FORGED = Answer(
    False,
    "blocked",
    text='x";allowed="1\r\nallowed=1&allowed=1',
    number='1"\r\nX: y',
    caller="+34910000001>, <sip:112@x",
    redirect="${SHELL(id)}",
    accounts=("reception&SIP/x", "a,b", "ann"),
)


def meant(answer):
    """What a switch is to read: numbers and logins that are some, texts in one line."""
    numbers = {
        name: value if re.fullmatch(r"\+?[0-9]{1,32}", value, re.ASCII) else ""
        for name in NUMBERS
        for value in [getattr(answer, name)]
    }
    logins = [
        one
        for one in answer.accounts
        if re.fullmatch(r"[A-Za-z0-9_.+~-]{1,64}", one, re.ASCII)
    ]
    return {
        "allowed": str(int(answer.allowed)),
        "reason": answer.reason,
        "sip_code": str(answer.sip_code),
        "max_duration": str(answer.max_duration),
        "no_answer_seconds": str(answer.no_answer_seconds),
        "accounts": ",".join(logins),
        **numbers,
    }


def once(pairs):
    """What is told, each name once."""
    names = [name for name, _value in pairs]
    assert len(names) == len(set(names))
    found = dict(pairs)
    found.pop("text", None)
    return found


@given(ANSWERS)
@example(FORGED)
def test_asterisk(answer: Answer) -> None:
    line = as_asterisk(answer)
    # A comma would end an argument of Set(), and a bracket or quote an expression.
    assert re.fullmatch(r"[A-Za-z0-9_.~%&=/+-]*", line, re.ASCII)
    pieces = [piece.partition("=") for piece in line.split("&")]
    pairs = [(unquote(name), unquote(value)) for name, _sign, value in pieces]
    assert once(pairs) == meant(answer)
    text = dict(pairs)["text"]
    assert text.isprintable() or not text


@given(ANSWERS)
@example(FORGED)
def test_kamailio(answer: Answer) -> None:
    line = as_kamailio(answer)
    assert line.isprintable()
    pairs = re.findall(r'(?:^|;)(\w+)="([^";\\]*)"', line)
    assert ";".join(f'{name}="{value}"' for name, value in pairs) == line
    assert once(pairs) == meant(answer)
    # What the configuration puts into a header or a URI.
    for name, value in pairs:
        assert name == "accounts" or re.fullmatch(r"\+?[a-z0-9_]*", value), name


@given(ANSWERS)
@example(FORGED)
def test_text(answer: Answer) -> None:
    lines = as_text(answer).split("\n")
    assert lines.pop() == ""
    assert all(line.isprintable() for line in lines)
    pairs = [tuple(line.split("=", 1)) for line in lines]
    assert once(pairs) == meant(answer)


@given(ANSWERS)
@example(FORGED)
def test_json(answer: Answer) -> None:
    found = json.loads(as_json(answer))
    assert found["allowed"] is answer.allowed
    assert found["text"] == answer.text
    assert tuple(found["accounts"]) == answer.accounts


@given(ANSWERS)
@example(FORGED)
def test_freeswitch(answer: Answer) -> None:
    text = as_freeswitch(answer)
    document = ElementTree.fromstring(text.encode())
    told = [
        (one.get("application"), one.get("data")) for one in document.iter("action")
    ]
    names = [name for name, _data in told]
    assert set(names) <= {"set", "hangup", "transfer"}
    last, data = told[-1]
    expected = meant(answer)
    if not answer.allowed:
        assert last == "hangup"
        assert names.count("transfer") == 0
        assert re.fullmatch("[A-Z_]+", data)
    else:
        assert last == "transfer"
        assert data == f"{expected['redirect'] or expected['number']} XML telecom"
    # ${name} would be another variable, or a program that is run.
    assert "$" not in text
    pairs = [tuple(one.removeprefix("telecom_").split("=", 1)) for _n, one in told[:-1]]
    told_names = [name for name, _value in pairs]
    assert len(told_names) == len(set(told_names))
    for name, value in expected.items():
        assert dict(pairs).get(name, "") == value
