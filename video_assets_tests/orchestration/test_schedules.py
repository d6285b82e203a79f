"""04:00 once a day and project, whatever the zone; only what differs; a wrong zone stays at home."""

import shutil
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import dagster as dg
import pytest

from video_assets.definitions import build_defs
from video_assets.foundation.store import Workspace
from video_assets.orchestration import schedules
from video_assets.orchestration.gates import remember
from video_assets.orchestration.graph import BY_NAME
from video_assets.orchestration.projects import add_project
from video_assets.orchestration.resources import Library
from video_assets.orchestration.runs import instance_of
from video_assets.orchestration.schedules import (
    NIGHT,
    TICK,
    due_nights,
    due_steps,
    last_look,
    nightly,
    remember_look,
)

ZONES = {
    "berlin": "Europe/Berlin",  # summer time, both ways
    "new-york": "America/New_York",
    "st-johns": "America/St_Johns",  # -03:30, with summer time
    "kathmandu": "Asia/Kathmandu",  # +05:45
    "lord-howe": "Australia/Lord_Howe",  # half an hour of summer time
    "chatham": "Pacific/Chatham",  # +12:45 and +13:45
    "tongatapu": "Pacific/Tongatapu",  # +13
    "kiritimati": "Pacific/Kiritimati",  # +14
    "kyiv": "Europe/Kyiv",  # puts its clock back from 04:00 to 03:00
    "casablanca": "Africa/Casablanca",  # changes with Ramadan
    "pago-pago": "Pacific/Pago_Pago",  # -11
    "utc": "UTC",
}


def test_a_year_has_every_night_once():
    zones = {slug: ZoneInfo(name) for slug, name in ZONES.items()}
    nights = {slug: [] for slug in zones}
    first, tick = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    while tick < first + timedelta(days=365):
        for slug, night in due_nights(zones, tick, tick + TICK):
            local = (tick + TICK).astimezone(zones[slug])
            assert (local.hour, local.minute) == (NIGHT.hour, NIGHT.minute)
            nights[slug].append(night)
        tick += TICK
    for slug, found in nights.items():
        assert len(found) == 365, slug
        assert found == [found[0] + timedelta(days=n) for n in range(365)], slug
        assert found[0] in (date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2))


def test_no_zone_skips_or_repeats_its_night():
    day = date(2026, 1, 1)
    nights = [datetime.combine(day + timedelta(days=n), NIGHT) for n in range(365)]
    for name in available_timezones():
        zone = ZoneInfo(name)
        for night in nights:
            once, again = night.replace(tzinfo=zone), night.replace(tzinfo=zone, fold=1)
            assert once.utcoffset() == again.utcoffset(), (name, night)


def test_a_tick_looks_back_to_the_last_one(tmp_path):
    workspace = Workspace(tmp_path)

    def look(moment):
        after = last_look(workspace, moment)
        remember_look(workspace, moment, after)
        return after

    tick = datetime(2026, 5, 4, 4, 0, tzinfo=UTC)
    assert look(tick) == tick - TICK  # the first ever
    assert look(tick) == tick - TICK  # evaluated again after a crash
    assert look(tick + TICK) == tick
    slept = tick + timedelta(hours=5)
    assert look(slept) == tick + TICK  # the machine slept
    assert look(slept) == tick + TICK
    assert look(slept + timedelta(days=9)) == slept + timedelta(days=8)
    assert look(tick) == tick - TICK  # the clock was put back
    (tmp_path / ".dagster" / "nightly.json").write_text("{")
    assert look(tick + TICK) == tick


@pytest.fixture
def library(tmp_path, small_library):
    """Projects a (Berlin), b (a zone that does not exist), c (no zone)."""
    workspace = Workspace(tmp_path / "data")
    footage = tmp_path / "footage"
    footage.mkdir()
    shutil.copy(small_library / "red_door.mp4", footage)
    zones = {"a": "time_zone: Europe/Berlin\n", "b": "time_zone: Mars/Base\n", "c": ""}
    for slug, zone in zones.items():
        add_project(workspace, slug, footage, None, "")
        settings = workspace.project(slug).root / "project.yaml"
        settings.write_text(settings.read_text() + zone)
    return Library(data=str(workspace.root))


def tick_at(instance, library, moment):
    """What the schedule answers at a moment, as in the live daemon."""
    with dg.build_schedule_context(
        instance=instance,
        scheduled_execution_time=moment,
        repository_def=build_defs(library).get_repository_def(),
        resources={"library": library},
    ) as context:
        return nightly.evaluate_tick(context)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster leaves its SQLite handles
