"""The manifests of the addons in this checkout.

Run by itself, it prints the names of the installable ones.
"""

import ast
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def read_manifests(checkout=CHECKOUT):
    """The manifests of the installable addons, by addon name."""
    manifests = {
        path.parent.name: ast.literal_eval(path.read_text(encoding="utf-8"))
        for path in sorted(checkout.glob("*/__manifest__.py"))
    }
    return {
        name: manifest
        for name, manifest in manifests.items()
        if manifest.get("installable", True)
    }


if __name__ == "__main__":
    print("\n".join(read_manifests()))
