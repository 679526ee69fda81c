# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the variables of the workload role fit together: what would deadlock, lose requests or be killed is refused."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from . import quantity, string_maps
from .shared import release_context

Values = t.Mapping[str, t.Any]

IMAGE = re.compile(r"[a-z0-9]+([._:/-]+[a-zA-Z0-9]+)*")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
SHUTDOWN_MARGIN_SECONDS = 5
NLB_FORGETS_SECONDS = 120
"""How long an NLB may send new connections to a pod that has been taken out, whatever its settings."""
CLOUDS_WITHOUT_NLB = frozenset(("gke", "azure"))
RESOURCES = ("cpu", "memory", "ephemeral_storage")
QUANTITIES = (
    *(f"workload_{side}_{resource}" for side in ("requests", "limits") for resource in RESOURCES),
    "workload_tmp_size",
    "workload_cache_size",
    "workload_persistence_size",
    "workload_logging_rotation_size",
)
AT_LEAST_ONE = (
    "workload_replicas",
    "workload_autoscaling_min_replicas",
    "workload_autoscaling_up_percent",
    "workload_autoscaling_up_period_seconds",
    "workload_autoscaling_down_percent",
    "workload_autoscaling_down_period_seconds",
    "workload_disruption_max_unavailable",
    "workload_liveness_period_seconds",
    "workload_liveness_timeout_seconds",
    "workload_liveness_failures",
    "workload_readiness_period_seconds",
    "workload_readiness_timeout_seconds",
    "workload_readiness_failures",
    "workload_readiness_deadline_seconds",
    "workload_startup_timeout_seconds",
    "workload_startup_period_seconds",
    "workload_orchestration_max_concurrent_sources",
    "workload_orchestration_timeout_seconds",
    "workload_pre_stop_seconds",
    "workload_logging_retention_days",
    "workload_logging_rotation_files",
)
SINGLE_WRITER_PROVISIONERS = frozenset(
    ("ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com", "rancher.io/local-path")
)
"""Provisioners whose volumes one node mounts at a time."""


def check(values: Values) -> list[str]:
    """Every rule that the values break, a sentence each."""
    rules = (
        _figures,
        _dictionaries,
        _image,
        _settings,
        _scaling,
        _rolling,
        _disruption,
        _stopping,
        _starting,
        _resources,
        _disk,
        _storage_class,
        _persistence,
        _service,
        _behind_nlb,
    )
    return [problem for rule in rules for problem in rule(values)]


def replicas(values: Values) -> tuple[int, int]:
    """The fewest and the most replicas that the values allow."""
    if values["workload_autoscaling_enabled"]:
        return values["workload_autoscaling_min_replicas"], values["workload_autoscaling_max_replicas"]
    return values["workload_replicas"], values["workload_replicas"]


def _figures(values: Values) -> t.Iterator[str]:
    for name in AT_LEAST_ONE:
        if values[name] < 1:
            yield f"{name} must be 1 or more, but {values[name]} was given."
    for name in QUANTITIES:
        yield from quantity.problem(name, values[name])
    if not 1 <= values["workload_heap_percent"] <= 90:
        yield (
            f"workload_heap_percent must be between 1 and 90, but {values['workload_heap_percent']} was given. "
            "Node.js needs memory beside its heap, or the kernel kills the container."
        )


def _dictionaries(values: Values) -> t.Iterator[str]:
    for name in (
        "workload_environment",
        "workload_node_selector",
        "workload_pod_annotations",
        "workload_service_annotations",
        "workload_storage_class_parameters",
    ):
        yield from string_maps.not_strings(name, values[name])
    for name in values["workload_environment"]:
        if not ENVIRONMENT_NAME.fullmatch(name):
            yield f"workload_environment.{name} cannot be the name of an environment variable. Use A-Z, 0-9 and _."
        elif name in values["maestro_required_secret_keys"]:
            yield f"workload_environment.{name} would replace the secret of that name and is no secret. Remove it."


def overridden(values: Values, environment: t.Collection[str]) -> list[str]:
    """Variables of the environment that the role's templates set by themselves."""
    names = [name for name in values["workload_environment"] if name in environment]
    return [f"workload_environment.{name} is set by the role itself. Remove it." for name in names]


