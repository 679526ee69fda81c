# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""The command `lab`: its verbs and their arguments."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import addon, faults, record
from .addons import registry
from .archive import reference_of
from .build import GoPrograms, build
from .component import entering
from .failure import LabError
from .golang import LAB_MODULE, required_version
from .kubernetes import programs
from .names import DEFAULT_NAME, Lab, lab_named
from .progress import say
from .status import as_text, status
from .up import build as build_lab
from .up import down, up

Action = Callable[[Lab, argparse.Namespace], bool | None]
Fault = Callable[[Lab, str], None]

HELM = LAB_MODULE / "go" / "helm"
ON_DEMAND = {
    "helm": GoPrograms(
        "helm",
        ("helm.sh/helm/v4/cmd/helm",),
        {"helm.sh/helm/v4/internal/version.version": required_version(HELM, "helm.sh/helm/v4")},
        module=HELM,
    )
}
"""Programs that no lab runs, built when they are asked for by name."""

FAULTS: dict[str, tuple[Fault, str]] = {
    "stop": (faults.stop, "stop a component (apiserver, kubelet:node-1, redis, ...) or a host (node:node-1, node:db)"),
    "kill": (faults.kill, "kill a component, or a host as a power cut does"),
    "start": (faults.start, "start what was stopped or killed, and wait until it serves"),
    "pause": (faults.pause, "freeze a component's process"),
    "resume": (faults.resume, "let a frozen process go on"),
    "cut": (faults.cut, "cut the cable of a host"),
    "heal": (faults.heal, "undo cut and delay"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; 0 when it succeeded, 1 when the lab is not as it should be, which the error stream explains."""
    options = _parser().parse_args(arguments)
    try:
        lab = record.opened(lab_named(options.name))
        return 1 if options.action(lab, options) is False else 0
    except LabError as error:
        say(f"lab: {error}")
        return 1
    except KeyboardInterrupt:
        say("lab: interrupted")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="A real Kubernetes cluster on this machine.")
    parser.add_argument("--name", default=DEFAULT_NAME, help="which lab (default: %(default)s)")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")

    def verb(name: str, action: Action, description: str, *positional: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=description, description=description)
        added.set_defaults(action=action)
        for argument in positional:
            added.add_argument(argument)
        return added

    building = verb("build", _build, "build all programs of a lab, or one of those built on demand")
    building.add_argument("program", nargs="?", choices=sorted(ON_DEMAND))
    _with(building)
    verb("binary", _binary, "print the path of kubectl, helm or another program, built first when need be", "program")
    rising = verb("up", _up, "bring the lab up, mend it, or give it further add-ons")
    rising.add_argument("--core", action="store_true", help="Kubernetes alone, without the default add-ons")
    _with(rising)
    verb("down", lambda lab, _: down(lab), "take the lab down, whatever state it is in")
    verb("status", _status, "say what is on and runs; fails unless the lab is up and whole").add_argument(
        "--json", action="store_true"
    )
    verb("kubeconfig", _kubeconfig, "print the path of the administrator's kubeconfig")
    verb("facts", _facts, "print facts.json, which inventories and tests read")
    verb("kubectl", _kubectl, "run kubectl on the lab").add_argument("arguments", nargs=argparse.REMAINDER)
    verb("load", _load, "push an image archive to the lab's registry", "archive").add_argument("reference", nargs="?")
    verb("logs", _logs, "print the path of a component's log and its end", "component")
    verb("exec", _exec, "run a command on a host: exec NODE -- COMMAND", "host").add_argument(
        "arguments", nargs=argparse.REMAINDER
    )
    for name, (fault, does) in FAULTS.items():
        verb(name, _on_target(fault), does, "target")
    verb("delay", _delay, "hold a host's frames back, each way", "host").add_argument("milliseconds", type=int)
    return parser


def _with(verb: argparse.ArgumentParser) -> None:
    optional = ", ".join(one.name for one in addon.known().values() if one.optional)
    verb.add_argument(
        "--with",
        dest="wanted",
        metavar="ADD-ON,...",
        default="",
        help=f"add-ons beside the default ones: {optional or 'there are none yet'}",
    )


def _wanted(options: argparse.Namespace) -> list[str]:
    return [name for name in options.wanted.split(",") if name]


def _build(lab: Lab, options: argparse.Namespace) -> None:
    if options.program:
        print(build(ON_DEMAND[options.program]))
    else:
        build_lab(addon.named([*(one.name for one in addon.default()), *_wanted(options)]))


def _binary(_: Lab, options: argparse.Namespace) -> None:
    on_demand = ON_DEMAND.get(options.program)
    path = (build(on_demand) if on_demand else programs()) / options.program
    if not path.is_file():
        offered = sorted({*ON_DEMAND, *(program.name for program in programs().iterdir())})
        raise LabError(f"The lab has no program {options.program}; it has {', '.join(offered)}")
    print(path)


def _up(lab: Lab, options: argparse.Namespace) -> None:
    up(lab, _wanted(options), core=options.core)


def _status(lab: Lab, options: argparse.Namespace) -> bool:
    state = status(lab)
    print(json.dumps(state, indent=2) if options.json else as_text(state))
    return bool(state["state"] == "up")


def _kubeconfig(lab: Lab, _: argparse.Namespace) -> None:
    print(_of_running(lab).kubeconfig)


def _facts(lab: Lab, _: argparse.Namespace) -> None:
    print(json.dumps(record.read_facts(_of_running(lab)), indent=2))


def _kubectl(lab: Lab, options: argparse.Namespace) -> None:
    environment = {**os.environ, "KUBECONFIG": str(_of_running(lab).kubeconfig)}
    program = _own_programs(lab) / "kubectl"
    os.execve(program, [str(program), *_after_dashes(options.arguments)], environment)


def _load(lab: Lab, options: argparse.Namespace) -> None:
    archive = Path(options.archive)
    print(registry.load(_of_running(lab), archive, options.reference or reference_of(archive)))


def _logs(lab: Lab, options: argparse.Namespace) -> None:
    log = _of_running(lab).log(options.component)
    if not log.exists():
        raise LabError(f"There is no log of {options.component}; there are those of {', '.join(_logged(lab))}")
    say(str(log))
    sys.stdout.write(log.read_text(errors="replace"))


def _exec(lab: Lab, options: argparse.Namespace) -> None:
    command = _after_dashes(options.arguments)
    if not command:
        raise LabError("Give a command to run: exec NODE -- COMMAND")
    host = _of_running(lab).host_named(options.host)
    whole = [*entering(lab, host.name), *command]
    environment = {**os.environ, "PATH": f"{_own_programs(lab)}:{os.environ['PATH']}"}
    os.execvpe(whole[0], whole, environment)


def _delay(lab: Lab, options: argparse.Namespace) -> None:
    faults.delay(_of_running(lab), options.host, options.milliseconds)


def _on_target(fault: Fault) -> Action:
    return lambda lab, options: fault(_of_running(lab), options.target)


def _of_running(lab: Lab) -> Lab:
    """The lab, when it has been started; otherwise a LabError that says how."""
    _ = lab.claimed
    return lab


def _own_programs(lab: Lab) -> Path:
    """The directory of the programs that the lab was started with, which may be of other sources than these."""
    return Path(record.read_facts(lab)["kubectl"]).parent if lab.facts.is_file() else programs()


def _logged(lab: Lab) -> list[str]:
    return sorted(path.stem for path in lab.logs.glob("*.log"))


def _after_dashes(arguments: Sequence[str]) -> list[str]:
    return list(arguments[1:] if arguments[:1] == ["--"] else arguments)
