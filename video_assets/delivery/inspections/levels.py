"""Is it as loud as platforms play it, and does nothing clip."""

from video_assets.delivery.inspections.measures import Measures
from video_assets.finishing import formats
from video_assets.foundation.records import Finding


def is_as_loud_as_planned(measures: Measures, silent: bool) -> list[Finding]:
    """-14 ±0.5 LUFS and at most -1 dBTP on the encoded file, or silent where that was planned."""
    if silent:
        if measures.loudness <= -70.0:
            return []
        return [
            Finding(
                "is_as_loud_as_planned",
                f"sounds at {measures.loudness} LUFS, planned was silence",
                str(measures.loudness),
                "-70",
            )
        ]
    found = []
    target = formats.TARGET_LOUDNESS
    if abs(measures.loudness - target) > formats.LOUDNESS_TOLERANCE:
        found.append(
            Finding(
                "is_as_loud_as_planned",
                f"loudness is {measures.loudness} LUFS, expected {target} ±0.5",
                str(measures.loudness),
                f"{target} ±{formats.LOUDNESS_TOLERANCE}",
            )
        )
    if measures.peak > formats.MAX_PEAK:
        found.append(
            Finding(
                "is_as_loud_as_planned",
                f"true peak is {measures.peak} dBTP, at most {formats.MAX_PEAK} is allowed",
                str(measures.peak),
                str(formats.MAX_PEAK),
            )
        )
    return found