def _image(values: Values) -> t.Iterator[str]:
    image, digest = values["workload_image"], values["workload_image_digest"]
    tag = image.rpartition("/")[2].partition(":")[2]
    if "@" in image:
        yield f"workload_image holds a digest ({image}). Put the digest into workload_image_digest."
    elif not IMAGE.fullmatch(image):
        yield f"workload_image is not an image reference such as registry/name:tag, but {str(image)!r}."
    elif not digest and tag in ("", "latest"):
        yield f"workload_image needs a tag other than latest ({image}): nobody could say later what ran."
    if digest and not DIGEST.fullmatch(digest):
        yield "workload_image_digest must be sha256: and 64 hexadecimal digits, as the registry shows it after a push."


def _settings(values: Values) -> t.Iterator[str]:
    if not values["workload_monitoring_health_checks"]:
        yield "workload_monitoring_health_checks must be true: the probes ask /healthz and /readyz."
    bundle = values["workload_ca_bundle"]
    if bundle and "-----BEGIN CERTIFICATE-----" not in bundle:
        yield "workload_ca_bundle is not PEM (-----BEGIN CERTIFICATE-----). Give the content of the file, not its path."


def _scaling(values: Values) -> t.Iterator[str]:
    low, high = replicas(values)
    if high < low:
        yield f"workload_autoscaling_max_replicas ({high}) is less than workload_autoscaling_min_replicas ({low})."
    percents = [values[f"workload_autoscaling_{resource}_percent"] for resource in ("cpu", "memory")]
    if values["workload_autoscaling_enabled"] and not any(percents):
        yield (
            "workload_autoscaling_cpu_percent and workload_autoscaling_memory_percent are both 0, so nothing would "
            "scale. Set one, or set workload_autoscaling_enabled to false."
        )
    if min(percents) < 0:
        yield "workload_autoscaling_cpu_percent and workload_autoscaling_memory_percent must be 0 or more."


def _rolling(values: Values) -> t.Iterator[str]:
    surge, unavailable = values["workload_rolling_max_surge"], values["workload_rolling_max_unavailable"]
    if min(surge, unavailable) < 0 or surge + unavailable == 0:
        yield (
            f"workload_rolling_max_surge ({surge}) and workload_rolling_max_unavailable ({unavailable}) leave a "
            "rolling update no way to begin. Set the surge to 1."
        )


def _disruption(values: Values) -> t.Iterator[str]:
    low = replicas(values)[0]
    kept = low - values["workload_disruption_max_unavailable"]
    if kept < values["workload_minimum_available"]:
        yield (
            f"workload_minimum_available is {values['workload_minimum_available']}, but of at least {low} replicas a "
            f"drain may take {values['workload_disruption_max_unavailable']}, which leaves {max(kept, 0)}. Raise the "
            "fewest replicas, or lower workload_minimum_available."
        )


def _stopping(values: Values) -> t.Iterator[str]:
    grace = values["workload_termination_grace_seconds"]
    stop, longest = values["workload_pre_stop_seconds"], values["workload_orchestration_timeout_seconds"]
    needed = stop + longest + SHUTDOWN_MARGIN_SECONDS
    if grace < needed:
        yield (
            f"workload_termination_grace_seconds ({grace}) kills pods that still work: it must be at least {needed}, "
            f"which is workload_pre_stop_seconds ({stop}) + workload_orchestration_timeout_seconds ({longest}) + "
            f"{SHUTDOWN_MARGIN_SECONDS}."
        )


def _starting(values: Values) -> t.Iterator[str]:
    deadline, startup = values["workload_progress_deadline_seconds"], values["workload_startup_timeout_seconds"]
    if deadline <= startup + values["workload_min_ready_seconds"]:
        yield (
            f"workload_progress_deadline_seconds ({deadline}) must be more than workload_startup_timeout_seconds "
            f"({startup}) + workload_min_ready_seconds ({values['workload_min_ready_seconds']}), or a slow start "
            "counts as a failed update."
        )


def _resources(values: Values) -> t.Iterator[str]:
    for resource in RESOURCES:
        low, high = f"workload_requests_{resource}", f"workload_limits_{resource}"
        if quantity.exceeds(values[low], values[high]):
            yield f"{low} ({values[low]}) must not exceed {high} ({values[high]})."


