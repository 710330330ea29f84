"""What the page of settings says is what the workflows and the package read."""

import re
from pathlib import Path
from typing import Final

from tests.repository.rules.trees import read_modules, read_text

PAGE: Final = "docs/reference/settings.md"
OWN: Final = {"GITHUB_TOKEN"}  # GitHub gives it to every run
USES: Final = {
    "Variables": r"\bvars\.(\w+)",
    "Secrets": r"\bsecrets\.(\w+)",
    "Environments": r"(?m)^ +environment:\s+(?:name:\s+)?([\w-]+)",
}
LOCAL: Final = "On any machine"


def workflow_settings(root: Path) -> list[str]:
    """Variables, secrets and environments that only the workflows or only the page names."""
    flows = [*root.glob(".github/workflows/*.yml"), *root.glob(".github/actions/*/*.yml")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in flows)
    broken = [] if flows else ["there is no workflow"]
    for title, pattern in USES.items():
        used, told = set(re.findall(pattern, text)) - OWN, _told(root, title)
        broken += [f"{PAGE} does not say `{name}`: {title}" for name in sorted(used - told)]
        broken += [f"no workflow uses `{name}`: {title}" for name in sorted(told - used)]
    return broken


def local_settings(root: Path) -> list[str]:
    """Variables of a machine that the page names and no module reads."""
    sources = "\n".join(read_text(root, module.path) for module in read_modules(root))
    names = _told(root, LOCAL)
    broken = [] if names else [f"{PAGE} names nothing: {LOCAL}"]
    return broken + [f"no module reads `{it}`" for it in sorted(names) if f'"{it}"' not in sources]


def _told(root: Path, title: str) -> set[str]:
    """The first column of the table below the heading `title`."""
    section = read_text(root, PAGE).partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"(?m)^\| `([\w-]+)` \|", section))
