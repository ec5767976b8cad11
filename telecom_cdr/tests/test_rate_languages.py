# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The label of a rate in all languages, also on the rate that follows it."""

from odoo.tests import tagged

from .common import MANAGER, TelecomCommon


@tagged("post_install", "-at_install")
class TestRateLanguages(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in ("es_ES", "fr_FR"):
            cls.env["res.lang"]._activate_lang(code)
        cls.rate = cls.tariff.rate_ids.filtered(lambda r: r.category == "mobile")
        cls.rate.label = "Mobiles"
        cls.rate.update_field_translations(
            "label", {"es_ES": "Móviles", "fr_FR": "Portables"}
        )

    def _labels(self, rate):
        return [
            rate.with_context(lang=code).label for code in ("en_US", "es_ES", "fr_FR")
        ]

    def test_a_successor_has_the_label_in_all_languages(self):
        manager = self._new_user("label_manager", MANAGER)
        for lang in ("en_US", "es_ES", "fr_FR"):
            rate = self.rate.with_user(manager).with_context(lang=lang)
            later = rate._succeed("2026-11-01 00:00:00", {"price": 0.5})
            self.assertEqual(later.price, 0.5)
            self.assertEqual(
                self._labels(later), ["Mobiles", "Móviles", "Portables"], lang
            )
            later.unlink()
            self.rate.date_end = False

    def test_another_label_stands_in_every_language_until_it_is_translated(self):
        rate = self.rate.with_context(lang="es_ES")
        later = rate._succeed("2026-11-01 00:00:00", {"label": "Celulares"})
        self.assertEqual(self._labels(later), ["Celulares"] * 3)
        self.assertEqual(self._labels(self.rate), ["Mobiles", "Móviles", "Portables"])
