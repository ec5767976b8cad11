# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import json
from unittest.mock import patch
from urllib.parse import parse_qs
from xml.etree import ElementTree

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .voip_common import FROM, MOBILE, VoipCommon


@tagged("post_install", "-at_install")
class TestAuthoriseRoute(HttpCase, VoipCommon):
    """As a switch asks, over HTTP."""

    def _url(self, action="authorise", switch=None):
        return f"/telecom/switch/{(switch or self.switch).id}/{action}"

    def _post(self, headers=None, action="authorise", switch=None, **values):
        asked = {
            "account": "reception",
            "address": FROM,
            "called": "600000001",
            "reference": "r1",
        }
        self.env.flush_all()
        headers = {"X-Api-Key": self.key} if headers is None else headers
        return self.url_open(
            self._url(action, switch), data={**asked, **values}, headers=headers
        )

    def test_key_in_each_of_its_places(self):
        basic = base64.b64encode(f"switch:{self.key}".encode()).decode()
        for headers in (
            {"X-Api-Key": self.key},
            {"Authorization": f"Bearer {self.key}"},
            {"Authorization": f"Basic {basic}"},
        ):
            with self.subTest(*headers):
                self.assertTrue(self._post(headers).json()["allowed"])
        self.assertTrue(self._post({}, key=self.key).json()["allowed"])

    def test_no_key_wrong_key_and_key_in_the_address(self):
        wrong = [
            {},
            {"X-Api-Key": "wrong"},
            {"Authorization": "Basic !!!"},
            {"Authorization": "Bearer"},
        ]
        for headers in wrong:
            response = self._post(headers)
            self.assertEqual(response.status_code, 401)
            self.assertEqual(response.json()["reason"], "key")
            self.assertFalse(response.json()["allowed"])
        response = self.url_open(
            f"{self._url()}?key={self.key}", data={"called": "600000001"}
        )
        self.assertEqual(response.status_code, 401)
        other = self._create_switch("Other")
        other._new_key()
        self.assertEqual(self._post(switch=other).status_code, 401)

    def test_no_get_and_no_cache(self):
        """An address is logged: called numbers are no part of one."""
        self.env.flush_all()
        response = self.url_open(
            f"{self._url()}?account=reception&address={FROM}&called=600000001",
            headers={"X-Api-Key": self.key},
        )
        self.assertEqual(response.status_code, 405)
        self.assertEqual(self._post().headers["Cache-Control"], "no-store")

    def test_json(self):
        self._limit(0.90)
        answer = self._post().json()
        self.assertEqual(
            {name: answer[name] for name in ("allowed", "reason", "max_duration")},
            {"allowed": True, "reason": "ok", "max_duration": 600},
        )
        self.assertEqual(answer["number"], MOBILE)
        self.assertEqual(answer["accounts"], [])

    def test_lines(self):
        response = self._post(format="text")
        self.assertEqual(response.headers["Content-Type"], "text/plain; charset=utf-8")
        lines = response.text.splitlines()
        facts = dict(line.split("=", 1) for line in lines)
        self.assertEqual(lines[0], "allowed=1")
        self.assertEqual(facts["sip_code"], "200")
        self.assertEqual(facts["number"], MOBILE)
        self.assertEqual(facts["caller"], "+34910000001")
        self.assertEqual(facts["max_duration"], "14400")

    def test_asterisk_hash(self):
        text = self._post(format="asterisk", called="+33612345678").text
        facts = {name: values[0] for name, values in parse_qs(text).items()}
        self.assertEqual(facts["allowed"], "0")
        self.assertEqual(facts["reason"], "no_rate")
        self.assertEqual(facts["number"], "+33612345678")
        self.assertNotIn("\n", text)

    def test_kamailio_parameters(self):
        self._block(kind="prefix", prefix="34600")
        text = self._post(format="kamailio").text
        facts = dict(part.split("=", 1) for part in text.split(";"))
        self.assertEqual(facts["allowed"], '"0"')
        self.assertEqual(facts["sip_code"], '"403"')
        self.assertEqual(facts["reason"], '"blocked"')

    def test_freeswitch_dialplan(self):
        self._limit(0.90)
        asked = {
            "section": "dialplan",
            "variable_sip_auth_username": "reception",
            "variable_sip_network_ip": FROM,
            "Caller-Destination-Number": "600000001",
            "Unique-ID": "8f1c7a3e-0001",
            "format": "freeswitch_xml",
        }
        self.env.flush_all()
        headers = {"X-Api-Key": self.key}
        response = self.url_open(self._url(), data=asked, headers=headers)
        self.assertEqual(response.headers["Content-Type"], "text/xml; charset=utf-8")
        actions = self._actions(response.text)
        self.assertIn(("set", "telecom_allowed=1"), actions)
        hangup = "execute_on_answer=sched_hangup +600 allotted_timeout"
        self.assertIn(("set", hangup), actions)
        self.assertIn(("set", "effective_caller_id_number=+34910000001"), actions)
        self.assertEqual(actions[-1], ("transfer", f"{MOBILE} XML telecom"))
        self.assertTrue(self._underway("8f1c7a3e-0001"))
        refused = {**asked, "Unique-ID": "8f1c7a3e-0002"}
        response = self.url_open(self._url(), data=refused, headers=headers)
        actions = self._actions(response.text)
        self.assertEqual(actions[-1], ("hangup", "OUTGOING_CALL_BARRED"))

    def _actions(self, text):
        root = ElementTree.fromstring(text)
        self.assertEqual(root.attrib, {"type": "freeswitch/xml"})
        found = root.findall(
            "section[@name='dialplan']/context/extension/condition/action"
        )
        return [(one.get("application"), one.get("data")) for one in found]

    def test_end_and_going_on(self):
        self._limit(0.90)
        self._post()
        answer = self._post(action="continue").json()
        self.assertEqual(answer["max_duration"], 600)
        answer = self._post(action="ended", duration="60").json()
        self.assertTrue(answer["allowed"])
        call = self._underway("r1")
        self.assertEqual(call.duration, 60)
        self.assertAlmostEqual(call.reserved, 0.09)
        response = self._post(action="ended", reference="unknown")
        self.assertEqual(response.json()["reason"], "unknown_call")
        response = self._post({}, action="ended")
        self.assertEqual(response.status_code, 401)

    def test_hostile_parameters(self):
        cases = [
            {"called": "x" * 10_000},
            {"called": "6\n00000001"},
            {"reference": "a\0b"},
            {"account": "recep\r\ntion"},
            {"direction": "sideways"},
            {"condition": "1 OR 1=1", "direction": "in"},
        ]
        for values in cases:
            with self.subTest(**{name: text[:20] for name, text in values.items()}):
                response = self._post(**values)
                self.assertEqual(response.status_code, 400)
                self.assertEqual(response.json()["reason"], "request")
        for values in (
            {"account": "'; DROP TABLE telecom_switch; --"},
            {"account": "reception;allowed=1"},
            {"account": "%s"},
            {"address": "1.2.3.4; allowed=1"},
            {"calling": "<script>"},
            {"format": "../../etc/passwd", "called": "&allowed=1"},
        ):
            with self.subTest(**values):
                response = self._post(**values)
                self.assertEqual(response.status_code, 200)
                self.assertFalse(response.json()["allowed"])
        response = self._post(action="ended", duration="-5")
        self.assertEqual(response.json()["reason"], "request")
        response = self._post(action="ended", duration="9" * 100)
        self.assertEqual(response.json()["reason"], "unknown_call")
        for address in (
            "/telecom/switch/0/authorise",
            "/telecom/switch/999999999999/ended",
        ):
            response = self.url_open(
                address, data={"called": "600000001"}, headers={"X-Api-Key": self.key}
            )
            self.assertIn(response.status_code, (401, 404))
        response = self.url_open(
            self._url(),
            headers={"X-Api-Key": self.key},
            files={"called": ("called.txt", b"600000001")},
        )
        self.assertEqual(response.json()["reason"], "request")

    def test_failure_is_an_answer_without_a_trace(self):
        model = type(self.env["telecom.authorisation"])
        broken = patch.object(
            model, "_reserve", side_effect=ZeroDivisionError("secret")
        )
        logger = "odoo.addons.telecom_cdr_voip.controllers.authorise"
        with broken, mute_logger(logger):
            for form in ("json", "text", "asterisk", "kamailio", "freeswitch_xml"):
                response = self._post(format=form)
                self.assertEqual(response.status_code, 503)
                self.assertIn("error", response.text)
                self.assertNotIn("secret", response.text)
                self.assertNotIn("Traceback", response.text)

    def test_rate_limit_has_a_status(self):
        self.switch.rate_limit = 1
        found = [self._post() for _turn in range(4)]
        self.assertEqual(found[0].status_code, 200)
        self.assertIn(429, [response.status_code for response in found])
        answer = json.loads(found[-1].text)
        self.assertEqual(answer["reason"], "rate_limit")
