"""The real definitions behave as the design's skeleton does: edges, conditions, gates per project."""

import dagster as dg
import pytest

from video_assets.definitions import build_defs
from video_assets.orchestration import steps as steps_module
from video_assets.orchestration.assets.factory import key_of, spec_of
from video_assets.orchestration.automation import AUTOMATION, OUTSIDE, ROOTS, WHEN_GATES_OPEN
from video_assets.orchestration.gates import gate
from video_assets.orchestration.graph import BY_NAME, STEPS, in_order, upstream_of
from video_assets.orchestration.partitions import PROJECTS
from video_assets.orchestration.steps import ASPECTS
from video_assets_tests.orchestration.ticks import looked

EDGES = {
    "footage": set(),
    "brief": set(),
    "processing_plan": {"brief", "footage"},
    "shot_index": {"footage"},
    "soundtracks": {"footage"},
    "transcripts": {"soundtracks", "processing_plan"},
    "frame_index": {"shot_index", "processing_plan"},
    "shot_tags": {"shot_index", "frame_index", "transcripts"},
    "ideas": {
        "brief",
        "processing_plan",
        "shot_index",
        "transcripts",
        "frame_index",
        "shot_tags",
        "learnings",
    },
    "selected_takes": {
        "ideas",
        "processing_plan",
        "footage",
        "shot_index",
        "soundtracks",
        "transcripts",
        "frame_index",
        "shot_tags",
        "edits",
    },
    "timelines": {"selected_takes", "ideas", "transcripts", "brief", "edits", "music"},
    "publications": {*(f"cutdowns/{a}" for a in ASPECTS), "brief"},
    "performance_metrics": {"published_metrics"},
    "learnings": {"performance_metrics"},
    **{
        f"cutdowns/{a}": {
            "timelines",
            "footage",
            "soundtracks",
            "brand_kit",
            "music",
            "processing_plan",
        }
        for a in ASPECTS
    },
}


@pytest.fixture(scope="module")
def defs():
    return build_defs()


def test_it_loads(defs):
    dg.Definitions.validate_loadable(defs)


def test_edges_are_the_designs(defs):
    graph = defs.resolve_asset_graph()
    found = {
        k.to_user_string(): {p.to_user_string() for p in graph.get(k).parent_keys}
        for k in graph.materializable_asset_keys
    }
    assert found == EDGES
    assert {k.to_user_string() for k in graph.external_asset_keys} == set(OUTSIDE)


def test_every_asset_says_what_it_is(defs):
    graph = defs.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        name = key.to_user_string()
        assert node.group_name == BY_NAME[name].group
        assert node.description and node.owners and node.kinds and node.code_version, name
        assert node.partitions_def == PROJECTS, name
        by_hand = name in {"publications", *ROOTS}
        assert (node.automation_condition is None) == by_hand, name


def test_every_asset_has_blocking_gates_per_project(defs):
    graph = defs.resolve_asset_graph()
    gated = set()
    for check_key in graph.asset_check_keys:
        check = graph.get(check_key)
        assert check.blocking and check.description, check_key
        assert check.partitions_def == PROJECTS, check_key
        gated.add(check_key.asset_key.to_user_string())
    assert gated == set(EDGES)


def test_order_and_upstream():
    names = [s.name for s in STEPS]
    for step in STEPS:
        assert all(names.index(d) < names.index(step.name) for d in step.deps if d in names)
    assert upstream_of("shot_index") == {"shot_index", "footage"}
    assert "publications" not in upstream_of("cutdowns/9x16")
    loop = (BY_NAME["footage"], BY_NAME["shot_index"])
    cyclic = tuple(
        steps_module.Step(
            s.name, s.group, s.about, tuple(o.name for o in loop if o is not s), "1", s.make
        )
        for s in loop
    )
    with pytest.raises(ValueError, match="cycle"):
        in_order(cyclic)


