# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Uploading from another program: the JSON-2 API with a key, as the manual says."""

import base64
import json

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import HEADER, READER, USER, TelecomCommon
from .test_rating import row


@tagged("post_install", "-at_install")
class TestJsonApi(TelecomCommon, HttpCase):
    def _key(self, user):
        keys = self.env(user=user)["res.users.apikeys"]
        tomorrow = fields.Datetime.add(fields.Datetime.now(), days=1)
        return keys._generate("rpc", "cdr upload", tomorrow)

    def _call(self, key, model, method, **arguments):
        return self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(arguments),
            headers={
                "Authorization": f"bearer {key}",
                "Content-Type": "application/json",
                "X-Odoo-Database": self.env.cr.dbname,
            },
        )

    def _values(self):
        content = HEADER + row("J1") + "\n" + row("J2", called="600000099") + "\n"
        return {
            "source_id": self.source.id,
            "name": "may.csv",
            "content": base64.b64encode(content.encode()).decode(),
        }

    def test_a_program_uploads_and_reads_a_file(self):
        key = self._key(self._new_user("operator", USER))
        answer = self._call(key, "telecom.file", "create", vals_list=[self._values()])
        self.assertEqual(answer.status_code, 200, answer.text)
        [file_id] = answer.json()
        answer = self._call(key, "telecom.file", "action_process", ids=[file_id])
        self.assertEqual((answer.status_code, answer.json()), (200, True))
        names = ["state", "row_count", "call_count", "rejected_count"]
        answer = self._call(key, "telecom.file", "read", ids=[file_id], fields=names)
        self.assertEqual(
            answer.json(),
            [
                {
                    "id": file_id,
                    "state": "processed",
                    "row_count": 2,
                    "call_count": 2,
                    "rejected_count": 0,
                }
            ],
        )
        self.env.invalidate_all()
        self.assertEqual(sorted(self._calls().mapped("price")), [0.07, 0.09])
        # The same file again is held, and says why.
        answer = self._call(key, "telecom.file", "create", vals_list=[self._values()])
        answer = self._call(key, "telecom.file", "action_process", ids=answer.json())
        self.assertEqual(answer.status_code, 422)
        self.assertIn("is held", answer.text)

    def test_without_a_key_or_the_role_nothing_comes_in(self):
        answer = self._call("0" * 40, "telecom.file", "create", vals_list=[{}])
        self.assertEqual(answer.status_code, 401)
        key = self._key(self._new_user("reader", READER))
        answer = self._call(key, "telecom.file", "create", vals_list=[self._values()])
        self.assertEqual(answer.status_code, 403)
        self.assertFalse(self.source.file_ids)
