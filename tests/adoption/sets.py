"""Real data sets that come with libraries, in the forms in which people bring them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from sklearn import datasets

from contender.problem.schema import Task


@dataclass(frozen=True)
class Brought:
    """A table, what is predicted, what kind of thing that is, and how its file is written."""

    table: Callable[[], pd.DataFrame]
    target: str
    task: Task
    split: str = "id"
    suffix: str = ".csv"
    delimiter: str = ","
    encoding: str = "utf-8"

    def write(self, path: Path) -> Path:
        """`path` with its suffix, written."""
        path, table = path.with_suffix(self.suffix), self.table()
        if self.suffix == ".parquet":
            table.to_parquet(path)
        else:
            decimal = "," if self.delimiter == ";" else "."
            table.to_csv(
                path, index=False, sep=self.delimiter, decimal=decimal, encoding=self.encoding
            )
        return path


def _vega(name: str) -> pd.DataFrame:
    return pd.read_csv(str(resources.files("vega_datasets") / f"_data/{name}.csv"))


def _tumours() -> pd.DataFrame:
    """Names with spaces in them."""
    data = datasets.load_breast_cancer(as_frame=True)
    return data.frame.assign(target=data.target.map({0: "malignant", 1: "benign"}))


def _patients() -> pd.DataFrame:
    """Accents in names and words."""
    table = datasets.load_diabetes(as_frame=True, scaled=False).frame
    table["sex"] = table["sex"].map({1: "männlich", 2: "weiblich"})
    return table.rename(columns={"bmi": "Körpermasse"})


def _wines() -> pd.DataFrame:
    return datasets.load_wine(as_frame=True).frame


def _wide_wines() -> pd.DataFrame:
    """Fewer rows than columns: 300 more measures that are none."""
    noise = np.random.default_rng(1).normal(size=(178, 300)).round(3)
    return pd.concat([pd.DataFrame(noise).add_prefix("noise "), _wines()], axis=1)


def _flowers() -> pd.DataFrame:
    """Three columns, and the index that pandas writes."""
    data = datasets.load_iris(as_frame=True)
    table = data.frame.iloc[:, [2, 3]].assign(species=data.target_names[data.target])
    return table.reset_index(names="")


def _cars() -> pd.DataFrame:
    """Names that hardly repeat, dates, missing values; cars whose consumption is known."""
    text = (resources.files("vega_datasets") / "_data/cars.json").read_text(encoding="utf-8")
    table = pd.DataFrame(json.loads(text)).dropna(subset="Miles_per_Gallon")
    gaps = np.random.default_rng(1).random(len(table)) < 0.6
    return table.assign(Displacement=table["Displacement"].mask(gaps))


def _many_tumours() -> pd.DataFrame:
    """Half a million rows, drawn from 569."""
    return _tumours().iloc[:, -8:].sample(500_000, replace=True, random_state=1)


BROUGHT: Final = {
    "tumours": Brought(_tumours, "target", Task.BINARY),
    "patients": Brought(_patients, "target", Task.REGRESSION, delimiter=";", encoding="latin-1"),
    "wines": Brought(_wines, "target", Task.MULTICLASS, suffix=".parquet"),
    "digits": Brought(lambda: datasets.load_digits(as_frame=True).frame, "target", Task.MULTICLASS),
    "weather": Brought(lambda: _vega("seattle-weather"), "weather", Task.MULTICLASS),
    "jobs": Brought(lambda: _vega("us-employment"), "government", Task.REGRESSION, split="time"),
    "airports": Brought(lambda: _vega("airports"), "latitude", Task.REGRESSION),
    "cars": Brought(_cars, "Miles_per_Gallon", Task.REGRESSION),
    "flowers": Brought(_flowers, "species", Task.MULTICLASS),
    "wide wines": Brought(_wide_wines, "target", Task.MULTICLASS, delimiter="\t"),
}
LARGE: Final = Brought(_many_tumours, "target", Task.BINARY)
