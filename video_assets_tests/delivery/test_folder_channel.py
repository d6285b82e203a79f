"""A post in a folder: whole or not at all, the same one when it is sent again."""

import dataclasses
import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from video_assets.delivery.channels import Ambiguous, Post, Refused, Transient, channels_of
from video_assets.delivery.channels import folder as folder_module
from video_assets.delivery.channels.folder import FolderChannel
from video_assets.foundation.errors import BriefError
from video_assets.foundation.files import sha256_file

KEY = hashlib.sha256(b"key").hexdigest()


@pytest.fixture
def post(tmp_path) -> Post:
    made = tmp_path / "made"
    made.mkdir()
    for name in ("9x16.mp4", "9x16.srt", "9x16.vtt", "9x16.poster.jpg"):
        (made / name).write_bytes(name.encode() * 1000)
    return Post(
        KEY, "lake", "r1", "r1-01", "9x16", made / "9x16.mp4", sha256_file(made / "9x16.mp4"),
        (made / "9x16.srt", made / "9x16.vtt", made / "9x16.ass"), made / "9x16.poster.jpg",
        "Where's the lamp?\n\n#lake", {"hook": "question"},
    )  # fmt: skip


def lies_in(root: Path) -> list[str]:
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def test_everything_lies_in_one_folder(tmp_path, post):
    channel = FolderChannel("drop", tmp_path / "drop", "ig_reels", "wickfield")
    assert channel.find(KEY) is None
    sent = channel.send(post)
    assert (sent.remote_id, sent.state) == (f"r1-01-9x16-{KEY[:12]}", "live")
    base = f"lake/r1-01_9x16_{KEY[:12]}"
    assert lies_in(channel.folder) == sorted(
        f"{base}/{name}"
        for name in (
            "manifest.json", "poster.jpg", "r1-01_9x16.mp4", "r1-01_9x16.srt", "r1-01_9x16.vtt",
            "upload.txt",
        )
    )  # fmt: skip
    folder = channel.folder / base
    assert (folder / "upload.txt").read_text() == "Where's the lamp?\n\n#lake\n"
    manifest = json.loads((folder / "manifest.json").read_text())
    files = manifest.pop("files")
    assert manifest == {
        "key": KEY, "project": "lake", "cut": "r1-01", "aspect": "9x16", "round": "r1",
        "sha256": post.sha256, "channel": "drop", "platform": "ig_reels", "account": "wickfield",
        "remote_id": sent.remote_id, "traits": {"hook": "question"},
    }  # fmt: skip
    for name, facts in files.items():
        path = folder / name
        assert facts == {"size": path.stat().st_size, "sha256": sha256_file(path)}
    assert set(files) | {"manifest.json"} == {p.name for p in folder.iterdir()}
    assert folder.stat().st_mode & 0o777 == 0o755


def test_the_same_post_again_is_the_same_post(tmp_path, post):
    channel = FolderChannel("drop", tmp_path / "drop")
    sent = channel.send(post)
    before = {name: (channel.folder / name).stat().st_mtime_ns for name in lies_in(channel.folder)}
    assert channel.send(post) == sent == channel.find(KEY)
    assert FolderChannel("drop", tmp_path / "drop").find(KEY) == sent
    alike = KEY[:12] + "0" * 52
    assert channel.find(alike) is None
    with pytest.raises(Refused, match="another post"):
        channel.send(dataclasses.replace(post, key=alike))
    assert before == {n: (channel.folder / n).stat().st_mtime_ns for n in lies_in(channel.folder)}


def test_other_bytes_than_promised_are_not_laid_down(tmp_path, post):
    channel = FolderChannel("drop", tmp_path / "drop")
    with pytest.raises(Transient, match="bytes have changed"):
        channel.send(dataclasses.replace(post, sha256="0" * 64))
    assert lies_in(channel.folder) == [] and list((channel.folder / "lake").iterdir()) == []


@pytest.mark.parametrize(
    "changes", [{"cut_id": "../r1"}, {"project": ".."}, {"aspect": "9:16/.."}, {"key": "../../x"}]
)
def test_names_that_leave_the_folder_are_refused(tmp_path, post, changes):
    channel = FolderChannel("drop", tmp_path / "drop")
    with pytest.raises(Refused):
        channel.send(dataclasses.replace(post, **changes))
    assert not channel.folder.exists()


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "full"), (errno.EROFS, "rights"), (errno.EIO, "lost"), (errno.EMFILE, "files")],
)
def test_a_disk_that_fails_leaves_nothing(tmp_path, post, monkeypatch, number, said):
    """The real copy runs up to its third file, whose fsync fails."""
    channel = FolderChannel("drop", tmp_path / "drop")
    channel.find(KEY)
    real, calls = os.fsync, []

    def fsync(handle):
        calls.append(handle)
        if len(calls) == 4:
            raise OSError(number, os.strerror(number))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(Transient, match=said):
        channel.send(post)
    assert len(calls) == 4 and lies_in(channel.folder) == []
    assert channel.send(post) == channel.find(KEY)


