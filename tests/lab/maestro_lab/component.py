# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""A component is one daemon of the lab: a command in a control group of its own, on the machine or on one of its hosts.

What it was started with is kept in STATE/components, so that faults can stop it and start it again.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import cgroups
from .failure import LabError
from .names import Lab
from .probe import answers
from .waiting import INTERVAL, until

MACHINE = "machine"
HOLDER = "holder"
JOIN = 'for group in $LAB_GROUPS; do echo 0 > "$group/cgroup.procs" || exit 1; done; unset LAB_GROUPS; exec "$@"'
READY_TIMEOUT = 60.0
REAPED_TIMEOUT = 5.0
STARTED_FIRST = ("registry", "etcd", "apiserver", "controller-manager", "scheduler", "containerd", "kubelet")


@dataclass(frozen=True)
class Component:
    """A daemon: its command, where it runs, and how one sees that it serves.

    `name` is unique in a lab, such as etcd or kubelet:node-1. `host` names the host whose namespaces it enters; empty
    for the machine's own. `ready` is an address to probe (see probe.py), empty for none. `stop_signal` asks it to end.
    `user` runs it as another user of the machine than root. `leftovers` are files on its host that a killed process
    leaves and the next one takes for a sign of life, such as a lock file; they are removed before each start.
    """

    name: str
    argv: tuple[str, ...]
    host: str = ""
    ready: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "SIGTERM"
    user: str = ""
    leftovers: tuple[str, ...] = ()

    def group(self, lab: Lab) -> str:
        return f"{lab.cgroup}/{self.host or MACHINE}/{self.name.partition(':')[0]}"


def ensure(lab: Lab, component: Component, timeout: float = READY_TIMEOUT) -> None:
    """Start the component unless it runs, and wait until it is ready."""
    started = start(lab, component)
    await_ready(lab, component, started, timeout)


def start(lab: Lab, component: Component) -> subprocess.Popen[bytes] | None:
    """Start the component and do not wait; None when it runs already."""
    if main_process(lab, component) is not None:
        return None
    group = component.group(lab)
    cgroups.create(group)
    _remember(lab, component)
    for leftover in component.leftovers:
        (_root(lab, component.host) / leftover.lstrip("/")).unlink(missing_ok=True)
    log = lab.log(component.name)
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    environment = {"PATH": os.environ["PATH"], "HOME": "/root", **component.environment}
    with log.open("wb") as output:
        return subprocess.Popen(
            [*entering(lab, component.host), "sh", "-c", JOIN, "sh", *_as_user(component.user), *component.argv],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={**environment, "LAB_GROUPS": " ".join(cgroups.directories(group))},
            start_new_session=True,
        )


def await_ready(lab: Lab, component: Component, started: subprocess.Popen[bytes] | None, timeout: float) -> None:
    """Wait until the component answers its probe; it must not end before."""
    deadline = time.monotonic() + timeout
    while not (is_running(lab, component) and answers(component.ready, lab, _root(lab, component.host))):
        if started is not None and started.poll() is not None:
            raise LabError(
                f"{component.name} ended at its start (exit code {started.returncode}). {last_words(lab, component)}"
            )
        if time.monotonic() > deadline:
            raise LabError(
                f"{component.name} is not ready after {timeout:.0f} s ({component.ready}). {last_words(lab, component)}"
            )
        time.sleep(INTERVAL)


def stop(lab: Lab, component: Component, timeout: float = 15.0) -> None:
    """Ask the component to end and wait; kill it when it does not."""
    process = main_process(lab, component)
    if process is None:
        return
    cgroups.send(process, signal.Signals[component.stop_signal])
    cgroups.send(process, signal.SIGCONT)
    try:
        until(lambda: has_ended(process), "", timeout)
    except LabError:
        kill(lab, component)


def kill(lab: Lab, component: Component) -> None:
    """Kill the component's own process, without a chance to tidy up."""
    process = main_process(lab, component)
    if process is not None:
        cgroups.send(process, signal.SIGKILL)
        until(lambda: has_ended(process), f"{component.name} (process {process}) survives SIGKILL", 10)
        with contextlib.suppress(LabError):  # its parent may be slow; a database refuses to start beside its remains
            until(lambda: not Path(f"/proc/{process}").exists(), "", REAPED_TIMEOUT)