def _disk(values: Values) -> t.Iterator[str]:
    """The kubelet evicts a pod whose files and logs together exceed the limit, whatever each emptyDir allows."""
    sizes = [values[f"workload_{name}"] for name in ("tmp_size", "cache_size", "logging_rotation_size")]
    limit = values["workload_limits_ephemeral_storage"]
    if not all(quantity.valid(size) for size in (*sizes, limit)):
        return
    tmp, cache, log = (quantity.parse(size) for size in sizes)
    needed = tmp + cache + log * values["workload_logging_rotation_files"]
    if quantity.parse(limit) < needed:
        yield (
            f"workload_limits_ephemeral_storage ({limit}) must hold workload_tmp_size, workload_cache_size and the "
            f"logs, {-(-needed // quantity.MEBIBYTE)}Mi in all, or the kubelet evicts the pod."
        )


def _storage_class(values: Values) -> t.Iterator[str]:
    mode = values["workload_persistence_mode"]
    if mode == "none" or not values["workload_storage_class_create"]:
        return
    if not values["workload_storage_class"]:
        yield (
            "workload_storage_class is empty, so there is no name for the StorageClass to contribute. Set it, or set "
            "workload_storage_class_create to false for the cluster's default class."
        )
    if mode == "ephemeral" and values["workload_storage_class_reclaim_policy"] == "Retain":
        yield (
            "workload_storage_class_reclaim_policy Retain with workload_persistence_mode ephemeral would leave a "
            "volume behind for every pod that ever ran. Use Delete."
        )
    provisioner = values["workload_storage_class_provisioner"]
    wants_many = values["workload_persistence_access_mode"] == "ReadWriteMany"
    if mode == "shared" and wants_many and provisioner in SINGLE_WRITER_PROVISIONERS:
        yield (
            f"workload_persistence_mode shared needs a ReadWriteMany volume, but {provisioner} makes volumes that one "
            "node mounts at a time: the pods of the other nodes could not start. Use a shared file system (EFS, "
            "Filestore, Azure Files), or the mode ephemeral or statefulset."
        )


def _persistence(values: Values) -> t.Iterator[str]:
    access = values["workload_persistence_access_mode"]
    if values["workload_persistence_mode"] != "shared" or access == "ReadWriteMany":
        return
    most = replicas(values)[1]
    if most > 1:
        yield (
            f"workload_persistence_access_mode {access} lets one node mount the volume, but there are up to {most} "
            "replicas on several nodes and zones: the others could not start. Use ReadWriteMany, or "
            "workload_persistence_mode ephemeral or statefulset."
        )
    elif values["workload_rolling_max_surge"]:
        yield (
            f"workload_persistence_access_mode {access} deadlocks a rolling update that starts the new pod first. Set "
            "workload_rolling_max_surge to 0 and workload_rolling_max_unavailable to 1."
        )


def _service(values: Values) -> t.Iterator[str]:
    for cidr in values["workload_service_source_ranges"]:
        try:
            ipaddress.ip_network(cidr)
        except ValueError as error:
            yield f"workload_service_source_ranges must hold address ranges such as 10.20.0.0/24 ({error})."


def _behind_nlb(values: Values) -> t.Iterator[str]:
    """Pods are the NLB's targets: what comes after their preStop is refused."""
    if values["workload_service_type"] != "LoadBalancer" or not values["workload_service_nlb"]:
        return
    provider = release_context(values)["identity"]["provider"]
    if provider in CLOUDS_WITHOUT_NLB:
        yield (
            f"workload_service_nlb is true, but with maestro_identity.provider {provider} there is no NLB: another "
            "load balancer needs the node ports that an NLB is spared, and gets no address without them. Set "
            "workload_service_nlb to false."
        )
        return
    stop, drain = values["workload_pre_stop_seconds"], values["workload_service_nlb_deregistration_seconds"]
    needed = max(drain, NLB_FORGETS_SECONDS)
    if stop < needed:
        grace, longest = values["workload_termination_grace_seconds"], values["workload_orchestration_timeout_seconds"]
        yield (
            f"workload_pre_stop_seconds ({stop}) ends pods to which an NLB still sends connections: it must be at "
            f"least {needed}, the longer of workload_service_nlb_deregistration_seconds ({drain}) and the "
            f"{NLB_FORGETS_SECONDS} s in which an NLB forgets a pod. Set it, and workload_termination_grace_seconds "
            f"({grace}) to {needed + longest + SHUTDOWN_MARGIN_SECONDS} or more."
        )
