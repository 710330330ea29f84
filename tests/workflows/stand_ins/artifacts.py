"""What upload-artifact and download-artifact do, with a folder in the place of GitHub's storage."""

import os
import shutil
import sys
from pathlib import Path


def main(action: str, name: str, paths: str) -> None:
    """Copy to or from the artifact `name`; like the action, keep what lies below a common root."""
    place = Path(os.environ["STAND_IN_STATE"], "artifacts", name)
    if action == "download":
        shutil.copytree(place, paths, dirs_exist_ok=True)
        return
    found = [path for pattern in paths.split() for path in Path().glob(pattern)]
    if not found:
        sys.exit(f"nothing is at {paths}")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for path in found:
        target = place if len(found) == 1 else place / path
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
        else:
            target = place / path.name if len(found) == 1 else target
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
