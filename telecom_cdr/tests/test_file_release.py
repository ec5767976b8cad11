# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Held files: a repeat whose known calls stay out, or new charges."""

import io
import random
import zipfile

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import HEADER, READER, TelecomCommon
from .test_rating import row

TWO = HEADER + row("A1") + "\n" + row("A2", called="913000001", seconds=30) + "\n"
WHY = "Charged twice on purpose"


@tagged("post_install", "-at_install")
class TestFileRelease(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.first = cls._upload(TWO, "june.csv")
        cls.first.action_process()
        cls.held = cls._upload(TWO, "june again.csv")

    def _wizard(self, files=None, user=None, **values):
        files = (files or self.held).with_user(user or self.env.user)
        action = files.action_ask_release()
        self.assertEqual(action["res_model"], "telecom.file.release")
        wizard = self.env["telecom.file.release"].with_user(user or self.env.user)
        return wizard.with_context(**action["context"]).create(values)

    def _release(self, kind, files=None, **values):
        wizard = self._wizard(files, kind=kind, **values)
        wizard.action_release()
        (files or self.held).action_process()

    def test_both_files_are_shown_side_by_side(self):
        wizard = self._wizard()
        self.assertRecordValues(
            wizard,
            [
                {
                    "is_single": True,
                    "kind": "known",
                    "name": "june again.csv",
                    "size": len(TWO),
                    "row_count": 2,
                    "known_file_id": self.first.id,
                    "known_name": "june.csv",
                    "known_size": len(TWO),
                    "known_row_count": 2,
                    "known_call_count": 2,
                    "known_state": "processed",
                }
            ],
        )
        self.assertEqual(wizard.known_calls_text, "2, of which 2 are known")
        days = [
            wizard[f"{who}date_{end}"]
            for who in ("", "known_")
            for end in ("first", "last")
        ]
        self.assertEqual([str(day) for day in days], ["2026-10-05"] * 4)

    def test_the_dialog_opens_with_the_safe_choice(self):
        action = self.held.action_ask_release()
        with Form(
            self.env["telecom.file.release"].with_context(**action["context"])
        ) as form:
            self.assertEqual(form.kind, "known")
            self.assertEqual(form.name, "june again.csv")

    def test_known_calls_stay_out(self):
        self._release("known")
        self.assertBalanced(self.held)
        self.assertEqual((self.held.call_count, self.held.duplicate_count), (0, 2))
        self.assertFalse(self.held.identity_salt)
        self.assertEqual(len(self._calls()), 2)

    def test_new_charges_are_calls_of_their_own(self):
        user = self._new_user("releaser")
        self._wizard(user=user, kind="new", reason=WHY).action_release()
        self.held.action_process()
        self.assertBalanced(self.held)
        self.assertEqual((self.held.call_count, self.held.duplicate_count), (2, 0))
        calls = self._calls()
        self.assertEqual(len(set(calls.mapped("identity"))), 4)
        self.assertEqual(sorted(calls.mapped("price")), [0.07, 0.07, 0.07, 0.07])
        text = self.held.message_ids.mapped("body")
        self.assertTrue(any(WHY in body and user.name in body for body in text))

    def test_new_charges_need_a_reason(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self._wizard(kind="new", reason=" ").action_release()
        self.assertEqual(self.held.state, "held")

    def test_two_held_files_may_each_be_new_charges(self):
        third = self._upload(TWO, "june once more.csv")
        self._release("new", self.held + third, reason=WHY)
        self.assertEqual(len(set(self._calls().mapped("identity"))), 6)

    def test_released_twice_or_read_again_adds_nothing(self):
        """Law 2: a second click, a second reading, another release."""
        self._release("new", reason=WHY)
        salt, before = self.held.identity_salt, set(self._calls().mapped("identity"))
        self.held._release("new", WHY)
        self.held.write({"state": "received", "position": False})
        self.held.action_process()
        self.assertEqual(self.held.identity_salt, salt)
        self.assertEqual(set(self._calls().mapped("identity")), before)
        self.assertBalanced(self.held)
        self.assertEqual(self.held.call_count, 2)

    def test_reverted_new_charges_leave_the_first_ones(self):
        known = set(self._calls().mapped("identity"))
        self._release("new", reason=WHY)
        self.held.action_revert()
        self.assertEqual(set(self._calls().mapped("identity")), known)
        salt = self.held.identity_salt
        self.held._read_whole_again()
        self.held.action_process()
        self.assertEqual(self.held.identity_salt, salt)
        self.assertEqual(len(self._calls()), 4)

    def test_reverting_the_first_leaves_the_new_charges(self):
        self._release("new", reason=WHY)
        new = set(self._calls(("file_id", "=", self.held.id)).mapped("identity"))
        self.first.action_revert()
        self.assertEqual(set(self._calls().mapped("identity")), new)

    def test_members_are_what_is_said_of_their_archive(self):
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("june.csv", TWO)
        files = self._upload(target.getvalue(), "a.zip")
        files.action_process()
        self.assertEqual(files.child_ids.state, "held")
        again = self._upload(target.getvalue(), "b.zip")
        self._release("new", again, reason=WHY)
        self.assertEqual(again.child_ids.mapped("state"), ["processed"])
        self.assertEqual(again.child_ids.call_count, 2)
        once_more = self._upload(target.getvalue(), "c.zip")
        self._release("known", once_more)
        self.assertEqual(once_more.child_ids.mapped("duplicate_count"), [2])
        self.assertEqual(len(self._calls()), 4)

    def test_several_files_are_listed(self):
        third = self._upload(TWO, "june once more.csv")
        wizard = self._wizard(self.held + third + self.first)
        self.assertEqual(wizard.file_ids, self.held + third)
        self.assertFalse(wizard.is_single)
        wizard.action_release()
        self.assertEqual((self.held + third).mapped("state"), ["received"] * 2)

    def test_nothing_to_release(self):
        with self.assertRaisesRegex(UserError, "None of these files is held"):
            self.first.action_ask_release()

    def test_broken_files_are_shown_without_counts(self):
        content = "no,columns\nthat,fit\n"
        self._upload(content)
        held = self._upload(content, "again.csv")
        wizard = self._wizard(held)
        self.assertEqual((wizard.row_count, wizard.known_calls_text), (0, False))

    def test_readers_release_nothing(self):
        reader = self._new_user("reader_of_files", READER)
        with self.assertRaises(AccessError):
            self._wizard(user=reader)
        with self.assertRaises(AccessError):
            self.held.with_user(reader).action_release()
        self.assertEqual(self.held.state, "held")

    def test_any_files_with_new_charges(self):
        """Laws 1 to 3: files that repeat one another, some as new charges."""
        self.first.action_revert()
        self.held.action_discard()
        for seed in range(4):
            chance = random.Random(seed)
            names = [f"A{n}" for n in range(5)]
            pieces = [chance.sample(names, chance.randint(1, 5)) for _file in range(4)]
            pieces.append(pieces[0])
            files = self.env["telecom.file"]
            for number, piece in enumerate(pieces):
                rows = "".join(row(n, called=f"91200000{n[1]}") + "\n" for n in piece)
                files += self._upload(HEADER + rows, f"{seed} {number}.csv")
            self.assertEqual(files[4].state, "held")
            files[4]._release("new", WHY)
            (files - files[4])._release("known")
            results = []
            for _order in range(3):
                ids = chance.sample(files.ids, len(files))
                for file in files.browse(ids):
                    file.action_process()
                    self.assertBalanced(file)
                calls = self._calls()
                results.append(
                    (set(calls.mapped("identity")), len(calls), files[4].call_count)
                )
                chance.shuffle(ids)
                files.browse(ids).action_revert()
                self.assertFalse(self._calls())
                files.write({"state": "received", "position": False})
            with self.subTest(seed=seed):
                known, new = len(set().union(*pieces)), len(pieces[4])
                self.assertEqual(results[0][1:], (known + new, new))
                self.assertEqual(results, [results[0]] * 3)
            files.write({"state": "discarded"})

    def test_the_order_of_files_does_not_matter(self):
        """Law 3 with a salt: the same calls, whichever file is read first."""
        self.held._release("new", WHY)
        self.held.action_process()
        expected = set(self._calls().mapped("identity"))
        (self.first + self.held).action_revert()
        self.assertFalse(self._calls())
        files = self.held + self.first
        files.write({"state": "received"})
        files[0].action_process()
        files[1].action_process()
        self.assertEqual(set(self._calls().mapped("identity")), expected)
