"""What past publications of a brand say about one trait each."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_FLOOR = 8
"""Publications a claim must rest on. Proposed: to be calibrated once real numbers come back."""

COLUMNS = {
    "brand": "string",
    "trait": "string",
    "value": "string",
    "metric": "string",
    "effect": "float64",
    "samples": "int64",
}


def learnings_from(metrics: "pd.DataFrame", brand: str) -> "pd.DataFrame":
    """What the metrics say, by trait: ratio of the mean with the trait to the brand's mean.

    Only claims with at least `SAMPLE_FLOOR` publications; no metrics, no claims.
    """
    import pandas as pd

    found = []
    for metric, rows in metrics.groupby("metric", observed=True):
        mean = rows["value"].mean()
        for trait in ("recipe", "aspect", "duration_s"):
            for value, some in rows.groupby(trait, observed=True):
                samples = some["post_id"].nunique()
                if samples >= SAMPLE_FLOOR and mean:
                    effect = some["value"].mean() / mean
                    found.append((brand, trait, str(value), str(metric), effect, samples))
    table = pd.DataFrame(found, columns=list(COLUMNS))
    return table.astype(COLUMNS)


def problems(table: "pd.DataFrame") -> list[str]:
    """Claims that rest on too few publications."""
    weak = table[table["samples"] < SAMPLE_FLOOR]
    return [
        f"{row.trait} {row.value}: {row.samples} publications, {SAMPLE_FLOOR} are needed"
        for row in weak.itertuples()
    ]
