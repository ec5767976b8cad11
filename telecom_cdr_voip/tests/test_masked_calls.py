# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# ruff: noqa: DTZ001 stored datetimes are naive, in UTC
"""What switches and the fraud watch keep of numbers whose digits a customer hides."""

import json
from datetime import datetime
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, freeze_time, tagged

from odoo.addons.telecom_cdr.tests.common import MANAGER, READER

from ..models.telecom_authorisation import TelecomAuthorisation
from .fraud_common import FraudCommon
from .voip_common import FROM, MOBILE, VoipCommon

SPELLINGS = ("600000001", "600 00 00 01")


class SaysNothing:
    """To be mixed in: what leaves holds no digit that is hidden."""

    def assertHidden(self, told):
        text = told if isinstance(told, str) else json.dumps(told, default=str)
        for spelling in SPELLINGS:
            self.assertNotIn(spelling, text)


@tagged("post_install", "-at_install")
class TestMaskedFraud(SaysNothing, FraudCommon):
    def test_an_alert_and_what_is_said_of_it(self):
        with freeze_time("2026-07-01"):
            self.customer._telecom_set_masking(True)
        hours = ("2026-07-20 10:00:00", "2026-07-20 10:30:00")
        self._calls(*[(hour, 3600) for hour in hours])
        self.assertEqual(
            set(self.env["telecom.call"].search([]).mapped("called_number")),
            {"+34600000xxx"},
        )
        alert = self._watch(datetime(2026, 7, 1))
        self.assertEqual(alert.calls, 2)
        self.env.flush_all()
        mails = self.env["mail.mail"].search([("model", "=", alert._name)])
        self.assertHidden(
            [
                alert.read(),
                alert.fact_ids.read(),
                alert.message_ids.read(["body", "subject"]),
                alert.activity_ids.read(["summary", "note"]),
                mails.read(["subject", "body_html"]),
            ]
        )


@tagged("post_install", "-at_install")
class TestMaskedUnderway(SaysNothing, HttpCase, VoipCommon):
    def test_no_way_to_guess_a_call_under_way(self):
        self.customer._telecom_set_masking(True)
        self._ask(MOBILE, reference="a")
        for groups in (READER, MANAGER):
            user = self._new_user(f"looker{len(groups)}", groups)
            calls = self.env["telecom.call.underway"].with_user(user)
            self.assertHidden(calls.search([]).read())
            for guess in (
                lambda calls=calls: calls.search([("called", "=", MOBILE)]),
                lambda calls=calls: calls.search([("called", "ilike", "0001")]),
                lambda calls=calls: calls.search([], order="called"),
                lambda calls=calls: calls._read_group([], ["called"], ["__count"]),
            ):
                with self.assertRaises(AccessError):
                    guess()

    def test_the_log_of_the_server(self):
        """Neither a call that is allowed nor an error that quotes it is told there."""
        asked = {
            "account": "reception",
            "address": FROM,
            "called": "600000001",
            "reference": "r1",
        }
        url = f"/telecom/switch/{self.switch.id}/authorise"
        headers = {"X-Api-Key": self.key}
        self.env.flush_all()
        with self.assertLogs("odoo", "DEBUG") as logs:
            answer = self.url_open(url, data=asked, headers=headers)
            self.assertTrue(answer.json()["allowed"])
        self.assertHidden("\n".join(self._of_odoo(logs)))
        error = ValueError(f"odd: {MOBILE}")
        with (
            self.assertLogs("odoo", "INFO") as logs,
            patch.object(TelecomAuthorisation, "_authorise", side_effect=error),
        ):
            answer = self.url_open(url, data=asked, headers=headers)
            self.assertEqual(answer.json()["reason"], "error")
        text = "\n".join(logs.output)
        self.assertIn("could not be answered: ValueError", text)
        self.assertHidden(text)

    def _of_odoo(self, logs):
        """What a server writes: no queries, which only a programmer asks for."""
        levels = ("INFO", "WARNING", "ERROR", "CRITICAL")
        return [line for line in logs.output if line.startswith(levels)]
