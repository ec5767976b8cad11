# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from pathlib import Path

import polib

from odoo.tests import TransactionCase, tagged

ADDONS = Path(__file__).parents[2]
# Names to fill in, code of templates, and tags: a translation keeps them all.
KEPT = re.compile(r"%\(\w+\)[sd]|%%|%s|\{\{.*?\}\}|t-\w+=\"[^\"]*\"|</?\w+(?=[ />])")


def _kept(text):
    return sorted(KEPT.findall(text))


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """The Spanish of the product is whole: of this addon and of those beside it."""

    def _catalogues(self):
        for template in sorted(ADDONS.glob("telecom_cdr*/i18n/*.pot")):
            yield template.stem, template, template.with_name("es.po")

    def test_every_term_is_in_spanish(self):
        found = []
        for addon, template, path in self._catalogues():
            found.append(addon)
            terms = {entry.msgid for entry in polib.pofile(template)}
            spanish = polib.pofile(path)
            with self.subTest(addon=addon):
                self.assertEqual({entry.msgid for entry in spanish} ^ terms, set())
                self.assertEqual([e.msgid for e in spanish if not e.translated()], [])
                self.assertEqual(spanish.obsolete_entries(), [])
        self.assertIn("telecom_cdr", found)

    def test_translations_keep_what_is_filled_in(self):
        for addon, _template, path in self._catalogues():
            wrong = [
                entry.msgid
                for entry in polib.pofile(path)
                if _kept(entry.msgid) != _kept(entry.msgstr)
                or entry.msgid[0].isspace() != entry.msgstr[:1].isspace()
            ]
            with self.subTest(addon=addon):
                self.assertEqual(wrong, [])

    def test_spanish_loads(self):
        self.env["res.lang"]._activate_lang("es_ES")
        with self.assertNoLogs("odoo.tools.translate", "WARNING"):
            self.env["ir.module.module"]._load_module_terms(
                ["telecom_cdr"], ["es_ES"], overwrite=True
            )
        spanish = self.env(context={**self.env.context, "lang": "es_ES"})
        template = spanish.ref("telecom_cdr.mail_template_bundle_warning")
        self.assertIn("% usado", template.subject)
        self.assertIn("está casi agotado", template.body_html)
        labels = spanish["telecom.rate"].fields_get(["tier_ids", "time_band_id"])
        self.assertEqual(labels["tier_ids"]["string"], "Escalón")
        self.assertEqual(labels["time_band_id"]["string"], "Franja horaria")
