# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every write of a deploy, an upgrade and a rollback, broken in every way; then a plain re-run must mend it all.

Two more runs are killed at every write: an upgrade that fails and is rolled back by itself, and a rollback that names
no release.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import queue
import tempfile
import time
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.client import Cluster
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.configuration import configure
from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster.errors import ApiError, ClusterError
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.objects.ownership import MANAGER
from tests.faults import comparing, declared, running, sample
from tests.faults.proxy import Fault, Proxy
from tests.faults.upstream import upstream

Connection = dict[str, t.Any]
Parameters = dict[str, t.Any]
Make = t.Callable[[Connection, str], Parameters]
WORKERS = 3


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A release that is broken, and the releases that come before it.

    It ends as the release `ends_as`, which is `run` itself unless that restores another. `fresh` ones begin without
    their namespace. Only the first `writes` are broken, and those by these `faults`. One that `fails` gives way to the
    former release each time that it is run. One that `goes_on` does something else when it is run after it has ended.
    """

    name: str
    before: tuple[Make, ...]
    run: Make
    fresh: bool = False
    writes: int = 1000
    ends_as: Make | None = None
    faults: tuple[Fault, ...] = tuple(Fault)
    fails: bool = False
    goes_on: bool = False

    @property
    def ends(self) -> tuple[str, ...]:
        """How its releases may end."""
        return ("passed", "interrupted", *(["failed"] if self.fails else []))


def _first(connection: Connection, namespace: str) -> Parameters:
    return running.deploying(connection, namespace, sample.FIRST)


def _second(connection: Connection, namespace: str) -> Parameters:
    return running.deploying(connection, namespace, sample.SECOND)


def _good(connection: Connection, namespace: str) -> Parameters:
    return running.deploying(connection, namespace, sample.FIRST, autoscaled=False)


def _bad(connection: Connection, namespace: str) -> Parameters:
    return running.deploying(connection, namespace, sample.BAD, autoscaled=False, wait=True)


def _back(connection: Connection, namespace: str) -> Parameters:
    return running.restoring(connection, namespace, 1)


def _further_back(connection: Connection, namespace: str) -> Parameters:
    return running.restoring(connection, namespace, 0, rollback_rbac=True)  # its Role grants more than the one before


KILLS = (Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.KILL_PARENT)
SCENARIOS = (
    Scenario("first", (), _first, fresh=True, writes=5),
    Scenario("deploy", (), _first),
    Scenario("upgrade", (_first,), _second),
    Scenario("rollback", (_first, _second), _back, ends_as=_first),
    Scenario("further-back", (_first, _second, _first), _further_back, ends_as=_second, faults=KILLS, goes_on=True),
    Scenario("bad-upgrade", (_good,), _bad, ends_as=_good, faults=KILLS, fails=True),
)


class Point(t.NamedTuple):
    """One write of a scenario and what happens to it."""

    scenario: Scenario
    write: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.scenario.name}, write {self.write}, {self.fault.name.lower()}"


class Undisturbed(t.NamedTuple):
    """What a scenario does when nothing breaks: its writes as they came, and the objects after it."""

    writes: tuple[str, ...]
    objects: dict[str, str]


@dataclasses.dataclass
class Report:
    """`points` were tried with `runs` of the module; `failures` say what was wrong at which point."""

    points: int = 0
    runs: int = 0
    killed: int = 0
    failures: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.points} fault points, {self.runs} runs of the release ({self.killed} killed), "
            f"{len(self.failures)} failures, {self.seconds:.0f} s"
        )


class Bench:
    """A namespace of its own on a cluster, with a proxy in front of it."""

    def __init__(self, kubeconfig: str, namespace: str) -> None:
        self.namespace = namespace
        self.runs = 0
        self._places = [namespace]
        self.cluster = Cluster(configure({"kubeconfig": kubeconfig}))
        self.proxy = Proxy(*upstream(kubeconfig))
        self._direct: Connection = {"kubeconfig": kubeconfig}
        self._evidence = tempfile.TemporaryDirectory(prefix="maestro-faults-")

    def __enter__(self) -> t.Self:
        self.proxy.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.proxy.__exit__(*exception)
        self._evidence.cleanup()
        for place in self._places:
            self.cluster.delete(f"/api/v1/namespaces/{place}")

    @property
    def connection(self) -> Connection:
        """The way through the proxy."""
        return {"kubeconfig": plain_kubeconfig(self.proxy.url)}

    def undisturbed(self, scenario: Scenario) -> Undisturbed:
        self.reset(scenario)
        self.proxy.arm()
        result = self.through_proxy(scenario).result()
        if result is None or result["failed"] != scenario.fails:
            raise RuntimeError(f"the undisturbed {scenario.name} did not end as it should: {result}")
        if problems := self.misfits(scenario.ends_as or scenario.run, (*scenario.before, scenario.run)):
            raise RuntimeError(f"the undisturbed {scenario.name} left what it did not declare: {problems}")
        return Undisturbed(tuple(self.proxy.writes), comparing.objects(self.cluster, self.namespace))

    def misfits(self, wanted: Make, remembered: t.Iterable[Make]) -> list[str]:
        """How the namespace differs from what a release declares, as plain code sees it."""
        made = [_declared(make, self.namespace) for make in (wanted, *remembered)]
        return declared.problems(made[0], made[1:], comparing.live(self.cluster, self.namespace))

    def reset(self, scenario: Scenario) -> None:
        """The namespace as the scenario finds it."""
        if scenario.fresh:
            self._places.append(f"{self._places[0]}-{len(self._places)}")
            self.namespace = self._places[-1]
            return
        self.namespace = self._places[0]
        comparing.empty(self.cluster, self.namespace)
        bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        self.cluster.apply(bare, MANAGER)
        for make in scenario.before:
            self.here(make)

    def problems(self, point: Point, undisturbed: Undisturbed) -> list[str]:
        """What is wrong after this point was broken and a plain run followed."""
        self.reset(point.scenario)
        self.proxy.arm(point.write, point.fault)
        result = self.through_proxy(point.scenario).result()
        self.proxy.until_quiet()
        problems = self._of_run(point, result)
        if not (point.scenario.goes_on and result is not None):
            problems += self._of_re_run(point.scenario, result)
        problems += comparing.differences(undisturbed.objects, comparing.objects(self.cluster, self.namespace))
        return problems + comparing.history_problems(self.cluster, self.namespace, ends=point.scenario.ends)

    def _of_re_run(self, scenario: Scenario, result: running.Result | None) -> list[str]:
        again = self.here(scenario.run, must_pass=False)
        if again["failed"] != scenario.fails:
            return [f"the re-run {'failed' if again['failed'] else 'passed'}: {again['msg']}"]
        if result is not None and again["changed"] and not scenario.fails:
            return ["the re-run found something to change after a run that ended"]
        return []

    def _of_run(self, point: Point, result: running.Result | None) -> list[str]:
        if not self.proxy.hit.is_set():
            ended = result is not None and result["failed"] == point.scenario.fails
            return [] if ended else [f"the run never came to this write: {result}"]
        if point.fault.kills and result is not None:
            return [f"it was not killed: {result['msg']}"]
        if point.fault.orphans:
            return self._of_orphan(self.proxy.writes[point.write - 1])
        if point.fault.kills:
            return []
        if result is None:
            return ["the run died"]
        return [] if result["failed"] == point.scenario.fails else [f"the run ended otherwise: {result['msg']}"]

    def _of_orphan(self, write: str) -> list[str]:
        """What a worker did that was left alone at this write: it has to write nothing more, and to give its lock back.

        One that was about to take its lock may be dead when the server gives it.
        """
        problems = [f"it went on when its parent was dead: {late}" for late in self.proxy.late]
        path = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/maestro-release"
        with contextlib.suppress(ApiError):
            holder = "" if "/leases" in write else self.cluster.get(path)["spec"].get("holderIdentity")
            problems += [f"it kept its lock: {holder}"] if holder else []
        return problems

    def through_proxy(self, scenario: Scenario, **more: t.Any) -> running.Run:
        """Begin the scenario's release in a process of its own, with more parameters."""
        self.runs += 1
        run = running.Run({**self._made(scenario.run, self.connection), **more})
        self.proxy.plan.processes = run.processes
        return run

    def here(self, make: Make, must_pass: bool = True) -> running.Result:
        self.runs += 1
        result = running.run_here(self._made(make, self._direct))
        if must_pass and result["failed"]:
            raise RuntimeError(f"what comes before the fault failed: {result['msg']}")
        return result

    def _made(self, make: Make, connection: Connection) -> Parameters:
        return {**make(connection, self.namespace), "report_dir": self._evidence.name}


