"""The guard in front of ffmpeg and containers."""

import time

import ffmpeg
import pytest

from video_assets.foundation import media
from video_assets.foundation.errors import Code, FootageError, RenderError


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    path = folder / "it's a -clip [1]:%d.mp4"
    graph = ffmpeg.input("testsrc=s=64x64:r=10:d=1", f="lavfi").output(
        media.source_url(path), pix_fmt="yuv420p"
    )
    media.run(graph, folder, 60, "the test clip")
    return path


def test_hostile_names_are_files(clip):
    with media.open_container(clip) as container:
        assert container.streams.video[0].frames == 10
    out, _ = media.run(
        media.source(clip).output("pipe:", f="rawvideo", pix_fmt="gray"), clip.parent, 60, "decode"
    )
    assert len(out) == 64 * 64 * 10


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXTINF:1,\n{}\n",
        "ffconcat version 1.0\nfile '{}'\n",
        "v=0\nm=video 1 RTP/AVP 96\n",
    ],
    ids=["hls", "concat", "sdp"],
)
def test_playlists_named_as_media_are_never_opened(tmp_path, clip, text):
    path = tmp_path / "clip.mp4"
    path.write_text(text.format(clip))
    with pytest.raises(FootageError) as caught, media.open_container(path):
        pass
    assert caught.value.code == Code.SECURITY_FORMAT
    with pytest.raises(RenderError):
        media.run(media.source(path).output("pipe:", f="rawvideo"), tmp_path, 60, "decode")


def test_an_empty_file_says_so(tmp_path):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(FootageError) as caught, media.open_container(tmp_path / "a.mp4"):
        pass
    assert caught.value.code == Code.ZERO_BYTE


def test_a_hanging_ffmpeg_is_ended(tmp_path):
    began = time.monotonic()
    endless = ffmpeg.input("testsrc=s=64x64:r=10", f="lavfi", re=None).output("-", f="null")
    with pytest.raises(RenderError, match="stopped after 1 s"):
        media.run(endless, tmp_path, 1, "an endless render")
    assert time.monotonic() - began < 30


def test_a_refusal_carries_the_reason(tmp_path):
    with pytest.raises(RenderError, match="the work: ffmpeg refused"):
        media.run(
            media.source(tmp_path / "absent.mp4").output("-", f="null"), tmp_path, 60, "the work"
        )


def test_a_wrong_ffmpeg_setting_is_named(monkeypatch):
    monkeypatch.setenv("VIDEO_ASSETS_FFMPEG", "/nowhere/ffmpeg")
    media.ffmpeg_path.cache_clear()
    try:
        with pytest.raises(RenderError, match="VIDEO_ASSETS_FFMPEG"):
            media.ffmpeg_path()
    finally:
        monkeypatch.undo()
        media.ffmpeg_path.cache_clear()
