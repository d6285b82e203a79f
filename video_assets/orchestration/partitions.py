"""Everything is partitioned by project; aspect ratios are assets, not a second dimension."""

import dagster as dg

PROJECTS = dg.DynamicPartitionsDefinition(name="project")
