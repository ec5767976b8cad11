# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Installation guides: a text with names of facts in braces, and the facts."""

import re
from collections.abc import Mapping
from html import escape

NAME = re.compile(r"\{([a-z_]+)\}")


def filled(text: str, facts: Mapping[str, str]) -> str:
    """Put facts in the places of their names.

    :param text: HTML with {login}; a name that is not among the facts stays as it is
    :param facts: plain texts
    """

    def fact(found: re.Match) -> str:
        name = found.group(1)
        return escape(facts[name]) if name in facts else found.group()

    return NAME.sub(fact, text)
