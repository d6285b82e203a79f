"""What past publications of a brand say about one trait each.

Six aspects of one cut are not six opinions, so a claim needs several cuts as well as several
publications, with the value and without it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from video_assets.foundation.errors import ProjectError, StorageError
from video_assets.foundation.records import Learning, read_records
from video_assets.foundation.store import Project
from video_assets.performance.metrics import per_publication
from video_assets.performance.tables import LEARNINGS, METRICS, TRAITS, empty, read_table, shaped

if TYPE_CHECKING:
    import pandas as pd

METRICS_FILE = "performance/metrics.parquet"
LEARNINGS_FILE = "performance/learnings.parquet"

SAMPLE_FLOOR = 8
"""Publications with a value, and as many without, that a claim must rest on. With 8 against 8, a
value that makes no difference still looks 1.5 times better in 13 % of comparisons, where numbers
scatter as views do (log-normal, sigma a factor of 2; simulated); with 4 against 4, in 22 %."""

CUT_FLOOR = 2
"""Different cuts on either side: what sets one single cut apart is not known to be its trait."""

CAP = 5.0
"""A publication counts at most this many times the metric's median: one viral post must not speak
for all its traits; and a mean, unlike a median, still tells two values apart in small samples."""

CLAIMED = (*TRAITS, "aspect")

_READ = ("publication", "project", "cut_id", "aspect", *TRAITS, "metric", "value")


@dataclass(frozen=True, slots=True)
class Floors:
    """What a claim must rest on, on either side."""

    samples: int = SAMPLE_FLOOR
    """Publications."""
    cuts: int = CUT_FLOOR


def floors_of(project: Project) -> Floors:
    """The floors, or lower ones where project.yaml names them:

        learnings: {samples: 3, cuts: 1}

    Raises ProjectError where they are no whole numbers of at least 1.
    """
    found = project.settings.get("learnings") or {}
    names = [f.name for f in fields(Floors)]
    if not isinstance(found, Mapping) or not all(
        key in names and type(value) is int and value >= 1 for key, value in found.items()
    ):
        raise ProjectError(
            f"{project.root / 'project.yaml'}: `learnings` takes {' and '.join(names)}, "
            "whole numbers of at least 1"
        )
    return Floors(**found)


def metrics_of_brand(
    project: Project,
) -> "tuple[pd.DataFrame, list[str], dict[str, str]]":
    """The joined metrics of all projects of this project's brand; whose they are; who was left out.

    Another project whose settings or table cannot be read is left out with the reason; this
    project's own must be there.
    """
    import pandas as pd

    tables, used, skipped = [], [], {}
    for slug in project.workspace.projects():
        other = Project(project.workspace, slug)
        try:
            if other.brand != project.brand:
                continue
            if slug != project.slug and not other.path(METRICS_FILE).is_file():
                continue
            table = read_table(other.path(METRICS_FILE), METRICS, _READ)
        except (ProjectError, StorageError, OSError) as error:
            if slug == project.slug:
                raise
            skipped[slug] = str(error)
            continue
        tables.append(table[table["project"] == slug])
        used.append(slug)
    columns = {name: METRICS[name] for name in _READ}
    return shaped(pd.concat([empty(columns), *tables]), columns), used, skipped


def learnings_from(
    metrics: "pd.DataFrame", brand: str, floors: Floors = Floors()
) -> "tuple[pd.DataFrame, list[str]]":
    """What the metrics say, and, in words, what rests on too little to be said.

    A claim's effect is the mean over publications with the value divided by the mean over those
    with another known value. Where the latter is not positive there is nothing to compare with.
    """
    import numpy as np

    found: list[tuple[Any, ...]] = []
    weak: list[str] = []
    totals = per_publication(metrics)
    for metric, rows in totals.groupby("metric", sort=True):
        value = rows["value"].to_numpy(float)
        middle = float(np.median(value))
        capped = np.minimum(value, CAP * middle) if middle > 0 else value
        rows = rows.assign(value=capped)
        for trait in CLAIMED:
            known = rows[rows[trait] != ""]
            for name, some in known.groupby(trait, sort=True):
                others = known[known[trait] != name]
                cuts = _cuts(some), _cuts(others)
                if others.empty:
                    continue  # all are like that: no question was asked
                if min(len(some), len(others)) < floors.samples or min(cuts) < floors.cuts:
                    weak.append(
                        f"{trait}={name} on {metric}: {len(some)} publications of {cuts[0]} cuts "
                        f"against {len(others)} of {cuts[1]}"
                    )
                    continue
                base = float(np.mean(others["value"]))
                if base > 0 and (mean := float(np.mean(some["value"]))) >= 0:
                    effect = round(mean / base, 6)
                    found.append((brand, trait, name, metric, effect, len(some), cuts[0]))
    return shaped(found, LEARNINGS), weak


def _cuts(rows: "pd.DataFrame") -> int:
    return len(rows[["project", "cut_id"]].drop_duplicates())


def learnings_of(project: Project) -> list[Learning]:
    """What is recorded for this project's brand; [] where nothing was learnt yet."""
    path = project.path(LEARNINGS_FILE)
    if not path.is_file():
        return []
    found: Iterable[Learning] = read_records(path, Learning)
    return [one for one in found if one.brand == project.brand]


def problems(table: "pd.DataFrame", floors: Floors = Floors()) -> list[str]:
    """Claims that rest on too few publications, or on too few cuts."""
    weak = table[table["samples"] < floors.samples]
    found = [
        f"{row.trait} {row.value}: {row.samples} publications, {floors.samples} are needed"
        for row in weak.itertuples()
    ]
    narrow = table[(table["samples"] >= floors.samples) & (table["cuts"] < floors.cuts)]
    return found + [
        f"{row.trait} {row.value}: {row.cuts} cuts, {floors.cuts} are needed"
        for row in narrow.itertuples()
    ]
