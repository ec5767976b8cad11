# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast
import base64
from pathlib import Path

from lxml import etree

from odoo.tests import tagged
from odoo.tools.translate import code_translations

from ..models.reading_messages import TEXTS, worded
from ..models.telecom_source import ERRORS
from ..parsers.verdicts import MESSAGES
from .common import HEADER, TelecomCommon
from .test_rating import row

ADDON = Path(__file__).parents[1]
# Where in the call of an error the text stands.
TEXT_AT = {
    "ParserError": 1,
    "FileError": 1,
    "ArchiveError": 1,
    "FormatError": 2,
    "CollectError": 1,
}


def told_texts(folder):
    """Every text that a module of a folder gives an error as a plain string."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in TEXT_AT and len(node.args) > TEXT_AT[name]:
                text = node.args[TEXT_AT[name]]
                if isinstance(text, ast.Constant):
                    yield path.name, text.value


@tagged("post_install", "-at_install")
class TestReadingMessages(TelecomCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("es_ES")

    def _in_spanish(self, record):
        return record.with_context(lang="es_ES")

    def test_every_text_of_readers_and_collectors_can_be_translated(self):
        texts = [*told_texts(ADDON / "parsers"), *told_texts(ADDON / "collect")]
        self.assertGreater(len(texts), 50)
        texts += [("verdicts", text) for text in MESSAGES.values()]
        texts += [("telecom_source", text) for text in ERRORS.values()]
        unknown = [found for found in texts if found[1] not in TEXTS]
        self.assertFalse(unknown)

    def test_every_text_is_translated(self):
        known = code_translations.get_python_translations("telecom_cdr", "es_ES")
        own = [t for t, lazy in TEXTS.items() if lazy._module == "telecom_cdr"]
        self.assertEqual([text for text in own if text not in known], [])

    def test_rejections_speak_the_language_of_who_looks(self):
        file = self._process(row("R1", seconds=-1), row("R2"), "a,b")
        [duration, columns] = file.rejection_ids
        self.assertRecordValues(
            duration + columns,
            [
                {
                    "reason": "duration",
                    "found": "-1",
                    "message": "'-1' is no duration of 0 or more, in seconds.",
                    "display_name": "Line 2: '-1' is no duration of 0 or more, in "
                    "seconds.",
                },
                {
                    "reason": "columns",
                    "found": "2",
                    "message": "2 columns found, at least 6 expected.",
                    "display_name": "Line 4: 2 columns found, at least 6 expected.",
                },
            ],
        )
        self.assertEqual(
            self._in_spanish(duration).message,
            "«-1» no es una duración de 0 o más, en segundos.",
        )
        self.assertEqual(
            self._in_spanish(columns).display_name,
            "Línea 4: Se encontraron 2 columnas; se esperaban al menos 6.",
        )

    def test_rejections_are_found_by_what_stood_there_and_by_reason(self):
        file = self._process(row("R1", seconds=-17), row("R2"), "a,b")
        [duration, columns] = file.rejection_ids
        rejections = self.env["telecom.rejection"]
        self.assertEqual(rejections.search([("message", "ilike", "-17")]), duration)
        self.assertEqual(rejections.search([("message", "ilike", "too few")]), columns)
        self.assertFalse(rejections.search([("message", "ilike", "nothing of that")]))

    def test_conflicts_speak_the_language_of_who_looks(self):
        spanish = self.env(context={**self.env.context, "lang": "es_ES"})
        self._process(row("C1", amount="0.01"))
        file = self._upload(HEADER + row("C1", amount="0.02") + "\n", name="b.csv")
        file.with_env(spanish).action_process()
        rejection = file.rejection_ids
        self.assertRecordValues(rejection, [{"reason": "conflict", "found": "C1"}])
        self.assertEqual(
            rejection.with_context(lang="en_US").message,
            "A call with this unique id is stored with other values, and the data do "
            "not tell which record is the better one.",
        )
        self.assertTrue(
            self._in_spanish(rejection).message.startswith("Hay una llamada guardada")
        )

    def test_failed_files_speak_the_language_of_who_looks(self):
        file = self._upload(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
        file.action_process()
        self.assertEqual(file.state, "failed")
        self.assertEqual(file.last_error, "This is no text file (an image).")
        self.assertEqual(
            self._in_spanish(file).last_error, "No es un fichero de texto (una imagen)."
        )

    def test_the_chatter_speaks_the_language_of_the_company(self):
        self.company.partner_id.lang = "es_ES"
        file = self._upload(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
        file.action_process()
        self.assertIn("No es un fichero de texto", file.message_ids[0].body)

    def test_held_files_speak_the_language_of_who_looks(self):
        self.source.hold_same_name = True
        first = self._process(row("H1"))
        self.env.cr.execute(
            "UPDATE telecom_file SET create_date = '2026-10-05' WHERE id = %s",
            [first.id],
        )
        self.env.invalidate_all()
        content = self._upload(HEADER + row("H1") + "\n", name="other.csv")
        name = self._upload(HEADER + row("H2") + "\n")
        self.assertEqual((content + name).mapped("state"), ["held", "held"])
        self.assertEqual(content.hold_reason, "Same content as calls.csv")
        self.assertEqual(name.hold_reason, "Same name as a file of 10/05/2026")
        self.assertEqual(
            (content + name).with_context(lang="es_ES").mapped("hold_reason"),
            [
                "Mismo contenido que calls.csv",
                "Mismo nombre que un fichero del 05/10/2026",
            ],
        )
        content.action_release()
        self.assertFalse(content.hold_reason)

    def test_sources_speak_the_language_of_who_looks(self):
        source = self._create_source(
            name="Gone", protocol="folder", directory="/nonexistent/cdr"
        )
        source._collect()
        self.assertEqual(
            source.last_error,
            "The directory /nonexistent/cdr cannot be read: it does not exist.",
        )
        self.assertEqual(
            self._in_spanish(source).last_error,
            "No se puede leer el directorio /nonexistent/cdr: no existe.",
        )

    def test_wrong_formats_are_told_in_the_users_language(self):
        spanish = self._in_spanish(self.format)
        with self.assertRaisesRegex(
            Exception, "delimiter: se esperaba un carácter.* se encontró ';;'"
        ):
            spanish.delimiter = ";;"

    def test_previews_speak_the_users_language(self):
        wizard = self.env["telecom.format.preview"].with_context(lang="es_ES")
        for content, shown in [
            (HEADER + row("P1", seconds=-1) + "\n", "«-1» no es una duración"),
            (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "(una imagen)"),
        ]:
            data = content.encode() if isinstance(content, str) else content
            preview = wizard.create(
                {"format_id": self.format.id, "sample": base64.b64encode(data)}
            )
            self.assertIn(shown, preview.result)

    def test_buttons_are_verbs_and_columns_nouns(self):
        modules = self.env["ir.module.module"]
        modules._load_module_terms(["telecom_cdr"], ["es_ES"], overwrite=True)
        spanish = self.env(context={**self.env.context, "lang": "es_ES"})
        for action, name in [
            ("telecom_call_rate_server_action", "Volver a tarificar"),
            ("telecom_call_invoice_server_action", "Facturar llamadas"),
            ("telecom_call_summary_rate_server_action", "Volver a tarificar"),
            ("telecom_call_summary_invoice_server_action", "Facturar llamadas"),
        ]:
            self.assertEqual(spanish.ref(f"telecom_cdr.{action}").name, name)
        for model, view, text in [
            ("telecom.call", "telecom_call_view_list", "Facturar llamadas"),
            ("telecom.file", "telecom_file_view_list", "Leer ahora"),
        ]:
            view_id = self.env.ref(f"telecom_cdr.{view}").id
            arch = etree.fromstring(spanish[model].get_view(view_id, "list")["arch"])
            self.assertIn(text, [b.get("string") for b in arch.iter("button")])
        label = spanish["telecom.call"].fields_get(["move_id"])["move_id"]["string"]
        self.assertEqual(label, "Factura")

    def test_a_text_that_is_not_known_is_shown_as_it_is(self):
        for wording, shown in [
            ({"text": "50 % of %(name)s"}, "50 % of %(name)s"),
            ({"text": "Odd: %(name)s", "values": {"name": "100 %"}}, "Odd: 100 %"),
            (
                {"text": "%(what)s!", "values": {"what": {"text": "no permission"}}},
                "no permission!",
            ),
            ({}, ""),
            (False, ""),
        ]:
            with self.subTest(wording=wording):
                self.assertEqual(worded(self.env, wording), shown)
