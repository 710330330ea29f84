"""Real data of different shapes: what is planned for each, and in soak the way to a verdict."""

from pathlib import Path

import pytest

from contender.paths import Paths
from tests.adoption.plans import plan_for
from tests.adoption.project import adopt, changed_files
from tests.adoption.sets import BROUGHT, LARGE
from tests.conftest import git
from tests.serving.forms import LONG_S

SOAK = (pytest.mark.soak, pytest.mark.timeout(LONG_S))


@pytest.mark.parametrize("name", BROUGHT)
def test_real_data_is_understood(name: str, project: Paths, tmp_path: Path) -> None:
    """Task, split and dialect are those that its makers would name."""
    brought = BROUGHT[name]

    planned = plan_for(brought.write(tmp_path / name), project, target=brought.target)

    assert planned.schema.task is brought.task
    assert planned.params.split.method == brought.split
    if brought.suffix == ".csv":
        assert planned.params.ingest.delimiter == brought.delimiter


def test_names_and_dates_of_real_data(project: Paths, tmp_path: Path) -> None:
    """An id, a day, texts that hardly repeat, missing values, and who somebody is."""
    airports, weather, cars, patients = (
        plan_for(BROUGHT[name].write(tmp_path / name), project, target=BROUGHT[name].target)
        for name in ("airports", "weather", "cars", "patients")
    )

    assert airports.schema.id == "iata"
    assert airports.column("city").role == "ignored"
    assert weather.column("date").format == "%Y/%m/%d"
    assert cars.column("Name").role == "ignored"
    assert cars.column("Displacement").nullable
    assert patients.column("sex").sensitive and patients.column("age").sensitive


@pytest.mark.parametrize("name", [pytest.param(name, marks=SOAK) for name in BROUGHT])
def test_real_data_gets_to_a_verdict(name: str, clone: Path, tmp_path: Path) -> None:
    """The command ends green, and only the fork's own files changed."""
    brought = BROUGHT[name]

    said = adopt(clone, brought.write(tmp_path / name), brought.target)

    assert said.code == 0, said.err
    assert "assumed, and how to change it:" in said.out
    assert changed_files(clone)


@pytest.mark.soak
@pytest.mark.timeout(LONG_S)
def test_half_a_million_rows_get_to_a_verdict(clone: Path, tmp_path: Path) -> None:
    """And are not put into git: the command says where they belong."""
    said = adopt(clone, LARGE.write(tmp_path / "large"), LARGE.target)

    assert said.code == 0, said.err
    assert "make remote URL=s3://bucket/path" in said.out
    assert "data/store" not in git(clone, "status", "--porcelain")
