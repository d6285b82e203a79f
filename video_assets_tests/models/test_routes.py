"""Which engines are here, found out without importing them."""

import subprocess
import sys

from video_assets.models import routes

HEAVY = "import sys; import {}; sys.exit(bool({{'torch', 'whisperx', 'open_clip', 'pocketsphinx', 'cv2'}} & set(sys.modules)))"


def test_every_capability_has_an_engine_that_is_here():
    found = routes.available()
    assert [
        c for c in routes.CAPABILITIES if not any(e.available for e in found if e.capability == c)
    ] == []
    assert all(e.cannot for e in found)
    assert all(bool(e.why_not) != e.available for e in found)
    assert all(e.embedded for e in found if e.name in ("pocketsphinx", "look-1", "sidecar"))
    for capability in routes.CAPABILITIES:
        ranks = [e.rank for e in found if e.capability == capability]
        assert ranks == list(range(1, len(ranks) + 1))


def test_a_missing_package_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr(routes, "_is_here", lambda package: package not in ("whisperx", "torch"))
    (engine,) = (e for e in routes.available() if e.name == "whisperx")
    assert not engine.available
    assert "whisperx and torch missing" in engine.why_not and "pip install" in engine.why_not


def test_asking_imports_no_engine():
    modules = ("routes", "transcribers", "embedders", "whisperx_engine", "open_clip_engine")
    code = HEAVY.format(", ".join(f"video_assets.models.{m}" for m in modules))
    code = code.replace("sys.exit(", "video_assets.models.routes.available(); sys.exit(")
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_missing_packages_of_the_strong_engines_are_said():
    import numpy as np
    import pytest

    from video_assets.foundation.errors import ModelUnavailable
    from video_assets.models.open_clip_engine import OpenClip
    from video_assets.models.whisperx_engine import WhisperX

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "whisperx", None)
        patch.setitem(sys.modules, "open_clip", None)
        patch.setenv("NLTK_DATA", "somewhere")
        with pytest.raises(ModelUnavailable, match="models"):
            WhisperX(device="cpu").words(np.zeros(16000, np.float32))
        with pytest.raises(ModelUnavailable, match="models"):
            OpenClip(device="cpu").images([np.zeros((8, 8, 3), np.uint8)])


def test_an_engine_is_planned_only_where_its_weights_are_named(monkeypatch):
    monkeypatch.setattr(routes, "_is_here", lambda package: True)
    monkeypatch.delenv("VIDEO_ASSETS_WHISPERX_MODEL", raising=False)

    def whisperx():
        (engine,) = (e for e in routes.available() if e.name == "whisperx")
        return engine

    assert not whisperx().available and "VIDEO_ASSETS_WHISPERX_MODEL" in whisperx().why_not
    monkeypatch.setenv("VIDEO_ASSETS_WHISPERX_MODEL", "/models/large-v3")
    assert whisperx().available and whisperx().why_not == ""
