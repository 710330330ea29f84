"""The only door to Docker: its own client, which knows each engine and every version of it."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from typing import IO, Any, Final

from contender.errors import ImageError

# Where the old builder is still the default, it would not understand the Dockerfile.
BUILDKIT: Final = {"DOCKER_BUILDKIT": "1"}


def ask(*arguments: str) -> str:
    """What `docker` says to `arguments`, without the end of the line.

    Raises:
        ImageError: it is not installed, does not reach an engine, or refuses.
    """
    process = _start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said, complaint = process.communicate()
    if process.returncode:
        raise _refused(
            arguments, complaint.decode(errors="replace").strip() or "it did not say why"
        )
    return said.decode().strip()


def build(*arguments: str) -> None:
    """Run `docker build` with `arguments`; what it says while it works goes to stderr.

    Raises:
        ImageError: as `ask`.
    """
    if _start("build", *arguments, stdout=subprocess.DEVNULL).wait():
        raise _refused(("build",), "the lines above say why")


@contextlib.contextmanager
def exporting(image: str) -> Iterator[IO[bytes]]:
    """All files of `image`, as a tar to read once from its start; nothing of it is run.

    Raises:
        ImageError: as `ask`.
    """
    container = ask("create", image)
    try:
        process = _start("export", container, stdout=subprocess.PIPE)
        assert process.stdout
        with process, process.stdout:
            yield process.stdout
            while process.stdout.read(1 << 20):  # or it would die of a reader that has left
                pass
        if process.returncode:
            raise _refused(("export",), "its files cannot be read")
    finally:
        ask("rm", container)


def _start(*arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **BUILDKIT},
            **streams,
        )
    except OSError as error:
        raise ImageError(
            f"`docker` cannot be run ({error.strerror}); expected it to build an image.",
            hint="install Docker: https://docs.docker.com/engine/install",
        ) from error


def _refused(arguments: tuple[str, ...], why: str) -> ImageError:
    return ImageError(
        f"`docker {arguments[0]}` failed: {why}.",
        hint="`docker info` tells whether an engine is running; DOCKER_HOST may name another",
    )
