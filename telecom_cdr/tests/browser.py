# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Scripts in a real browser, for tests of screens."""

import json

from odoo.tests import HttpCase

from .common import TelecomCommon

# Small helpers for the scripts: wait for what is there to be seen, then click it.
HELPERS = """
const seen = (selector, text) =>
    [...document.querySelectorAll(selector)].find(
        (el) => el.getClientRects().length && el.textContent.includes(text || "")
    );
const wait = async (what, ...args) => {
    for (let turn = 0; turn < 300; turn++) {
        const found = typeof what === "function" ? what() : seen(what, ...args);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`not seen: ${what} ${args} in ${document.body.innerText}`);
};
const click = async (...args) => (await wait(...args)).click();
const texts = (selector) =>
    [...document.querySelectorAll(selector)].map((el) => el.innerText.trim());
const expect = (found, wanted) => {
    if (JSON.stringify(found) !== JSON.stringify(wanted))
        throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
};
const files = () => {
    const transfer = new DataTransfer();
    for (const [name, content] of Object.entries(FILES))
        transfer.items.add(new File([content], name, {type: "text/csv"}));
    return transfer;
};
"""
READY = "odoo.isReady === true"


class ScreenCase(TelecomCommon, HttpCase):
    """Runs a script on a screen, as somebody who is logged in.

    `files`: name -> content of files that the script may drop or choose, as `files()`.
    """

    files = {}

    def _browse(self, url, code, login):
        """Run a script on a page; a name with a dot is the action of that screen."""
        path = url if url.startswith("/") else f"/odoo/action-{url}"
        constants = f"const FILES = {json.dumps(self.files)};"
        script = (
            f"(async () => {{ {constants} {HELPERS} {code} }})()"
            ".then(() => console.log('test successful'),"
            " (error) => console.error(error.message));"
        )
        self.browser_js(path, script, READY, login=login)
        self.env.invalidate_all()