class Bench:
    """The real specs, conditions and gate factory around empty bodies, driven tick by tick."""

    def __init__(self, instance):
        self.failing: set[tuple[str, str]] = set()
        self.instance = instance
        self.cursor = None
        outside = [dg.AssetSpec(name, partitions_def=PROJECTS) for name in OUTSIDE]
        single = [self.body([s]) for s in STEPS if not s.name.startswith("cutdowns/")]
        six = self.body([s for s in STEPS if s.name.startswith("cutdowns/")])
        self.assets = [*outside, *single, six]
        self.checks = [self.gate_of(s.name) for s in STEPS]
        self.defs = dg.Definitions(
            assets=self.assets,
            asset_checks=self.checks,
            executor=dg.in_process_executor,
            resources={"library": Nothing()},
        )

    def body(self, steps):
        specs = [spec_of(s, automated=s.name != "publications") for s in steps]

        @dg.multi_asset(
            name=steps[0].name.replace("/", "_"), specs=specs, can_subset=len(specs) > 1
        )
        def empty(context):
            for key in context.selected_asset_keys:
                yield dg.MaterializeResult(asset_key=key)

        return empty

    def gate_of(self, name):
        def holds(project):
            """Fails where the test says so."""
            return ["planted"] if (name, project) in self.failing else []

        return gate(key_of(name), holds)

    def make(self, project, *names):
        return dg.materialize(
            [*self.assets, *self.checks],
            partition_key=project,
            instance=self.instance,
            selection=dg.AssetSelection.assets(*map(key_of, names)),
            raise_on_error=False,
            resources={"library": Nothing()},
        )

    def report(self, name, project):
        self.instance.report_runless_asset_event(dg.AssetMaterialization(name, partition=project))

    def tick(self):
        result = looked(self.defs, self.instance, self.cursor)
        self.cursor = result.cursor
        wanted: dict[str, list[str]] = {}
        for step in STEPS:
            for project in result.get_requested_partitions(key_of(step.name)):
                wanted.setdefault(project, []).append(step.name)
        for project, names in wanted.items():
            self.make(project, *names)
        return {p: len(names) for p, names in wanted.items()}


class Nothing(dg.ConfigurableResource):
    """Stands where the library would: the gates of this test look at the project's name only."""

    def project(self, slug):
        return slug


def test_automation_moves_one_project_at_a_time():
    with dg.DagsterInstance.ephemeral() as instance:
        bench = Bench(instance)
        assert bench.tick() == {}
        instance.add_dynamic_partitions("project", ["spring", "autumn"])
        bench.make("spring", *ROOTS)  # as the inputs sensor does
        assert bench.tick() == {"spring": 17, "autumn": 2}  # all but the roots and publications
        bench.make("autumn", *ROOTS)  # performance_metrics and learnings wait for nothing
        assert bench.tick() == {"autumn": 15}
        assert bench.tick() == {}
        bench.report("published_metrics", "spring")
        assert bench.tick() == {"spring": 11}
        assert bench.tick() == {}
        bench.report("edits", "autumn")
        assert bench.tick() == {"autumn": 8}
        assert bench.tick() == {}  # an event between a run and the next tick would be lost
        bench.report("music", "autumn")
        assert bench.tick() == {"autumn": 7}
        assert bench.tick() == {}
        bench.failing.add(("timelines", "spring"))
        bench.make("spring", "timelines")
        assert bench.tick() == {}  # a failed gate holds its own project
        bench.report("edits", "autumn")
        assert bench.tick() == {"autumn": 8}  # and no other
        assert bench.tick() == {}
        bench.failing.clear()
        bench.make("spring", "timelines")
        assert set(bench.tick()) == {"spring"}


def test_roots_made_before_automations_first_look_are_lost_to_it():
    """Why the inputs sensor asks again for a root whose news reached nobody."""
    with dg.DagsterInstance.ephemeral() as instance:
        bench = Bench(instance)
        instance.add_dynamic_partitions("project", ["early"])
        bench.make("early", *ROOTS)
        assert bench.tick() == {} == bench.tick()
        bench.make("early", "footage")
        assert bench.tick() == {"early": 15}
        assert bench.tick() == {}


def test_the_sensor_runs_by_default():
    assert AUTOMATION.default_status == dg.DefaultSensorStatus.RUNNING
    assert WHEN_GATES_OPEN is not None


@pytest.mark.parametrize("error", [KeyError("x"), OSError("gone"), ValueError("odd")])
def test_a_gate_that_could_not_run_does_not_pass(error):
    def cannot(project):
        """Breaks."""
        raise error

    @dg.asset(partitions_def=PROJECTS)
    def thing():
        return None

    check = gate(dg.AssetKey("thing"), cannot)
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("project", ["a"])
        result = dg.materialize(
            [thing, check],
            partition_key="a",
            instance=instance,
            raise_on_error=False,
            resources={"library": Nothing()},
        )
    (evaluation,) = result.get_asset_check_evaluations()
    assert not evaluation.passed
    assert "could not be judged" in str(evaluation.metadata["problems"].value)
