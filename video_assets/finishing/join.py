"""Pieces of picture and one sound become a file, without touching a coded frame."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from video_assets.finishing import formats
from video_assets.foundation import media
from video_assets.foundation.errors import RenderError


def joined(pieces: Sequence[Path], sound: Path, fps: Fraction, frames: int, out: Path) -> None:
    """Writes `out` (mp4, index in front): every frame on its exact tick, the sound as encoded.

    Frame n lies at n whole frames of the track's clock; no rounded duration is ever added up.
    """
    import av

    timescale, tick = formats.ticks(fps)
    base = Fraction(1, timescale)
    options = {
        "movflags": "+faststart",
        "fflags": "+bitexact",
        "video_track_timescale": str(timescale),
        "brand": "mp42",
    }
    with (
        media.open_container(sound) as heard,
        av.open(str(out), "w", format="mp4", options=options) as target,
    ):
        with media.open_container(pieces[0]) as first:
            source = first.streams.video[0]
            headers = bytes(source.codec_context.extradata or b"")
            picture = target.add_stream_from_template(source)
            picture.time_base = base
            picture.metadata.clear()
        listened = heard.streams.audio[0]
        track = target.add_stream_from_template(listened)
        track.metadata.clear()
        packets = list(_sound(heard, listened))
        waiting = 0
        done = 0
        for piece in pieces:
            with media.open_container(piece) as container:
                stream = container.streams.video[0]
                if bytes(stream.codec_context.extradata or b"") != headers:
                    raise RenderError(
                        f"{piece.parent.name} was encoded otherwise than its neighbours; "
                        "delete the segments folder and run again"
                    )
                order = [p for p in container.demux(stream) if p.size]
                for n, packet in enumerate(order):
                    shown = _begins(packet) * fps
                    if shown.denominator != 1 or not 0 <= shown < len(order):
                        raise RenderError(f"{piece.parent.name}: a frame lies between two ticks")
                    packet.pts = (done + int(shown)) * tick
                    # Decoding order keeps a reorder depth of two frames throughout.
                    packet.dts = (done + n - formats.B_FRAMES) * tick
                    if packet.pts < packet.dts:
                        raise RenderError(f"{piece.parent.name}: frames are reordered too far")
                    packet.duration = tick
                    packet.time_base = base
                    packet.stream = picture
                    due = (done + n) / fps
                    while waiting < len(packets) and _begins(packets[waiting]) <= due:
                        _write(target, packets[waiting], track)
                        waiting += 1
                    target.mux_one(packet)
                done += len(order)
        for packet in packets[waiting:]:
            _write(target, packet, track)
    if done != frames:
        raise RenderError(f"{out.name}: {done} frames were joined, {frames} were planned")


def _sound(container: Any, stream: Any) -> list[Any]:
    return [p for p in container.demux(stream) if p.size]


def _begins(packet: Any) -> Fraction:
    return Fraction(packet.pts * packet.time_base)


def _write(target: Any, packet: Any, track: Any) -> None:
    packet.stream = track
    target.mux_one(packet)
