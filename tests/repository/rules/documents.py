"""What README, docs and Makefile say is there, is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from contender.verbs import COMMANDS
from tests.repository.rules.trees import read_text

FENCE: Final = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELLS: Final = ("bash", "console", "sh", "shell")
# Programs whose own manual tells.
OTHERS: Final = ("cd", "curl", "docker", "dvc", "export", "git", "kubectl", "uv")
TARGET: Final = re.compile(r"^([a-z][a-z-]*):(?!=)(.*)$", re.MULTILINE)


def targets(root: Path) -> list[str]:
    """Targets of the Makefile without a `##` help, or that a file of their name would hide."""
    makefile = read_text(root, "Makefile")
    found = dict(TARGET.findall(makefile))
    phony = set(" ".join(re.findall(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)).split())
    broken = [] if found else ["the Makefile has no target"]
    for name, rest in found.items():
        if name not in phony:
            broken.append(f"`make {name}` is not .PHONY")
        if not re.search(r"## \S", rest) and not _helped(makefile, name):
            broken.append(f"`make {name}` has no ## help")
    return broken


def make_verbs(root: Path) -> list[str]:
    """`make` commands in README and docs that the Makefile does not have."""
    known = {name for name, _ in TARGET.findall(read_text(root, "Makefile"))}
    broken = []
    if not re.search(r"\bmake run\b", read_text(root, "README.md")):
        broken.append("README.md does not say `make run`")
    for place, text in _documents(root):
        for verb in sorted(set(re.findall(r"\bmake ([a-z][a-z-]*)", _code(text)))):
            if verb not in known:
                broken.append(f"{place} says `make {verb}`, which the Makefile does not have")
    return broken


def shell_commands(root: Path) -> list[str]:
    """Commands in shell fences of README and docs that nobody knows."""
    broken = []
    if not any(language in SHELLS for language, _ in FENCE.findall(read_text(root, "README.md"))):
        broken.append("README.md has no ```bash fence with its commands")
    for place, text in _documents(root):
        for line in _commands(text):
            words = line.split()
            if words[:3] == ["python", "-m", "contender"]:
                words = words[2:]
            if words[0] == "contender":
                if len(words) > 1 and words[1] not in COMMANDS and not words[1].startswith("-"):
                    broken.append(f"{place} says `{line}`; there is no command `{words[1]}`")
            elif words[0] not in (*OTHERS, "make"):
                broken.append(f"{place} says `{line}`; expected make, contender or a known program")
    return broken


def tree(root: Path) -> list[str]:
    """Lines of the README's tree that do not exist.

    The tree is the ```text fence with `src/contender/` in it: two spaces a level, a folder ends
    in `/`, several names are one space apart, and what follows two spaces is a remark.
    """
    fences = [body for language, body in FENCE.findall(read_text(root, "README.md"))]
    body = next((body for body in fences if re.search(r"^ *src/contender/", body, re.M)), "")
    broken = (
        [] if body else ["README.md has no ```text fence with a tree (a line `src/contender/`)"]
    )
    folders: list[str] = []
    for line in filter(str.strip, body.splitlines()):
        level = (len(line) - len(line.lstrip())) // 2
        names = re.split(r" {2,}", line.strip())[0].split()
        del folders[level:]
        parent = "".join(folders)
        broken += [
            f"README.md shows {parent}{name}, which is not there"
            for name in names
            if not (root / parent / name).exists()
        ]
        folders.append(names[-1] if names[-1].endswith("/") else "")
    return broken


def links(root: Path) -> list[str]:
    """Links of README and docs to files that are not there."""
    broken = [] if read_text(root, "README.md").strip() else ["README.md is empty"]
    for place, text in _documents(root):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)|<img[^>]+src=\"([^\"]+)", text):
            name = target[0] or target[1]
            if not re.match(r"[a-z]+:", name) and not ((root / place).parent / name).exists():
                broken.append(f"{place} links to {name}, which is not there")
    return broken


def check_script(root: Path) -> list[str]:
    """What keeps `.ci/run` from being the README's own test command."""
    script = read_text(root, ".ci/run")
    broken = [] if "\nmake test\n" in script else [".ci/run does not call `make test`"]
    if "make test" not in _code(read_text(root, "README.md")):
        broken.append("README.md does not say `make test`, which .ci/run calls")
    if not script.startswith("#!") or not (root / ".ci/run").stat().st_mode & 0o100:
        broken.append(".ci/run cannot be run")
    return broken


def _documents(root: Path) -> Iterator[tuple[str, str]]:
    for path in [
        root / "README.md",
        *sorted(root.glob("*.md")),
        *sorted(root.glob("docs/**/*.md")),
    ]:
        if path.is_file():
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def _code(text: str) -> str:
    """What `text` shows as code: fences but those of plain text, and spans between backticks."""
    fences = "\n".join(body for language, body in FENCE.findall(text) if language != "text")
    return "\n".join([fences, *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))])


def _commands(text: str) -> Iterator[str]:
    """The commands in the shell fences of `text`: what follows `$ `, or else every line."""
    for language, body in FENCE.findall(text):
        if language in SHELLS:
            lines = re.sub(r"\\\n\s*", " ", body).splitlines()
            typed = [line.strip()[2:] for line in lines if line.strip().startswith("$ ")]
            for line in typed or [line.strip() for line in lines]:
                if line and not line.startswith("#"):
                    yield re.sub(r"^([A-Z_]+=\S+ +)+", "", line)


def _helped(makefile: str, name: str) -> bool:
    """True when another line of the same target has the help, as under `ifdef`."""
    return bool(re.search(rf"^{name}:.*## \S", makefile, re.MULTILINE))
