"""The command from a bundle to what runs it anywhere: image."""

from pathlib import Path

from contender import files
from contender.commands.answer import Answer
from contender.paths import Paths


def image(bundle: str | None, name: str, base: str | None) -> Answer:
    """Build the image of a bundle and list the packages in it."""
    from contender.bundle import open_bundle
    from contender.deploy.image import build_image

    paths = Paths()
    with files.only_run(paths.lock):
        opened = open_bundle(Path(bundle) if bundle else paths.current)
        built = build_image(paths, opened, name=name, base=base)
    size_mb = built.size_bytes / 1_000_000
    return Answer(
        text=f"{built.tag}\n{built.digest}\n{size_mb:.0f} MB",
        note=f"image: its packages are listed in {paths.sbom}",
    )
