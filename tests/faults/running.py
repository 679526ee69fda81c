# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the release module's body, in this process or in one of its own that can be killed."""

from __future__ import annotations

import multiprocessing
import os
import typing as t

from ansible_collections.intelgraph.maestro.plugins.module_utils._cluster import parent_process
from ansible_collections.intelgraph.maestro.plugins.module_utils._module_runner import Call
from ansible_collections.intelgraph.maestro.plugins.module_utils._release.record import lease_lock
from ansible_collections.intelgraph.maestro.plugins.modules import release
from tests.faults import sample
from tests.faults.proxy import Processes

TERMS = lease_lock.Terms(good_for=1.0, renew_every=0.3, look_every=0.05)
"""A dead holder is followed after a second: the suite waits for that some hundred times."""
LONGEST = 240.0
"""Seconds after which a release is given up that neither ends nor dies."""
Result = dict[str, t.Any]
Parameters = dict[str, t.Any]
PROCESSES, FORKED = multiprocessing.get_context("forkserver"), multiprocessing.get_context("fork")


def prepare() -> None:
    """Start the server that forks the processes, with everything imported already."""
    PROCESSES.set_forkserver_preload([__name__])


def deploying(
    connection: t.Mapping[str, t.Any],
    namespace: str,
    version: int,
    pods: int = 0,
    autoscaled: bool = True,
    **more: t.Any,
) -> Parameters:
    """The parameters of a release of the sample."""
    components = sample.components(namespace, version, pods, autoscaled)
    values = sample.secret_values(version)
    return _parameters(connection, namespace, components=components, secret_values=values, **more)


def restoring(connection: t.Mapping[str, t.Any], namespace: str, number: int, **more: t.Any) -> Parameters:
    return _parameters(connection, namespace, state="restored", rollback_to=number, **more)


def _parameters(connection: t.Mapping[str, t.Any], namespace: str, **given: t.Any) -> Parameters:
    defaults = {name: option.get("default") for name, option in release.ARGUMENTS.items()}
    return {**defaults, "namespace": namespace, "wait": False, "retry_timeout": 20.0, **connection, **given}


def run_here(parameters: Parameters, terms: lease_lock.Terms = TERMS) -> Result:
    """Run in this process, in which locks are from now on held on these terms; the result, and whether it failed."""
    lease_lock.TERMS = terms
    ending = release.carry_out(Call(parameters))
    return {**ending.values, "failed": ending.failed, "warnings": list(ending.warnings)}


class Run:
    """A release as ansible-playbook makes it: a shell starts the play, which forks a worker with its own session."""

    def __init__(self, parameters: Parameters) -> None:
        self._results, sender = PROCESSES.Pipe(duplex=False)
        self._process = PROCESSES.Process(target=_shell, args=(sender, parameters))
        self._process.start()
        sender.close()
        self.processes = Processes(*self._results.recv())

    @property
    def pid(self) -> int:
        """The process that makes the release."""
        return self.processes.worker

    def result(self, seconds: float = LONGEST) -> Result | None:
        """What it returned, or None when it was killed. Fails when it neither ends nor dies."""
        try:
            if not self._results.poll(seconds):
                self._process.kill()
                raise TimeoutError(f"the release did not end within {seconds} s")
            return t.cast("Result", self._results.recv())
        except EOFError:
            return None
        finally:
            self._process.join()
            self._results.close()


def _shell(results: t.Any, parameters: Parameters) -> None:
    """The leader of a session, which waits for the play that it has started in a process group of its own."""
    os.setsid()
    _run_and_wait(_play, results, parameters)


def _play(results: t.Any, parameters: Parameters) -> None:
    os.setpgid(0, 0)
    _run_and_wait(_work, results, parameters)


def _run_and_wait(target: t.Callable[..., None], results: t.Any, parameters: Parameters) -> None:
    process = FORKED.Process(target=target, args=(results, parameters))
    process.start()
    results.close()
    process.join()


def _work(results: t.Any, parameters: Parameters) -> None:
    """The worker of the play: it detaches itself, as Ansible's do, and ends when it is left alone."""
    play, shell = os.getppid(), os.getsid(0)
    os.setsid()
    results.send((shell, play, os.getpid()))
    try:
        with parent_process.watched():
            result = run_here(parameters)
            parent_process.require()
    except parent_process.Stopped:
        parent_process.end()
    results.send(result)
    results.close()