def _declared(make: Make, namespace: str) -> declared.Declared:
    given = make({}, namespace)
    return declared.Declared(given["components"] or {}, given["secret_values"])


def plain_kubeconfig(server: str) -> Connection:
    """A kubeconfig for the proxy, which brings the credentials itself."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "proxy",
        "clusters": [{"name": "proxy", "cluster": {"server": server}}],
        "users": [{"name": "proxy", "user": {}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
    }


def every_point(undisturbed: t.Mapping[str, Undisturbed]) -> list[Point]:
    """Each write of each scenario with each of its faults."""
    return [
        Point(scenario, write, fault)
        for scenario in SCENARIOS
        for write in range(1, min(len(undisturbed[scenario.name].writes), scenario.writes) + 1)
        for fault in scenario.faults
    ]


def measure(kubeconfig: str, stem: str) -> dict[str, Undisturbed]:
    """Run each scenario with nothing broken."""
    running.prepare()
    with Bench(kubeconfig, f"{stem}-undisturbed") as bench:
        return {scenario.name: bench.undisturbed(scenario) for scenario in SCENARIOS}


def try_points(
    kubeconfig: str,
    stem: str,
    points: t.Sequence[Point],
    undisturbed: t.Mapping[str, Undisturbed],
    tell: t.Callable[[str], object] = str,
) -> Report:
    """Try the points, several at a time, each worker in a namespace of its own."""
    begun = time.monotonic()
    report = Report()
    waiting: queue.SimpleQueue[Point] = queue.SimpleQueue()
    for point in points:
        waiting.put(point)

    def work(number: int) -> None:
        with Bench(kubeconfig, f"{stem}-{number}") as bench:
            for point in _taken(waiting):
                try:
                    problems = bench.problems(point, undisturbed[point.scenario.name])
                except (ClusterError, RuntimeError, TimeoutError) as error:
                    problems = [str(error)]
                report.points += 1
                report.killed += point.fault.kills
                report.failures += [f"{point}: {problem}" for problem in problems]
                tell(f"{point}: {'; '.join(problems) or 'mended'}")
            report.runs += bench.runs

    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    report.seconds = time.monotonic() - begun
    return report


def _taken(waiting: queue.SimpleQueue[Point]) -> t.Iterator[Point]:
    with contextlib.suppress(queue.Empty):
        while True:
            yield waiting.get_nowait()
