# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of objects and keys that the pods refer to and the cluster does not have. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._findings import registry
from ..._findings.finding import FindingType
from .problem import one_line
from .view import View, shown_as

KINDS = {
    "configmap": "ConfigMap",
    "secret": "Secret",
    "serviceaccount": "ServiceAccount",
    "persistentvolumeclaim": "PersistentVolumeClaim",
    "priorityclass": "PriorityClass",
    "runtimeclass": "RuntimeClass",
}
CLUSTER_WIDE = frozenset({"PriorityClass", "RuntimeClass"})
WITH_ITS_POD = re.compile(
    r"waiting for ephemeral volume controller to create the (persistentvolumeclaim) \"(?P<claim>[^\"]+)\""
)
"""What the scheduler says of nearly every pod with an ephemeral volume, whose claim is made after it."""
OBJECT = re.compile(
    r"\b(configmap|secret|serviceaccount|persistentvolumeclaim|runtimeclass)s? \"(?P<name>[^\"]+)\" not found"
    r"|no (PriorityClass) with name (?P<class>\S+) was found"
    rf"|{WITH_ITS_POD.pattern}",
    re.IGNORECASE,
)
KEY = re.compile(r"couldn't find key (\S+) in (ConfigMap|Secret) (\S+)/(\S+)")
VOLUME_KEY = re.compile(r"references non-existent (?:config|secret) key: (\S+)")
YET = " yet"
COMING = 130.0
"""Seconds that an object may take which the release brings or which a controller writes for it.

The kubelet tries the mount of one that was missing again after 63.5 and 127.5 s (exponentialbackoff).
"""


class Missing(t.NamedTuple):
    """`grace` is how many seconds may pass until it has come: none when nobody is known to bring it."""

    check: FindingType
    words: str
    grace: float


def missing_reference(view: View, namespace: str, said: str) -> Missing | None:
    """What a server's sentence, as it came, misses, if it speaks of a missing object or key."""
    key = KEY.search(said)
    if key:
        is_written = view.is_written(key[2], key[3], key[4])
        words = f"{shown_as(key[2], key[3], key[4])} has no key {key[1]}{YET if is_written else ''}"
        return Missing(registry.REFERENCE_KEY_MISSING, words, COMING if is_written else 0.0)
    volume_key = VOLUME_KEY.search(said)
    if volume_key:
        return Missing(registry.REFERENCE_KEY_MISSING, f"a volume needs the key {volume_key[1]}: {one_line(said)}", 0.0)
    found = OBJECT.search(said)
    if not found:
        return None
    kind = KINDS[(found[1] or found[3] or found[5]).lower()]
    place, name = _place(kind, namespace), found["name"] or found["class"] or found["claim"]
    is_coming = view.is_coming(kind, place, name)
    words = f"{shown_as(kind, place, name)} {'is not there' + YET if is_coming else 'does not exist'}"
    return Missing(registry.REFERENCE_MISSING, words, COMING if is_coming else 0.0)


def _place(kind: str, namespace: str) -> str:
    return "" if kind in CLUSTER_WIDE else namespace
