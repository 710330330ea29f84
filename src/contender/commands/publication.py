"""The command from a bundle to a Release that later runs find it in: publish."""

import os
from pathlib import Path

from contender import files
from contender.commands.answer import Answer
from contender.paths import Paths


def publish(bundle: str | None, image: str | None) -> Answer:
    """Put the archive of a bundle into a Release of the repository; twice changes nothing."""
    from contender.bundle import archive_name, open_bundle, pack
    from contender.github import find_host
    from contender.release.archives import tag_of
    from contender.release.passage import require_passage

    paths, host = Paths(), find_host()
    with files.only_run(paths.lock):
        opened = open_bundle(Path(bundle) if bundle else paths.current)
        decision = require_passage(opened)
        archive = pack(opened, paths.bundles)
        tag, card = tag_of(opened.digest), opened.read("MODEL_CARD.md").decode()
        wanted = {
            "tag_name": tag,
            "target_commitish": os.environ.get("GITHUB_SHA", "main"),
            "name": f"{decision.verdict} {opened.digest[:12]}",
            "body": f"{decision.summary}\n\nImage: `{image or 'none'}`\n\n{card}",
        }
        release = host.get(f"releases/tags/{tag}") or host.send("POST", "releases", wanted)
        host.attach(release, archive_name(opened.digest), archive.read_bytes())
        if paths.sbom.exists():  # one for each commit whose code is around the bundle
            name = f"image-{wanted['target_commitish'][:12]}.sbom.json"
            host.attach(release, name, paths.sbom.read_bytes())
    return Answer(text=str(release.get("html_url", tag)), note=f"publish: Release {tag}")
