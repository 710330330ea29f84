"""The command from a bundle to what runs it anywhere: image."""

from pathlib import Path

from contender import files
from contender.commands.answer import Answer
from contender.paths import Paths


def image(bundle: str | None, name: str, base: str | None, push: bool) -> Answer:
    """Build the image of a bundle, list the packages in it, and push it when that is asked for."""
    from contender.bundle import open_bundle
    from contender.deploy.image import build_image, push_image

    paths = Paths()
    with files.only_run(paths.lock):
        opened = open_bundle(Path(bundle) if bundle else paths.current)
        built = build_image(paths, opened, name=name, base=base)
        pushed = push_image(built) if push else ""
    size_mb = built.size_bytes / 1_000_000
    return Answer(
        text="\n".join(filter(None, (built.tag, built.digest, f"{size_mb:.0f} MB", pushed))),
        note=f"image: its packages are listed in {paths.sbom}",
        outputs={"image": pushed or built.tag, "name": built.tag.rpartition(":")[0]}
        | {"digest": pushed.partition("@")[2]},
    )
