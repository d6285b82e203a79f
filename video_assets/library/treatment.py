"""What is done to a clip's picture before anybody sees it, in words for receipts and people."""

from video_assets.foundation.records import FootageRow
from video_assets.library import tone

_NAMES = {"smpte2084": "PQ", "arib-std-b67": "HLG"}


def treatment(row: FootageRow) -> tuple[str, ...]:
    """What stills, renders and inspections all do to a clip's pictures; empty where nothing."""
    done = []
    if row.interlaced:
        done.append("deinterlaced, one picture a frame")
    if row.sar != 1:
        done.append(f"stretched by {row.sar} to square pixels")
    if row.rotation:
        done.append(f"turned by {row.rotation} degrees clockwise")
    if row.mirrored:
        done.append("mirrored left to right")
    if tone.is_hdr(row):
        _, transfer, peak = tone.curve_of(row)
        done.append(
            f"tone-mapped from {_NAMES[transfer]} of {peak} cd/m2 to BT.709 "
            f"(BT.2390, white at {tone.WHITE:.0f} cd/m2)"
        )
    return tuple(done)
