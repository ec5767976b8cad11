# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Calls are asked for at servers that answer as the documents of carriers say."""

import os
import sys
import unittest
from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import MANAGER, READER, USER, TelecomCommon
from .refusal import RefusalMixin

sys.path.append(str(Path(__file__).resolve().parents[2] / "setup" / "lib"))
try:
    from http_apis import (
        SECRET,
        FreePbx,
        Telnyx,
        Twilio,
        Vitelity,
        VoipMs,
        make_calls,
    )
    from http_apis import (
        USER as CLIENT,
    )
    from http_server import ApiServer, Reply
except ImportError:  # the addon without the rest of the repository
    ApiServer = None

HTTP = "odoo.addons.telecom_cdr.collect.http"
NOW = datetime(2026, 1, 8, 10, 0, tzinfo=timezone.utc)
APIS = ("vitelity", "voip_ms", "twilio", "telnyx", "freepbx", "download")
# What each API calls its columns.
TELNYX = {
    "start": "started_at",
    "calling_number": "cli",
    "called_number": "cld",
    "duration": "call_sec",
    "carrier_amount": "cost",
    "unique_id": "id",
}
COLUMNS = {
    "telnyx": ("data", TELNYX, "%Y-%m-%dT%H:%M:%SZ"),
    "vitelity": (
        "",
        {
            "start": 1,
            "calling_number": 2,
            "called_number": 3,
            "duration": 4,
            "carrier_amount": 7,
        },
        "%Y-%m-%d %H:%M:%S",
    ),
}


def utc(text):
    """A time as records have it."""
    return fields.Datetime.to_datetime(text)


def calls(*starts):
    """Calls of our customer to a landline."""
    return make_calls(*starts, calling="910000001", called="910000099")