def test_after_the_rename_nobody_knows(tmp_path, post, monkeypatch):
    channel = FolderChannel("drop", tmp_path / "drop")
    real = folder_module.fsync

    def fsync(path):
        if path.name == "lake" and any(path.glob("r1*")):
            raise OSError(errno.EIO, "Input/output error")
        real(path)

    monkeypatch.setattr(folder_module, "fsync", fsync)
    with pytest.raises(Ambiguous):
        channel.send(post)
    assert channel.find(KEY) is not None


def test_a_folder_that_is_not_mounted_is_never_made_up(tmp_path, post):
    channel = FolderChannel("drop", tmp_path / "media" / "handover")
    for act in (lambda: channel.send(post), lambda: channel.find(KEY)):
        with pytest.raises(Transient, match="mount or make it"):
            act()
    assert not (tmp_path / "media").exists()
    (tmp_path / "media").mkdir()
    assert channel.send(post)


def test_a_file_in_the_way_is_transient(tmp_path, post):
    (tmp_path / "drop").write_text("not a folder")
    with pytest.raises(Transient, match="drop"):
        FolderChannel("drop", tmp_path / "drop").send(post)


def test_what_was_damaged_is_not_taken_for_absent(tmp_path, post):
    channel = FolderChannel("drop", tmp_path / "drop")
    channel.send(post)
    manifest = next(channel.folder.glob("*/*/manifest.json"))
    manifest.write_text("{")
    with pytest.raises(Transient, match="damaged"):
        channel.find(KEY)
    manifest.unlink()
    with pytest.raises(Transient, match="holds no manifest"):
        channel.send(post)


def test_leftovers_of_the_dead_are_swept_and_of_the_living_kept(tmp_path, post):
    code = (
        "import sys; from pathlib import Path; from video_assets.foundation.lease import owner\n"
        "print('.sending~' + owner().replace('/', '~') + '~abc')"
    )
    dead = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()
    from video_assets.foundation.lease import owner

    alive = ".sending~" + owner().replace("/", "~") + "~abc"
    far, old = ".sending~elsewhere~7~1~abc", ".sending~elsewhere~8~1~abc"
    base = tmp_path / "drop" / "lake"
    for name in (dead, alive, far, old):
        (base / name).mkdir(parents=True)
    os.utime(base / old, (1, 1))
    FolderChannel("drop", tmp_path / "drop").send(post)
    kept = {p.name for p in base.iterdir() if p.name.startswith(".")}
    assert kept == {alive, far}


def settings(**own):
    return {"channels": {"drop": {"kind": "folder", "to": "out", **own}}}


def test_channels_of_project_yaml(tmp_path):
    footage = tmp_path / "footage"
    (one,) = channels_of({}, tmp_path, footage)
    assert (one.name, one.platform, one.folder) == (
        "folder", "folder", tmp_path / "delivery" / "published",
    )  # fmt: skip
    assert channels_of({"channels": {}}, tmp_path, footage) == []
    far = settings(
        to=str(tmp_path / "far"), platform="ig_reels", account=7, aspects=["9:16", "4x5"]
    )
    (one,) = channels_of(far, tmp_path / "project", footage)
    assert (one.folder, one.platform, one.account, one.aspects) == (
        tmp_path / "far", "ig_reels", "7", ("9x16", "4x5"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("channels", "said"),
    [
        ([], "a name for each channel"),
        ({"drop": "out"}, "keys and values"),
        ({"../x": {}}, "name is 1 to 63"),
        ({"drop": {"kind": "youtube"}}, "only `folder`"),
        ({"drop": {"kind": "folder"}}, "must name a folder"),
        ({"drop": {"kind": "folder", "to": "s3://bucket/x"}}, "must name a folder"),
        ({"drop": {"kind": "folder", "to": "out", "token": "x"}}, "'token' is not known.*kind, to"),
        (settings(platform="myspace")["channels"], "'myspace' is not one of folder, facebook_feed"),
        (settings(aspects=["9x17"])["channels"], "'9x17' is not one of 9x16"),
        (settings(aspects=[])["channels"], "leave it out"),
        (settings(account=["a"])["channels"], "account"),
        (settings(to="footage/out")["channels"], "never written to"),
        (settings(to="delivery/../footage")["channels"], "never written to"),
        (settings(to="link/out")["channels"], "never written to"),
        (settings(to="music")["channels"], "never written to"),
    ],
)
def test_a_wrong_channel_is_named(tmp_path, channels, said):
    (tmp_path / "footage").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "footage")
    with pytest.raises(BriefError, match=said) as caught:
        channels_of({"channels": channels}, tmp_path, tmp_path / "footage")
    assert "project.yaml: channels" in str(caught.value)
