"""When an asset is made without anybody asking. The only place that spells conditions."""

import dagster as dg

AC = dg.AutomationCondition

OUTSIDE = ("published_metrics", "edits", "brand_kit", "music")
"""External assets: sensors report them; they may never come."""

ROOTS = ("footage", "brief")
"""What people put in: the inputs sensor requests them, so automation does not."""

AUTOMATED_APART = frozenset({"publications"})
"""Started by a schedule, a person or an approval: never by itself."""

OPTIONAL = dg.AssetSelection.assets(*OUTSIDE, "learnings")

SHUT = ~AC.missing() & AC.any_checks_match(
    ~(AC.check_passed() | AC.will_be_requested()), blocking_only=True
)
"""Made, and a blocking check did not pass. Never made: not shut, or one level a tick would wait."""

WHEN_GATES_OPEN = AC.eager().replace(
    ~AC.any_deps_missing(), ~AC.any_deps_missing().ignore(OPTIONAL)
) & ~AC.any_deps_match(SHUT)
"""Eager, but never past a closed gate. The negated `any` is exact on fan-in, where
`all_deps_blocking_checks_passed()` leaks (one passing aspect of six would let all through)."""

AUTOMATION = dg.AutomationConditionSensorDefinition(
    "automation",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,  # the implicit one starts stopped
)
