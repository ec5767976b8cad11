# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The configurations in docs/switches, read by the rules of their programs.

Kamailio's and Asterisk's are tested with these programs, too
(telecom_cdr_voip/tests/test_sip_switch.py, test_asterisk_switch.py).
"""

import re
from pathlib import Path
from urllib.parse import unquote, unquote_plus
from xml.etree import ElementTree

import pytest

from telecom_cdr_voip.authorisation.answers import (
    Answer,
    as_asterisk,
    as_freeswitch,
    as_kamailio,
)

DOCS = Path(__file__).resolve().parents[2] / "docs" / "switches"
ALLOWED = Answer(
    True,
    "ok",
    text="all is well & good; 100%",
    max_duration=600,
    number="+34912000001",
    caller="+34910000001",
    accounts=("reception", "ann"),
)
REDIRECTED = Answer(
    True, "ok", number="+34910000001", redirect="+34600000099", max_duration=60
)
ENDLESS = Answer(True, "emergency", number="112")
REFUSED = Answer(False, "blocked", text="Calls to this number are blocked.")


# === ASTERISK === #


def hash_of(line):
    """Read a line as CURL() does for HASH() with hashcompat=yes: no "+" for a blank."""
    pieces = (piece.partition("=") for piece in line.strip().split("&"))
    return {unquote(name): unquote(value) for name, _sign, value in pieces}


def dialplan():
    """Read extensions.conf: {context: [(label, application)]}."""
    contexts = {}
    for line in (DOCS / "asterisk" / "extensions.conf").read_text().splitlines():
        content = re.sub(r"(?<!\\);.*", "", line).strip()
        if content.startswith("["):
            steps = contexts.setdefault(content.strip("[]"), [])
        elif content.startswith(("exten", "same")):
            step = re.fullmatch(
                r"(?:exten => [^,]+,1|same => n(?:\((\w+)\))?),(\w+\(.*\))", content
            )
            assert step, line
            steps.append((step[1], step[2]))
    return contexts


@pytest.mark.parametrize("answer", [ALLOWED, REDIRECTED, ENDLESS, REFUSED])
def test_asterisk_gets_every_value_that_its_dialplan_reads(answer: Answer) -> None:
    found = hash_of(as_asterisk(answer))
    text = (DOCS / "asterisk" / "extensions.conf").read_text()
    read = set(re.findall(r"HASH\(answer,([a-z_]+)\)", text))
    assert {"allowed", "redirect", "number", "max_duration", "accounts"} <= read
    assert read <= set(found)
    assert {"on_busy", "on_no_answer", "on_unreachable"} <= set(found)
    assert found["allowed"] == str(int(answer.allowed))
    assert found["number"] == answer.number
    assert found["max_duration"] == str(answer.max_duration)
    assert found["accounts"] == ",".join(answer.accounts)


def test_asterisk_reads_texts_with_blanks() -> None:
    assert hash_of(as_asterisk(ALLOWED))["text"] == "all is well & good  100%"


def test_asterisk_dialplan_is_whole() -> None:
    contexts = dialplan()
    for steps in contexts.values():
        labels = {label for label, _application in steps}
        for _label, application in steps:
            for opening, closing in ("()", "[]", "{}"):
                text = re.sub(r'"\["|ADDRESS,\]', "", application)
                assert text.count(opening) == text.count(closing), application
            jump = re.fullmatch(
                r"(?:GotoIf|Goto|Gosub)\((?:.*\?)?([^?]*)\)", application
            )
            target = jump[1].split(",") if jump else []
            if len(target) == 1:
                assert target[0] in labels, application
            elif target:
                assert target[0] in contexts, application


def test_asterisk_refuses_without_an_answer() -> None:
    steps = [application for _label, application in dialplan()["telecom-ask"]]
    asked = next(
        at for at, step in enumerate(steps) if step.startswith("Set(HASH(answer)")
    )
    # What an earlier answer said is gone before, and only "1" goes on.
    assert steps[asked - 1] == "ClearHash(answer)"
    assert steps[asked + 1] == 'GotoIf($["${HASH(answer,allowed)}" = "1"]?allowed)'
    assert steps[asked + 3] == "Hangup(21)"


# === FREESWITCH === #


def run(context, variables):
    """Run a context as mod_dialplan_xml does: the actions that it would execute.

    All conditions are tested before an action runs; $1 is of the last condition; where
    one fails, its anti-actions count and the rest does not; an extension that applies
    is the last one, unless it says otherwise. Nothing is done after a hangup.
    """
    done = []
    for extension in context.findall("extension"):
        applies, actions = True, []
        for condition in extension.findall("condition"):
            field = condition.get("field", "")
            value = re.sub(
                r"\$\{(\w+)\}", lambda name: variables.get(name[1], ""), field
            )
            value = variables.get(field, "") if "$" not in field else value
            match = re.search(condition.get("expression", ""), value)
            kind = "action" if match else "anti-action"
            for action in condition.findall(kind):
                data = action.get("data", "")
                for place, group in enumerate(match.groups() if match else (), 1):
                    data = data.replace(f"${place}", group or "")
                actions.append((action.get("application"), data))
            applies = bool(match)
            if not applies:
                break
        done += actions
        if applies and extension.get("continue") != "true":
            break
    ends = [at for at, (name, _data) in enumerate(done) if name == "hangup"]
    return done[: ends[0] + 1] if ends else done


def freeswitch(answer, code="200"):
    """What the documented dialplan does with an answer."""
    root = ElementTree.parse(DOCS / "freeswitch" / "dialplan.xml").getroot()
    return run(
        root.find("context[@name='telecom']"),
        {
            "destination_number": "answer",
            "curl_response_code": code,
            "curl_response_data": answer,
            "telecom_url": "URL",
            "uuid": "1",
        },
    )


HOOK = ("set", "api_hangup_hook=curl URL/ended?reference=1")
REJECTED = [("hangup", "CALL_REJECTED")]
FREESWITCH = [
    # answer, what is done
    (
        as_asterisk(ALLOWED),
        [
            ("set", "execute_on_answer=sched_hangup +600 allotted_timeout"),
            ("set", "effective_caller_id_number=+34910000001"),
            HOOK,
            ("bridge", "sofia/gateway/carrier/${url_decode(%2B34912000001)}"),
        ],
    ),
    # No longest duration, and a number without plus.
    (
        as_asterisk(ENDLESS),
        [HOOK, ("bridge", "sofia/gateway/carrier/${url_decode(112)}")],
    ),
    (as_asterisk(REFUSED), REJECTED),
    ("", REJECTED),
    ("disallowed=1", REJECTED),
    ("allowed=10&number=%2B34912000001", REJECTED),
]


@pytest.mark.parametrize(("answer", "expected"), FREESWITCH)
def test_freeswitch_obeys(answer: str, expected: list) -> None:
    found = freeswitch(answer)
    values = {"${telecom_url}": "URL", "${uuid}": "1"}
    for name, value in values.items():
        found = [
            (application, data.replace(name, value)) for application, data in found
        ]
    assert found == expected


def test_freeswitch_refuses_without_an_answer() -> None:
    assert freeswitch(as_asterisk(ALLOWED), code="503") == REJECTED


def test_freeswitch_asks_first() -> None:
    root = ElementTree.parse(DOCS / "freeswitch" / "dialplan.xml").getroot()
    context = root.find("context[@name='default']")
    actions = run(context, {"destination_number": "912000001"})
    names = [name for name, _data in actions]
    assert names == ["set", "set", "set", "curl", "transfer"]
    assert actions[0] == ("set", "telecom_called=912000001")
    assert actions[3][1].endswith(" post ${telecom_question}")
    assert "/authorise " in actions[3][1]
    assert run(context, {"destination_number": "9120;rm"}) == []


def test_freeswitch_posts_a_plus() -> None:
    root = ElementTree.parse(DOCS / "freeswitch" / "dialplan.xml").getroot()
    context = root.find("context[@name='default']")
    actions = run(context, {"destination_number": "+34912000001"})
    names = [name for name, _data in actions]
    assert names == ["set", "set", "set", "curl", "transfer"]
    question = "".join(data.partition("telecom_called=")[2] for _name, data in actions)
    # Decoded by the application curl, and by who reads a form.
    assert unquote_plus(unquote(question)) == "+34912000001"


def test_freeswitch_gets_a_dialplan() -> None:
    document = ElementTree.fromstring(as_freeswitch(ALLOWED).encode())
    assert document.get("type") == "freeswitch/xml"
    context = document.find("section[@name='dialplan']/context")
    actions = run(context, {})
    assert ("set", "execute_on_answer=sched_hangup +600 allotted_timeout") in actions
    assert actions[-1] == ("transfer", "+34912000001 XML telecom")
    refused = ElementTree.fromstring(as_freeswitch(REFUSED).encode())
    assert run(refused.find("section/context"), {})[-1][0] == "hangup"


def test_freeswitch_settings_are_well_formed() -> None:
    root = ElementTree.parse(DOCS / "freeswitch" / "xml_curl.conf.xml").getroot()
    [binding] = root.findall("bindings/binding")
    params = {one.get("name"): one.get("value") for one in binding}
    assert params["gateway-url"].endswith("/telecom/switch/1/directory")
    assert params["auth-scheme"] == "basic"


# === KAMAILIO === #


def test_kamailio_gets_every_value_that_its_routes_read() -> None:
    text = (DOCS / "kamailio.cfg").read_text()
    read = set(re.findall(r"\{param\.value,(\w+)\}", text))
    for answer in (ALLOWED, REDIRECTED, ENDLESS, REFUSED):
        line = as_kamailio(answer)
        assert "\n" not in line
        # Quoted: an empty value, or a comma in one, would end the reading of a line.
        found = dict(re.findall(r'(?:^|;)(\w+)="([^";\\]*)"', line))
        assert ";".join(f'{name}="{value}"' for name, value in found.items()) == line
        assert read <= set(found)
        assert found["accounts"] == ",".join(answer.accounts)
        assert found["allowed"] == str(int(answer.allowed))
