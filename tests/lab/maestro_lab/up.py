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

from . import addon, cgroups, control_plane, host_check, hosts, network, nodes, record
from .addon import Addon
from .command import attempt
from .component import ensure, in_start_order, is_running, recorded
from .failure import LabError
from .kubernetes import kubernetes_programs, kubernetes_version
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


def up(lab: Lab, wanted: Sequence[str] = (), *, core: bool = False) -> None:
    """Bring the lab up with the add-ons of these names beside the default ones, or mend it when some of it is missing.

    A lab that runs gets those of the wanted add-ons that it has not got. `core` is Kubernetes without any add-on.
    """
    asked = addon.named(wanted)
    with held(f"lab:{lab.state}", f"another command on lab {lab.name}"):
        found = record.read(lab)
        if found and found.complete:
            _mend(record.opened(lab), found)
            _add(record.opened(lab), found, [one for one in asked if one.name not in found.addons])
            return
        if found or cgroups.processes(lab.cgroup):
            say(f"Lab {lab.name} was left half up; taking it down first")
            _take_down(lab)
        chosen = addon.named([*(() if core else (one.name for one in addon.default())), *wanted])
        _bring_up(lab, chosen)


def down(lab: Lab) -> None:
    """Take away everything of the lab, in whatever state it is."""
    with held(f"lab:{lab.state}", f"another command on lab {lab.name}"):
        began = time.monotonic()
        was_there = lab.state.exists() or bool(network.links(lab)) or bool(cgroups.processes(lab.cgroup))
        _take_down(record.opened(lab))
        outcome = f"is down ({seconds(time.monotonic() - began)})" if was_there else "was not up"
        say(f"Lab {lab.name} {outcome}")


def build(chosen: Sequence[Addon]) -> None:
    """Put into the cache all that a lab with these add-ons runs."""
    addon.prepare(chosen, kubernetes_programs())


def sources() -> str:
    """Names the code and the builds that a lab is started from."""
    digest = hashlib.sha256()
    package = Path(__file__).parent
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _bring_up(lab: Lab, chosen: Sequence[Addon]) -> None:
    began = time.monotonic()
    say(f"Lab {lab.name}: Kubernetes {kubernetes_version()}, state in {lab.state}")
    host_check.check(lab, [package for one in chosen for package in one.debian])
    build(chosen)
    built = time.monotonic()
    try:
        lab.state.mkdir(parents=True, exist_ok=True)
        lab = network.claim(lab)
        started = record.Record(str(lab.network), sources(), addons=[one.name for one in chosen])
        record.write(lab, started)
        run = run_up(lab, (*CORE, *addon.steps_of(chosen)))
        record.write_facts(lab, run.facts)
        record.write(lab, replace(started, complete=True, seconds=run.seconds))
    except BaseException as error:
        kept = _keep_logs(lab)
        say(f"Lab {lab.name} does not come up; undoing it. Its logs are kept in {kept}")
        _take_down(lab)
        if isinstance(error, LabError):
            raise LabError(str(error).replace(str(lab.logs), str(kept))) from error
        raise
    took, before = seconds(time.monotonic() - built), seconds(built - began)
    say(f"Lab {lab.name} is up in {took} (builds and checks before: {before})")
    say(f"  export KUBECONFIG={lab.kubeconfig}")


def _take_down(lab: Lab) -> None:
    """Processes first: with them go namespaces, mounts and the hosts' ends of the links."""
    cgroups.kill(lab.cgroup)
    try:
        run_down(lab, (*CORE, *addon.steps_of(tuple(addon.known().values()))))
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


def _add(lab: Lab, found: record.Record, missing: Sequence[Addon]) -> None:
    """Bring up further add-ons on a lab that runs."""
    if not missing:
        return
    began = time.monotonic()
    host_check.check(lab, [package for one in missing for package in one.debian])
    build(missing)
    there = addon.named(found.addons)
    done = {step.name for step in (*CORE, *addon.steps_of(there))}
    run = run_up(lab, addon.steps_of(missing), done)
    record.write_facts(lab, {**record.read_facts(lab), **run.facts})
    names = [one.name for one in missing]
    record.write(lab, replace(found, addons=[*found.addons, *names], seconds={**found.seconds, **run.seconds}))
    say(f"Lab {lab.name} has {', '.join(names)} too ({seconds(time.monotonic() - began)})")


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
