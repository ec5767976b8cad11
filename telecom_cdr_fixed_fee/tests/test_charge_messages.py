# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from pathlib import Path

from odoo.tests import tagged
from odoo.tools.translate import code_translations

from odoo.addons.telecom_cdr.models.reading_messages import TEXTS
from odoo.addons.telecom_cdr.tests.test_reading_messages import told_texts

from ..models.charge_import import CONFLICT
from .common import ChargeCommon, charge_row

ADDON = Path(__file__).parents[1]


@tagged("post_install", "-at_install")
class TestChargeMessages(ChargeCommon):
    """What is wrong with a row of charges, in the language of who looks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("es_ES")

    def test_every_text_can_be_translated_and_is(self):
        texts = [CONFLICT, *(text for _file, text in told_texts(ADDON / "parsers"))]
        self.assertGreater(len(texts), 20)
        self.assertEqual([text for text in texts if text not in TEXTS], [])
        addon = "telecom_cdr_fixed_fee"
        spanish = code_translations.get_python_translations(addon, "es_ES")
        own = [text for text, lazy in TEXTS.items() if lazy._module == addon]
        self.assertGreater(len(own), 20)
        self.assertEqual([text for text in own if text not in spanish], [])

    def test_rejected_charges(self):
        cases = {
            "El tipo «X» no se conoce. Añada la palabra al formato.": {"kind": "X"},
            "«ten» no es un importe: se esperan cifras con «,» como signo decimal, sin "
            "separador de miles y con 9 decimales como mucho.": {"total": "ten"},
            "Un cargo periódico de -5.00: solo los abonos son negativos.": {
                "total": "-5,00"
            },
            "El cargo no tiene referencia.": {"reference": ""},
            "El periodo termina (2026-01-31) antes de empezar (2026-02-01).": {
                "period_from": "01/02/2026"
            },
        }
        file = self._process_charges(*(charge_row(**c) for c in cases.values()))
        self.assertEqual(
            file.rejection_ids.with_context(lang="es_ES").mapped("message"),
            list(cases),
        )
        self.assertEqual(
            [found or "" for found in file.rejection_ids.mapped("found")],
            ["X", "ten", "-5.00", "", "2026-01-31"],
        )
        self.assertEqual(
            file.rejection_ids[2].message,
            "A recurring charge of -5.00: only credits are negative.",
        )

    def test_words_of_the_user_are_not_translated(self):
        """A kind that is called "recurring" by mistake stays what it is."""
        self.assertIn("recurring", TEXTS)
        file = self._process_charges(charge_row(total="recurring"))
        self.assertIn(
            "«recurring» no es un importe",
            file.rejection_ids.with_context(lang="es_ES").message,
        )
