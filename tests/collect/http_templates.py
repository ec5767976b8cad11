# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The request templates that the addon ships, as settings for collect/."""

from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

DATA = Path(__file__).parents[2] / "telecom_cdr" / "data" / "telecom_request_data.xml"
NUMBERS = ("days", "overlap_days", "page_size", "first_page")
RECORD_PATHS = {
    "voip_ms": "cdr",
    "twilio": "calls",
    "telnyx": "data",
    "freepbx": "data.fetchAllCdrs.cdrs",
}


def template(name: str) -> dict:
    """The options of a template, with what its format adds."""
    found = ElementTree.parse(DATA).find(f".//record[@id='telecom_request_{name}']")
    options = {}
    for field in found:
        key = field.get("name")
        if key.startswith("http_"):
            text = field.get("eval") or field.text
            options[key.removeprefix("http_")] = text
    for key in NUMBERS:
        if key in options:
            options[key] = int(options[key])
    if "with_today" in options:
        options["with_today"] = options["with_today"] == "True"
    path = RECORD_PATHS.get(name)
    layout = {"layout": "json", "record_path": path} if path else {}
    return {**options, **layout}


def at(options: dict, url: str) -> dict:
    """The same options, asking another server."""
    moved = dict(options)
    for key in ("url", "token_url"):
        if moved.get(key):
            moved[key] = url + urlsplit(moved[key]).path
    return moved
