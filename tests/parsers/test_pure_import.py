# Copyright 2026 Telecom CDR contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The pure packages need no Odoo: neither to be imported nor to be told the time."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ADDON = Path(__file__).resolve().parents[2] / "telecom_cdr"
FILES = sorted(
    path for part in ("parsers", "engine") for path in (ADDON / part).rglob("*.py")
)
FORBIDDEN_IMPORTS = {
    "ftplib",
    "http",
    "logging",
    "odoo",
    "openupgradelib",
    "os",
    "paramiko",
    "psycopg2",
    "random",
    "requests",
    "socket",
    "time",
    "urllib",
}
FORBIDDEN_CALLS = {"now", "utcnow", "today", "getenv", "environ", "open", "print"}
SCRIPT = """
import importlib, pkgutil, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "odoo":
            raise ImportError("Odoo was imported")
sys.meta_path.insert(0, Refuse())
sys.path.insert(0, sys.argv[1])
for part in ("parsers", "engine"):
    package = importlib.import_module(part)
    for module in pkgutil.walk_packages(package.__path__, part + "."):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_everything_is_imported_where_odoo_cannot_be() -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(ADDON)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    names = set(run.stdout.split())
    assert {"parsers.reader", "parsers.archives", "engine.money"} <= names
    paths = {path.relative_to(ADDON).with_suffix("") for path in FILES}
    modules = {".".join(path.parts).removesuffix(".__init__") for path in paths}
    assert names == modules - {"engine", "parsers"}


def imported(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Modules that a file imports, with the level of relative imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level


@pytest.mark.parametrize(
    "path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_imports_no_odoo_no_database_no_clock(path: Path) -> None:
    found = list(imported(ast.parse(path.read_text())))
    assert {name.partition(".")[0] for name, level in found if not level}.isdisjoint(
        FORBIDDEN_IMPORTS | {"parsers", "engine", "telecom_cdr"}
    )
    depth = len(path.relative_to(ADDON).parts) - 1
    assert all(level <= depth for _, level in found)


@pytest.mark.parametrize(
    "path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_asks_no_clock_no_environment_no_file(path: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            if node.attr in FORBIDDEN_CALLS - {"open", "print"}:
                names.add(node.attr)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names |= {node.func.id} & FORBIDDEN_CALLS
    assert not names