def has_ended(process: int) -> bool:
    """Whether the process is gone or only waits to be reaped.

    The first thread of a process can end before its others, which keep its files and sockets open until they end too.
    """
    folder = Path(f"/proc/{process}")
    try:
        state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        return state in ("Z", "X") and len(list((folder / "task").iterdir())) <= 1
    except (OSError, IndexError):
        return True


def suspend(lab: Lab, component: Component, *, suspended: bool) -> None:
    """Freeze the component's process where it is, or let it go on."""
    process = main_process(lab, component)
    if process is None:
        raise LabError(f"{component.name} does not run, so it cannot be paused or resumed")
    cgroups.send(process, signal.SIGSTOP if suspended else signal.SIGCONT)


def forget(lab: Lab, component: Component) -> None:
    """Stop the component for good; a lab that is mended does not start it again."""
    stop(lab, component)
    _record(lab, component).unlink(missing_ok=True)


def is_running(lab: Lab, component: Component) -> bool:
    return main_process(lab, component) is not None


def main_process(lab: Lab, component: Component) -> int | None:
    """The process in the component's group that runs its program and was not started by another such one."""
    program = os.path.realpath(component.argv[0])
    own = [pid for pid in cgroups.processes(component.group(lab), below=False) if _program(pid) == program]
    first = [pid for pid in own if _parent(pid) not in own]
    return first[0] if first else None


def recorded(lab: Lab) -> dict[str, Component]:
    """All components that this lab was started with, by name."""
    found = {}
    for path in sorted((lab.state / "components").glob("*.json")):
        values = json.loads(path.read_text())
        component = Component(
            **{**values, "argv": tuple(values["argv"]), "leftovers": tuple(values.get("leftovers", ()))}
        )
        found[component.name] = component
    return found


def of_host(lab: Lab, host: str) -> list[Component]:
    """The components that this lab was started with on a host, in the order in which they can start."""
    return in_start_order(component for component in recorded(lab).values() if component.host == host)


def in_start_order(components: Iterable[Component]) -> list[Component]:
    """Those first that others cannot start without."""
    rank = {kind: number for number, kind in enumerate(STARTED_FIRST)}
    return sorted(components, key=lambda component: rank.get(component.name.partition(":")[0], len(rank)))


def last_words(lab: Lab, component: Component, lines: int = 12) -> str:
    """The end of the component's log and where the whole of it lies."""
    log = lab.log(component.name)
    words = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"Its log ({log}) ends:", *(f"  {line}" for line in words)])


def holder(host: str) -> Component:
    """The process that keeps a host's namespaces."""
    return Component(f"{HOLDER}:{host}", ("/usr/bin/sleep", "infinity"), host=host)


def entering(lab: Lab, host: str) -> list[str]:
    """The command prefix that enters a host's namespaces; nothing for the machine's own."""
    if not host:
        return []
    pid = main_process(lab, holder(host))
    if pid is None:
        raise LabError(
            f"{host} of lab {lab.name} is not on. Start it: tests/lab/lab --name {lab.name} start node:{host}"
        )
    return ["nsenter", f"--target={pid}", "--mount", "--net", "--uts", "--"]


def _as_user(user: str) -> list[str]:
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"] if user else []


def _root(lab: Lab, host: str) -> Path:
    """The host's file system as this process sees it."""
    pid = main_process(lab, holder(host)) if host else None
    return Path(f"/proc/{pid}/root") if pid else Path("/")


def _remember(lab: Lab, component: Component) -> None:
    path = _record(lab, component)
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".new")
    whole.write_text(json.dumps(asdict(component), indent=1))
    whole.chmod(0o600)
    whole.replace(path)


def _record(lab: Lab, component: Component) -> Path:
    return lab.state / "components" / f"{component.name.replace(':', '-')}.json"


def _program(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return ""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0