@tagged("post_install", "-at_install")
class TestHttpSource(RefusalMixin, TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if ApiServer is None:
            raise unittest.SkipTest("no HTTP server to start here")
        cls.startClassPatcher(patch(f"{HTTP}.utc_now", lambda: NOW))
        cls.startClassPatcher(patch(f"{HTTP}_client.PAUSES", (0.01, 0.01)))
        # Odoo's guard of requests in tests knows one number only.
        cls.startClassPatcher(patch(f"{HTTP}_client.PATIENCE", 30))
        cls.operator = cls._new_user("operator", USER)
        cls.manager = cls._new_user("manager", MANAGER)
        cls.json_format = cls._http_format("telnyx")

    @classmethod
    def _http_format(cls, name):
        path, mapping, date = COLUMNS[name]
        return cls._create_format(
            mapping,
            name=name,
            layout="json" if path else "delimited",
            record_path=path,
            has_header=False,
            date_formats=f'["{date}"]',
            time_zone="UTC",
        )

    def _serve(self, answer, tls=False):
        server = ApiServer(answer, tls)
        self.addCleanup(server.close)
        return server

    def _http_source(self, server, name="telnyx", user="", is_shipped=False, **values):
        template = self.env.ref(f"telecom_cdr.telecom_request_{name}")
        place = {
            field: server.url + urlsplit(template[field]).path
            for field in ("http_url", "http_token_url")
            if template[field]
        }
        return self.env["telecom.source"].create(
            {
                "name": name,
                "carrier_id": self.carrier.id,
                "protocol": "http",
                "http_template_id": template.id,
                "http_until": "2026-01-06 00:00:00",
                "http_zone": "UTC",
                "username": user,
                "password": SECRET,
                **place,
                **({} if is_shipped else {"format_id": self.json_format.id}),
                **values,
            }
        )

    def _collect(self, source):
        return source.with_user(self.operator).action_collect()["params"]["message"]

    def _names(self, source):
        return source.file_ids.sorted("id").mapped("name")

    # === TEMPLATES === #

    def test_every_template_collects_and_its_calls_are_read_and_priced(self):
        self.carrier.tz = "UTC"
        apis = {
            "vitelity": (Vitelity, CLIENT),
            "voip_ms": (VoipMs, CLIENT),
            "twilio": (Twilio, Twilio.account),
            "telnyx": (Telnyx, ""),
            "freepbx": (FreePbx, CLIENT),
        }
        for number, (name, (api, user)) in enumerate(apis.items(), 10):
            with self.subTest(name=name):
                server = self._serve(api(calls(f"2026-01-07 10:00:{number}")))
                source = self._http_source(server, name, user, is_shipped=True)
                self.assertEqual(
                    source.format_id.code, source.http_template_id.format_code
                )
                self.assertEqual(self._collect(source), "1 new files came.")
                self._run_cron("process")
                self.assertRecordValues(
                    source.file_ids,
                    [{"state": "processed", "call_count": 1, "rejected_count": 0}],
                )
                call = self._calls(("file_id", "in", source.file_ids.ids))
                self.assertEqual((call.duration, call.price), (66, 0.09))
                self.assertEqual(call.start_at, utc(f"2026-01-07 10:00:{number}"))

    def test_choosing_a_template_fills_in_the_request(self):
        template = self.env.ref("telecom_cdr.telecom_request_telnyx").copy(
            {"format_code": "own_telnyx", "name": "Own"}
        )
        self.json_format.code = "own_telnyx"
        self.source.hold_same_name = True
        with Form(self.source.with_user(self.manager)) as form:
            form.protocol = "http"
            self.assertFalse(form.hold_same_name)
            form.http_template_id = template
            self.assertEqual(form.http_url, "https://api.telnyx.com/v2/detail_records")
            self.assertEqual(form.http_paging, "page")
            self.assertEqual(form.format_id, self.json_format)
            self.assertIn("begins with KEY", form.http_note)
            form.http_days = 3
        self.assertRecordValues(
            self.source,
            [
                {
                    "http_days": 3,
                    "http_page_size": 50,
                    "http_total_path": "meta.total_results",
                }
            ],
        )
        template.http_page_size = 10
        self.assertEqual(self.source.http_page_size, 50)

    def test_templates_are_the_managers(self):
        template = self.env.ref("telecom_cdr.telecom_request_download")
        template.with_user(self.manager).http_days = 2
        reader = self._new_user("reader", READER)
        for user in (reader, self.operator):
            self.assertEqual(template.with_user(user).http_days, 2)
            with self.assertRaises(AccessError):
                template.with_user(user).http_days = 5
        self.assertEqual(
            [self.env.ref(f"telecom_cdr.telecom_request_{n}").active for n in APIS],
            [True] * len(APIS),
        )

    # === COLLECTING === #

    def test_days_come_once_and_today_until_it_is_over(self):
        api = Telnyx(calls("2026-01-05 10:00:00", "2026-01-06 10:00:00"))
        server = self._serve(api)
        source = self._http_source(server)
        self.assertEqual(self._collect(source), "2 new files came.")
        self.assertEqual(source.http_until, utc("2026-01-08 00:00:00"))
        self.assertEqual(self._collect(source), "0 new files came.")
        api.calls = api.calls + calls("2026-01-08 09:00:00")
        self._run_cron("collect")
        api.calls = api.calls + calls("2026-01-08 09:30:00")
        self._run_cron("collect")
        with patch(
            f"{HTTP}.utc_now", lambda: datetime(2026, 1, 9, 1, tzinfo=timezone.utc)
        ):
            self._run_cron("collect")
        self.assertEqual(source.http_until, utc("2026-01-09 00:00:00"))
        self.assertEqual(
            self._names(source),
            [
                "calls_2026-01-05.json",
                "calls_2026-01-06.json",
                "calls_2026-01-08.json",
                "calls_2026-01-08.json",
            ],
        )
        self._run_cron("process")
        self.assertEqual(source.file_ids.mapped("state"), ["processed"] * 4)
        self.assertEqual(sum(source.file_ids.mapped("call_count")), 4)
        self.assertEqual(source.file_ids.sorted("id")[-1].duplicate_count, 1)

    def test_set_back_it_asks_again_and_known_calls_stay_out(self):
        api = Telnyx(calls("2026-01-06 10:00:00"))
        source = self._http_source(self._serve(api))
        self._collect(source)
        api.calls = calls("2026-01-06 10:00:00", "2026-01-06 11:00:00")
        source.with_user(self.manager).http_until = "2026-01-06 00:00:00"
        self.assertEqual(self._collect(source), "1 new files came.")
        self._run_cron("process")
        counts = [
            (f.call_count, f.duplicate_count) for f in source.file_ids.sorted("id")
        ]
        self.assertEqual(counts, [(1, 0), (1, 1)])

    def test_pages_become_one_file(self):
        found = calls(*(f"2026-01-07 10:{n:02}:00" for n in range(60)))
        found += calls(*(f"2026-01-07 11:{n:02}:00" for n in range(60)))
        source = self._http_source(self._serve(Telnyx(found)))
        self.assertEqual(self._collect(source), "1 new files came.")
        self._run_cron("process")
        self.assertEqual(source.file_ids.row_count, 120)
        self.assertEqual(source.file_ids.call_count, 120)
        self.assertBalanced(source.file_ids)

    def test_after_an_error_the_next_collection_goes_on_from_there(self):
        api = Telnyx(calls(*(f"2026-01-0{day} 10:00:00" for day in (5, 6, 7))))
        server = self._serve(api)

        def broken_on_the_7th(request):
            if request.query["filter[started_at][gte]"].startswith("2026-01-07"):
                return Reply('{"data": [{"id"')
            return api(request)

        server.answer = broken_on_the_7th
        source = self._http_source(server)
        message = self._collect(source)
        self.assertIn("An answer of 127.0.0.1 is not whole: the JSON ends", message)
        self.assertEqual(
            self._names(source), [f"calls_2026-01-0{d}.json" for d in (5, 6)]
        )
        self.assertRecordValues(
            source, [{"state": "error", "http_until": utc("2026-01-07 00:00:00")}]
        )
        server.answer = api
        server.requests.clear()
        self.assertEqual(self._collect(source), "1 new files came.")
        days = {r.query["filter[started_at][gte]"][:10] for r in server.requests}
        self.assertEqual(days, {"2026-01-06", "2026-01-07", "2026-01-08"})
        self.assertEqual(source.state, "ok")

    def test_what_cannot_be_stored_is_asked_for_again(self):
        api = Telnyx(calls("2026-01-06 10:00:00", "2026-01-07 10:00:00"))
        source = self._http_source(self._serve(api), http_overlap_days=0)
        self.company.telecom_max_file_mb = 1
        api.calls[0]["called"] = "9" * (2 << 20)
        self.assertIn("bytes", self._collect(source))
        self.assertEqual(self._names(source), [])
        # Asked for in ever shorter periods: the quarter of an hour is left that has it.
        self.assertEqual(source.http_until, utc("2026-01-06 09:45:00"))
        api.calls[0]["called"] = "910000099"
        self.assertEqual(self._collect(source), "2 new files came.")

    def test_a_plain_download_is_taken_when_it_is_another(self):
        rows = [b"2026-01-07 10:00:00,910000001,910000099,66,,,0.01\n"]
        server = self._serve(lambda _request: Reply(b"".join(rows)))
        source = self._http_source(
            server,
            "download",
            CLIENT,
            format_id=self._http_format("vitelity").id,
            http_query=False,
        )
        self.assertEqual(self._collect(source), "1 new files came.")
        self.assertEqual(self._collect(source), "0 new files came.")
        rows.append(b"2026-01-07 11:00:00,910000001,910000099,66,,,0.01\n")
        self.assertEqual(self._collect(source), "1 new files came.")
        self.assertEqual(self._names(source), ["calls.csv"] * 2)
        self.assertEqual(server.requests[0].headers["Authorization"][:6], "Basic ")
        self._run_cron("process")
        self.assertEqual(sum(source.file_ids.mapped("call_count")), 2)

    # === LOOKING === #

    def test_connection_test_shows_the_first_calls(self):
        api = Telnyx(calls("2026-01-07 10:00:00"))
        source = self._http_source(self._serve(api)).with_user(self.manager)
        shown = source.action_test_connection()["params"]["message"]
        self.assertIn("Connected. Yesterday's calls begin with:", shown)
        self.assertIn("cli: 910000001, cld: 910000099", shown)
        self.assertFalse(source.file_ids)
        self.assertEqual(source.http_until, utc("2026-01-06 00:00:00"))
        api.calls = []
        self.assertEqual(
            source.action_test_connection()["params"]["message"],
            "Connected. 127.0.0.1 has no calls of yesterday.",
        )

    def test_connection_test_pins_a_certificate(self):
        server = self._serve(Telnyx(calls("2026-01-07 10:00:00")), tls=True)
        source = self._http_source(server, certificate_check="pinned")
        self.assertIn("No certificate is pinned for 127.0.0.1", self._collect(source))
        self.assertEqual(server.requests, [])
        source.action_test_connection()
        self.assertEqual(source.host_key, server.fingerprint)
        self.assertEqual(self._collect(source), "1 new files came.")
        source.http_url = source.http_url + "/other"
        self.assertFalse(source.host_key)

    def test_an_unknown_authority_is_refused(self):
        server = self._serve(Telnyx([]), tls=True)
        source = self._http_source(server)
        self.assertIn(
            "The certificate of 127.0.0.1 is not trusted", self._collect(source)
        )
        self.assertEqual(server.requests, [])
        with patch.dict(os.environ, {"SSL_CERT_FILE": str(server.authorities)}):
            self.assertEqual(self._collect(source), "0 new files came.")

    # === ERRORS AND SECRETS === #

    def test_errors_are_told_in_words_and_without_the_secret(self):
        server = self._serve(Telnyx([]))
        source = self._http_source(server, password="wrong horse")
        with self.assertLogs("odoo.addons.telecom_cdr", "DEBUG") as logs:
            message = self._collect(source)
        self.assertIn(
            "The server 127.0.0.1 does not let us in: 401 Authentication failed",
            message,
        )
        self.assertEqual(source.state, "error")
        self.assertEqual(
            source.last_error, message.partition(": ")[2].partition(": ")[2]
        )
        said = message + "".join(source.message_ids.mapped("body") + logs.output)
        self.assertNotIn("wrong horse", said)
        with self.assertSays(UserError, "does not let us in"):
            source.action_test_connection()
        self.assertEqual(source.http_until, utc("2026-01-06 00:00:00"))

    def test_an_error_within_an_answer_is_told(self):
        api = VoipMs(calls("2026-01-07 10:00:00"))
        source = self._http_source(
            self._serve(api), "voip_ms", "nobody@example.com", is_shipped=True
        )
        self.assertIn(
            "answers with an error: the API says 'invalid_credentials'",
            self._collect(source),
        )
        self.assertFalse(source.file_ids)

    def test_the_secret_is_for_system_alone(self):
        source = self._http_source(self._serve(Telnyx([])))
        for user in (self.manager, self.operator):
            with self.assertRaises(AccessError):
                source.with_user(user).read(["password"])
        view = self.env["telecom.source"].with_user(self.manager).get_view()["arch"]
        shown = {f.get("name") for f in etree.fromstring(view).iter("field")}
        self.assertIn("http_url", shown)
        self.assertNotIn("password", shown)
        self.assertFalse(source.copy().password)
        self.assertFalse(source.copy().http_until)

    def test_plain_http_is_warned_of(self):
        source = self._http_source(self._serve(Telnyx([])))
        self.assertTrue(source.http_is_plain)
        source.http_url = "https://api.carrier.example/calls"
        self.assertFalse(source.http_is_plain)
        source.http_token_url = "http://api.carrier.example/token"
        self.assertTrue(source.http_is_plain)
        source.protocol = "upload"
        self.assertFalse(source.http_is_plain)

    def test_what_gives_no_request_is_not_saved(self):
        source = self._http_source(self._serve(Telnyx([])))
        for field, value, words in (
            ("http_url", "api.carrier.example", "is no address, such as https://api"),
            ("http_query", "day={day}", "{day} is no placeholder"),
            ("http_headers", "X", "'X' is no line such as name:value"),
            ("http_days", -1, "cannot be negative"),
            ("http_content_pattern", "(", "is no regular expression"),
        ):
            with self.subTest(field=field), self.assertSays(ValidationError, words):
                source[field] = value
        with self.assertSays(ValidationError, "only JSON tells the next page"):
            source.format_id = self.format
        with self.assertSays(ValidationError, "is no address"):
            self.env["telecom.request"].create({"name": "x", "http_url": "x"})