def test_the_night_asks_for_what_differs(library, capfd):
    with instance_of(library.workspace.root) as instance:
        instance.add_dynamic_partitions("project", ["a", "b", "c"])
        berlin = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
        (one,) = tick_at(instance, library, berlin).run_requests
        assert (one.partition_key, one.run_key) == ("a", "nightly/a/2026-07-01")
        assert one.tags["video_assets/project"] == one.tags["dagster/partition"] == "a"
        names = [key.to_user_string() for key in one.asset_selection]
        assert names[0] == "footage"  # `project add` made it, but nobody asked its gates
        assert names.index("shot_index") < names.index("ideas") < names.index("cutdowns/9x16")
        assert {"performance_metrics", "learnings", "cutdowns/16x9"} <= set(names)
        assert "publications" not in names
        assert tick_at(instance, library, berlin + TICK).run_requests == []
        utc = tick_at(instance, library, datetime(2026, 7, 1, 4, 0, tzinfo=UTC))
        assert [r.partition_key for r in utc.run_requests] == [
            "b",
            "c",
        ]  # a's night is not repeated
    told = capfd.readouterr().err
    assert "project b: time_zone 'Mars/Base'" in told and "project a" not in told


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster leaves its SQLite handles
def test_the_night_passes_over_what_is_current_or_unknown(library, monkeypatch):
    project = library.workspace.project("c")
    monkeypatch.setattr(
        schedules, "stale_steps", lambda p, names: ["ideas"] if p.slug == "b" else []
    )
    made = library.workspace.project("b").manifest("footage").data_version
    for inspect in BY_NAME["footage"].gates:
        remember(library.workspace.project("b"), "footage", inspect.__name__, [], made)
    shutil.rmtree(project.root)
    with instance_of(library.workspace.root) as instance:
        instance.add_dynamic_partitions("project", ["a", "gone"])  # b was never brought in
        found = tick_at(instance, library, datetime(2026, 7, 1, 2, 0, tzinfo=UTC))
        assert found.run_requests == [] and found.skip_message == "a: nothing to refresh"
        instance.add_dynamic_partitions("project", ["b"])
        found = tick_at(instance, library, datetime(2026, 7, 2, 4, 0, tzinfo=UTC))
        (one,) = found.run_requests
        names = [k.to_user_string() for k in one.asset_selection]
        assert "ideas" in names and "footage" not in names  # its gates are open
        remember(library.workspace.project("b"), "footage", "some_clip_is_usable", ["no"], made)
        assert due_steps(library.workspace.project("b"))[0] == "footage"  # a shut gate is asked


class Killed(BaseException):
    """Stands for the end of the process in the middle of a tick."""


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster leaves its SQLite handles
def test_a_tick_that_dies_is_made_up_for(library, monkeypatch):
    def dies(project):
        raise Killed

    with instance_of(library.workspace.root) as instance:
        instance.add_dynamic_partitions("project", ["a"])
        night = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
        assert tick_at(instance, library, night - TICK).run_requests == []
        with monkeypatch.context() as patch:
            patch.setattr(schedules, "due_steps", dies)
            with pytest.raises(Killed):
                tick_at(instance, library, night)
        (one,) = tick_at(instance, library, night + TICK).run_requests
        assert one.run_key == "nightly/a/2026-07-01"
        assert tick_at(instance, library, night + 2 * TICK).run_requests == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Dagster leaves its SQLite handles
def test_a_bad_project_does_not_stop_the_night_of_the_others(library, monkeypatch, capfd):
    settings = library.workspace.project("a").root / "project.yaml"
    settings.write_text("started: 2026-02-30\n")
    plain = schedules.due_steps

    def due(project):
        if project.slug == "b":
            raise RuntimeError("a bug")
        return plain(project)

    monkeypatch.setattr(schedules, "due_steps", due)
    with instance_of(library.workspace.root) as instance:
        instance.add_dynamic_partitions("project", ["a", "b", "c"])
        found = tick_at(instance, library, datetime(2026, 7, 1, 4, 0, tzinfo=UTC))
        assert [r.partition_key for r in found.run_requests] == ["c"]
        instance.delete_dynamic_partition("project", "c")
        found = tick_at(instance, library, datetime(2026, 7, 2, 4, 0, tzinfo=UTC))
        assert f"a: {settings}" in found.skip_message and "not YAML" in found.skip_message
        assert "b: RuntimeError: a bug" in found.skip_message
    assert "b: RuntimeError: a bug" in capfd.readouterr().err


def test_the_schedules_run_by_default():
    repository = build_defs().get_repository_def()
    found = {s.name: s for s in repository.schedule_defs}
    assert set(found) == {"nightly", "weekly_purge"}
    assert all(s.default_status == dg.DefaultScheduleStatus.RUNNING for s in found.values())
    assert found["nightly"].cron_schedule == "*/15 * * * *"
    assert found["nightly"].execution_timezone == "UTC"
