# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the holes in the default deny lead to where the others are?"""

from __future__ import annotations

import typing as t

from ..._findings import registry
from ..._findings.finding import Finding
from ..._ingress import providers
from ..._objects.manifest import Manifest, key_of
from ..snapshot import Controller, Unknown, known
from ..view import PreflightView

WEB_PORT = 8080
"""Where the pods answer requests."""
NAME_LABEL = "kubernetes.io/metadata.name"


def check_holes(view: PreflightView) -> t.Iterator[Finding]:
    """Requests that meet no hole time out; whoever else is not there is worth a note."""
    for policy in view.needs.of_kind("NetworkPolicy"):
        is_web = bool(_web_peers(policy))
        outside, missing = _outside(view, policy), _missing(view, policy)
        if outside:
            names = " and ".join(f"{each.where} ({each.software})" for each in outside)
            yield registry.NETWORK_POLICY_MISMATCH.found(
                key_of(policy),
                f"Requests come from {names}, but it lets in {', '.join(_namespaces(policy))} only, so they time out "
                "where policies are enforced.",
            )
        elif missing:
            yield registry.NETWORK_POLICY_MISMATCH.found(
                key_of(policy),
                f"It opens the network for {' and '.join(missing)}, which {_do(missing)} not exist.",
                severity="" if is_web else "note",
                next_step=f"{registry.NETWORK_POLICY_MISMATCH.next_step}{_usual(view)}" if is_web else "",
            )


def names_namespaces(policies: t.Iterable[Manifest]) -> bool:
    """Whether a policy is about other namespaces by their names."""
    return any(map(_namespaces, policies))


def _missing(view: PreflightView, policy: Manifest) -> list[str]:
    """The namespaces of a policy that are surely not there, as a person calls them."""
    there = view.snapshot.namespaces
    if there is None or isinstance(there, Unknown):
        return []
    brought = {view.needs.namespace, *(item["metadata"]["name"] for item in view.needs.of_kind("Namespace"))}
    return [f"Namespace {name}" for name in _namespaces(policy) if name not in there | brought]


def _outside(view: PreflightView, policy: Manifest) -> list[Controller]:
    """The controllers that would bring the requests, where the policy lets none of them in."""
    peers = _web_peers(policy)
    let_in = [name for peer in peers if (name := _namespace_of(peer))]
    found = _serving(view)
    if not let_in or len(let_in) < len(peers) or any(each.namespace in let_in for each in found):
        return []
    return found


def _serving(view: PreflightView) -> list[Controller]:
    """The known software that may serve the classes of the release."""
    names = {each.name for controller in _classes(view) for each in providers.serving(controller)}
    return [each for each in known(view.snapshot.controllers, ()) if each.software in names]


def _classes(view: PreflightView) -> list[str]:
    """The controllers that the classes of the release name; empty for a class that is not known."""
    ingresses, gateways = known(view.snapshot.ingress_classes, {}), known(view.snapshot.gateway_classes, {})
    found = [ingresses.get(item["spec"].get("ingressClassName", ""), "") for item in view.needs.of_kind("Ingress")]
    found += [gateways.get(item["spec"]["gatewayClassName"], "") for item in view.needs.of_kind("Gateway")]
    return found


def _usual(view: PreflightView) -> str:
    """Where the charts of the release's ingress providers put their controllers."""
    found = {each.title: each for name in _classes(view) if (each := providers.by_class(name))}
    return "".join(
        f" {title} usually runs in {' or '.join(each.controller_namespaces)}." for title, each in found.items()
    )


def _web_peers(policy: Manifest) -> list[Manifest]:
    """Who else may ask the pods; peers by pod alone are the release itself."""
    rules = policy["spec"].get("ingress") or ()
    web = [rule for rule in rules if any(port.get("port") == WEB_PORT for port in rule.get("ports") or ())]
    return [peer for rule in web for peer in rule.get("from") or () if set(peer) != {"podSelector"}]


def _namespaces(policy: Manifest) -> list[str]:
    rules = [(rule, "from") for rule in policy["spec"].get("ingress") or ()]
    rules += [(rule, "to") for rule in policy["spec"].get("egress") or ()]
    names = [_namespace_of(peer) for rule, field in rules for peer in rule.get(field) or ()]
    return [name for name in dict.fromkeys(names) if name]


def _namespace_of(peer: Manifest) -> str:
    labels = (peer.get("namespaceSelector") or {}).get("matchLabels") or {}
    return str(labels.get(NAME_LABEL, ""))


def _do(names: t.Sized) -> str:
    return "does" if len(names) == 1 else "do"


CHECKS = (check_holes,)
