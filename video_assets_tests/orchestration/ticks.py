"""One look of automation, as its daemon takes it."""

import functools
from typing import Any

import dagster as dg
import pytest


def looked(defs: dg.Definitions, instance: dg.DagsterInstance, cursor: Any = None) -> Any:
    """What automation asks for now, of all assets; pass its `cursor` on to the next look.

    The daemon keeps the list of projects for the length of a look; Dagster's tester reads it from
    the database for every node of every condition: 18,000 times in four looks at 17 assets, four
    fifths of the test. So it is kept here too; between two looks it is read anew.
    """
    with pytest.MonkeyPatch.context() as patch:
        kept = functools.cache(instance.get_dynamic_partitions)
        patch.setattr(instance, "get_dynamic_partitions", kept)
        return dg.evaluate_automation_conditions(
            defs, instance, cursor=cursor, asset_selection=dg.AssetSelection.all()
        )
