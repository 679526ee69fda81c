# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""A lab's way up and down. Up is a list of steps; down needs no more than the lab's name."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from . import addons, cgroups, control_plane, host_check, hosts, network, nodes, record
from .build import build
from .command import attempt
from .component import ensure, in_start_order, is_running, recorded
from .failure import LabError
from .kubernetes import kubernetes_module, kubernetes_version
from .locks import held
from .names import Lab, cache_directory
from .progress import say, seconds
from .step import Step, run_down, run_up

CORE = (
    Step("certificates", "certificates and kubeconfig files", control_plane.make_credentials),
    Step("network", "hosts on the lab's bridge", hosts.switch_on_all),
    Step("etcd", "etcd", control_plane.start_etcd, depends=("certificates",)),
    Step("api-server", "API server", control_plane.start_api_server, depends=("etcd",)),
    Step("controllers", "controllers and scheduler", control_plane.start_controllers, depends=("api-server",)),
    Step("runtimes", "containerd on every node", nodes.start_runtimes, depends=("network", "certificates")),
    Step("nodes", "all nodes Ready", nodes.start_kubelets, depends=("runtimes", "api-server")),
)


def up(lab: Lab, steps: Sequence[Step] | None = None) -> None:
    """Bring the lab up, mend it when some of it is missing, or say that it is up already."""
    with held(f"lab:{lab.state}", f"another command on lab {lab.name}"):
        found = record.read(lab)
        if found and found.complete:
            _mend(record.opened(lab), found)
            return
        if found or cgroups.processes(lab.cgroup):
            say(f"Lab {lab.name} was left half up; taking it down first")
            _take_down(lab, steps_of(steps))
        _bring_up(lab, steps_of(steps))


def down(lab: Lab) -> None:
    """Take away everything of the lab, in whatever state it is."""
    with held(f"lab:{lab.state}", f"another command on lab {lab.name}"):
        began = time.monotonic()
        was_there = lab.state.exists() or bool(network.links(lab)) or bool(cgroups.processes(lab.cgroup))
        _take_down(record.opened(lab), steps_of(None))
        outcome = f"is down ({seconds(time.monotonic() - began)})" if was_there else "was not up"
        say(f"Lab {lab.name} {outcome}")


def build_all(*, kubernetes_only: bool = False) -> None:
    """Build everything that a lab runs."""
    for module in (kubernetes_module(), *(() if kubernetes_only else addons.modules)):
        build(module)
    if not kubernetes_only:
        addons.prepare()


def steps_of(given: Sequence[Step] | None) -> tuple[Step, ...]:
    return (*CORE, *(addons.steps if given is None else given))


def sources() -> str:
    """Names the code and the builds that a lab is started from."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _bring_up(lab: Lab, steps: Sequence[Step]) -> None:
    began = time.monotonic()
    say(f"Lab {lab.name}: Kubernetes {kubernetes_version()}, state in {lab.state}")
    host_check.check(lab)
    build_all(kubernetes_only=len(steps) == len(CORE))
    built = time.monotonic()
    try:
        lab.state.mkdir(parents=True, exist_ok=True)
        lab = network.claim(lab)
        started = record.Record(str(lab.network), sources())
        record.write(lab, started)
        run = run_up(lab, steps)
        record.write_facts(lab, run.facts)
        record.write(lab, replace(started, complete=True, seconds=run.seconds))
    except BaseException as error:
        kept = _keep_logs(lab)
        say(f"Lab {lab.name} does not come up; undoing it. Its logs are kept in {kept}")
        _take_down(lab, steps)
        if isinstance(error, LabError):
            raise LabError(str(error).replace(str(lab.logs), str(kept))) from error
        raise
    took, before = seconds(time.monotonic() - built), seconds(built - began)
    say(f"Lab {lab.name} is up in {took} (builds and checks before: {before})")
    say(f"  export KUBECONFIG={lab.kubeconfig}")


def _take_down(lab: Lab, steps: Sequence[Step]) -> None:
    """Processes first: with them go namespaces, mounts and the hosts' ends of the links."""
    cgroups.kill(lab.cgroup)
    try:
        run_down(lab, steps)
    finally:
        network.remove_bridge(lab)
        cgroups.remove(lab.cgroup)
        _unmount(lab.state)
        _remove_state(lab.state)


def _mend(lab: Lab, found: record.Record) -> None:
    """Start what a running lab misses: hosts that are off, components that do not run."""
    began = time.monotonic()
    off = [host for host in lab.hosts if not hosts.is_on(lab, host)]
    components = recorded(lab).values()
    stopped = [component for component in components if not is_running(lab, component)]
    for host in off:
        hosts.switch_on(lab, host)
    for component in in_start_order(stopped):
        ensure(lab, component)
        say(f"  started {component.name}")
    if off or stopped:
        nodes.await_nodes(lab, lab.nodes)
    record.write_facts(lab, record.read_facts(lab))
    changed = "" if found.sources == sources() else "; it was started from other sources, `down` and `up` renew it"
    state = "mended" if off or stopped else "up already"
    say(f"Lab {lab.name} is {state} ({seconds(time.monotonic() - began)}){changed}")


def _keep_logs(lab: Lab) -> Path:
    """Copy the logs of a start that failed to where its undoing leaves them."""
    kept = cache_directory() / "failed" / lab.name
    shutil.rmtree(kept, ignore_errors=True)
    if lab.logs.exists():
        shutil.copytree(lab.logs, kept)
    return kept


def _remove_state(state: Path) -> None:
    """Remove the lab's files, and the directory of all labs when this was the last one."""
    try:
        if state.exists():
            shutil.rmtree(state)
        if state.parent.exists() and not any(state.parent.iterdir()):
            state.parent.rmdir()
    except OSError as error:
        raise LabError(f"The lab's files in {state} cannot be removed: {error}") from error


def _unmount(top: Path) -> None:
    """Unmount what a step may have mounted below the lab's state on the machine itself, the deepest first."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for path in sorted((path for path in mounted if Path(path).is_relative_to(top)), reverse=True):
        if not attempt("umount", path):
            raise LabError(f"{path} cannot be unmounted; see `fuser -vm {path}`")
