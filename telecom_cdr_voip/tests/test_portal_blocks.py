# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.tests import tagged

from .portal_common import VoipPortalCase

URL = "/my/telecom/blocks"
ADD = f"{URL}/add"


@tagged("post_install", "-at_install")
class TestPortalBlocks(VoipPortalCase):
    """Where a customer may not call."""

    def _all(self, partner=None):
        domain = [("partner_id", "=", (partner or self.acme).id)]
        return self.env["telecom.block"].search(domain)

    def _destination(self, name="Cuba, mobile", **values):
        return self._create_destination(
            name,
            category="international",
            country_id=self.env.ref("base.cu").id,
            prefix_text=values.pop("prefix_text", "+535"),
            **values,
        )

    def test_kinds_of_blocks(self):
        cuba = self._destination()
        cases = (
            ({"kind": "category", "category": "premium"}, "category", "premium"),
            ({"kind": "country", "country": "53"}, "prefix", "+53"),
            (
                {"kind": "destination", "destination": "cuba, MOBILE"},
                "destination",
                cuba,
            ),
            ({"kind": "prefix", "prefix": "+34 806"}, "prefix", "+34806"),
            ({"kind": "prefix", "prefix": "0034807"}, "prefix", "+34807"),
        )
        for form, kind, value in cases:
            with self.subTest(form):
                known = self._all()
                self._voip()._add_block(form)
                block = self._all() - known
                name = "destination_id" if kind == "destination" else kind
                self.assertEqual((block.kind, block[name]), (kind, value))
                self.assertTrue(block.is_own)
                self.assertFalse(block.number_id)
        text = self._open(URL)
        self.assertIn("Premium numbers and voting lines", text)
        self.assertIn("+53 (Cuba)", text)
        self.assertIn("Numbers that begin with +34806", text)
        self.assertEqual(
            self._changes()[0],
            ("Blocked", "", "Premium numbers and voting lines", self.user),
        )

    def test_what_is_refused(self):
        self._destination()
        self._destination("Cuba, landline", prefix_text="+537")
        cases = (
            ({}, "Choose what to block"),
            ({"kind": "category", "category": "internal"}, "Choose what to block"),
            ({"kind": "country", "country": "999"}, "Choose what to block"),
            ({"kind": "prefix", "prefix": ""}, "not the beginning of a number"),
            ({"kind": "prefix", "prefix": "34x"}, "not the beginning of a number"),
            ({"kind": "prefix", "prefix": "1" * 16}, "not the beginning of a number"),
            ({"kind": "destination", "destination": "Narnia"}, "no destination named"),
            ({"kind": "destination", "destination": "%"}, "no destination named"),
            ({"kind": "destination", "destination": "cuba"}, "write one of them"),
            # What is never itemised can't be blocked, nor is its name told.
            ({"kind": "destination", "destination": "016"}, "no destination named"),
        )
        for form, reason in cases:
            with self.subTest(form):
                self._assert_refused(reason, self._voip()._add_block, form)
        self.assertIn("Choose what to block", self._post(ADD).text)
        self.assertFalse(self._all())
        self.assertNotIn("016 violence", self._open(URL))

    def test_for_one_number_twice_and_taken_back(self):
        form = {"kind": "category", "category": "international"}
        self._post(ADD, number=self.fax.id, **form)
        block = self._all()
        self.assertEqual(block.number_id, self.fax)
        page = self._post(ADD, number=self.fax.id, **form)
        self.assertIn("blocked already", page.text)
        self._post(ADD, **form)
        self.assertEqual(len(self._all()), 2)
        self._post(f"{URL}/remove", block=block.id)
        self.assertFalse(block.active)
        changes = [(old, new) for _what, old, new, _user in self._changes()]
        self.assertEqual(
            changes,
            [("", "Other countries"), ("", "Other countries"), ("Other countries", "")],
        )

    def test_what_the_company_has_set_stays(self):
        blocks = self.env["telecom.block"].create(
            [
                {"partner_id": partner, "kind": "category", "category": "premium"}
                for partner in (self.acme.id, False)
            ]
        )
        text = self._open(URL)
        self.assertEqual(text.count("set by us"), 2)
        self.assertNotIn("Allow again", text)
        for block in blocks:
            page = self._post(f"{URL}/remove", block=block.id)
            self.assertIn("We have set this block", page.text)
            self.assertTrue(block.active)

    def test_where_the_company_does_not_allow_it(self):
        self._post(ADD, kind="category", category="premium")
        block = self._all()
        self.company.telecom_portal_may_blocks = False
        page = self._post(ADD, kind="category", category="mobile")
        self.assertIn("please ask us", page.text)
        self._post(f"{URL}/remove", block=block.id)
        self.assertEqual(self._all(), block)
        text = self._open(URL)
        self.assertNotIn("o_telecom_block_forms", text)
        self.assertNotIn("Allow again", text)

    def test_a_colleague_with_one_number(self):
        form = {"kind": "category", "category": "premium"}
        self._post(ADD, number=self.fax.id, **form)
        self._post(ADD, **{**form, "category": "international"})
        fax_block, all_block = self._all().sorted(lambda one: not one.number_id)
        text = self._open(URL, self.clerk)
        self.assertIn("Other countries", text)
        self.assertNotIn("910 00 00 03", text)
        for block in (fax_block, all_block):
            self._post(f"{URL}/remove", self.clerk, block=block.id)
            self.assertTrue(block.active)
        for number, reason in (
            (self.fax.id, "none of yours"),
            ("", "Choose the number"),
        ):
            page = self._post(ADD, self.clerk, number=number, **form)
            self.assertIn(reason, page.text)
        self._post(ADD, self.clerk, number=self.number.id, **form)
        own = self._all() - fax_block - all_block
        self.assertEqual(own.number_id, self.number)
        self._post(f"{URL}/remove", self.clerk, block=own.id)
        self.assertFalse(own.active)

    def test_apart(self):
        self._post(ADD, kind="prefix", prefix="34123")
        block = self._all()
        self.assertNotIn("34123", self._open(URL, self.rival_user))
        self._post(f"{URL}/remove", self.rival_user, block=block.id)
        self.assertTrue(block.active)
        page = self._post(
            ADD, self.rival_user, kind="prefix", prefix="34", number=self.number.id
        )
        self.assertIn("none of yours", page.text)
        self.assertFalse(self._all(self.rival))
        self.authenticate(None, None)
        self.assertIn("/web/login", self.url_open(URL).url)
