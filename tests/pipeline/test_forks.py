"""What forks do that a test of the repository's own data would miss."""

from pathlib import Path

import numpy as np
import pytest

from contender.paths import Paths
from tests import datasets
from tests.pipeline.projects import contender, copy, copy_source, outputs
from tests.pipeline.spoiling import Spoil, cells, raw


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("byte-order mark", raw(lambda b: b"\xef\xbb\xbf" + b)),
        ("line ends of Windows", raw(lambda b: b.replace(b"\n", b"\r\n"))),
        (
            "every cell quoted",
            cells(
                lambda t: t.map(lambda text: f' {text}"\n,').assign(
                    **{name: t[name] for name in t.columns if name != "notes"}
                )
            ),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_harmless_things_are_taken(
    name: str, change: Spoil, finished: Paths, tmp_path: Path
) -> None:
    """A byte-order mark, CRLF, and quotes, commas and line ends in a cell give the same table."""
    paths = copy(finished, tmp_path / "boxes")
    before = paths.table.read_bytes()
    change(paths)
    said = contender(paths, "ingest")
    assert said.code == 0, f"{name}: {said.err}"
    assert paths.table.read_bytes() == before


def fork(folder: Path, *edits: tuple[str, str]) -> Path:
    """A copy of the package with `problem/model.py` edited, as a fork would."""
    source = copy_source(folder, datasets.ROOT)
    path = source / "contender/problem/model.py"
    content = path.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in content
        content = content.replace(old, new)
    path.write_text(content, encoding="utf-8")
    return source


def test_a_scaler_before_trees_is_found_out(tmp_path: Path) -> None:
    """A fork that scales numbers for trees gets a graph that differs, and is stopped."""
    paths = datasets.boxes(3000).write(tmp_path / "boxes")
    rng = np.random.default_rng(4)
    cells(lambda t: t.assign(weight=rng.lognormal(2, 1, len(t)).astype(str)))(paths)
    datasets.change_column(paths, "weight", range=None)
    datasets.write_expectations(paths)
    datasets.change_params(paths, train__hyperparameters__hist_gradient_boosting__max_iter=100)
    datasets.run_stages(paths, "ingest", "validate", "split", "train")
    before = outputs(paths.root)
    source = fork(
        tmp_path / "fork",
        ('(_hist_gradient_boosting, "raw")', '(_hist_gradient_boosting, "scaled")'),
    )
    said = contender(paths, "train", source=source)
    assert (said.code, said.error) == (1, "ParityError"), said.err
    assert "do not scale numbers before trees" in said.err
    assert outputs(paths.root) == before


def test_an_estimator_without_a_graph_is_refused(finished: Paths, tmp_path: Path) -> None:
    """A fork's own estimator that has no ONNX form is named; no half of a model is left."""
    paths = copy(finished, tmp_path / "boxes")
    datasets.change_params(paths, train__estimator="spreading")
    before = outputs(paths.root)
    source = fork(
        tmp_path / "fork",
        (
            "\nESTIMATORS: Final",
            "\ndef _spreading(task: Task, *, seed: int) -> Any:\n"
            "    from sklearn.semi_supervised import LabelSpreading\n"
            "    return LabelSpreading()\n\n"
            "\nESTIMATORS: Final",
        ),
        (
            '    "linear": Recipe',
            '    "spreading": Recipe(_spreading, "scaled"),\n    "linear": Recipe',
        ),
    )
    said = contender(paths, "train", source=source)
    assert (said.code, said.error) == (1, "ConversionError"), said.err
    assert "`LabelSpreading` cannot be converted" in said.err
    assert outputs(paths.root) == before


def test_two_runs_write_the_same_bytes(finished: Paths, tmp_path: Path) -> None:
    """Every stage in a process of its own, in another folder, makes every file again."""
    paths = copy(finished, tmp_path / "boxes")
    expected = outputs(paths.root)
    for name in expected:
        (paths.root / name).unlink()
    for stage in datasets.STAGES:
        assert contender(paths, stage).code == 0
    again = outputs(paths.root)
    assert {name: again.get(name) for name in expected} == expected
