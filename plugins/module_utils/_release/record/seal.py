# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record is believed by: a digest of all that it says, chained to the record before, and a signature. Pure.

The digest shows that a record is as it was written, and by the next one's link that nobody has written it anew
since. It needs no key, so whoever can write records can make it. The signature (HMAC-SHA256) needs the key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import typing as t

from ..bounded_json import Budget, Unreadable, canonical, is_count, parsed

FORMAT = 1
SUBJECT = b"maestro.intelgraph.ai/release.v1\n"
"""Tells these signatures from any other that is made with the same key."""


class Link(t.NamedTuple):
    """The record before: its number and digest, 0 and nothing for the first one."""

    number: int = 0
    digest: str = ""


class SealSubject(t.NamedTuple):
    """Whose release it is and the how-manieth."""

    namespace: str
    name: str
    number: int


@dataclasses.dataclass(frozen=True)
class Seal:
    """What is said of a record beside its content.

    `content` is the SHA-256 of the compressed content, in `parts` objects; `digest` counts everything in;
    `signature` is empty where there was no key.
    """

    state: str
    parts: int
    content: str
    previous: Link
    digest: str = ""
    signature: str = ""

    def as_text(self) -> str:
        """The form in which a record has it."""
        previous = self.previous._asdict()
        return canonical({"format": FORMAT, **dataclasses.asdict(self), "previous": previous}).decode()


def sealed(seal: Seal, subject: SealSubject, outcome: str, key: str) -> Seal:
    """The seal with digest and, where there is a key, signature; `outcome` is the text beside it."""
    statement = _statement(seal, subject, outcome)
    signature = _signature(statement, key) if key else ""
    return dataclasses.replace(seal, digest=hashlib.sha256(statement).hexdigest(), signature=signature)


def broken(seal: Seal, subject: SealSubject, outcome: str, key: str) -> str:
    """Why the seal does not hold, or an empty string. Without a key a signature is not looked at."""
    statement = _statement(seal, subject, outcome)
    if not hmac.compare_digest(seal.digest, hashlib.sha256(statement).hexdigest()):
        return "it was changed after it was written"
    if key and not seal.signature:
        return "it is not signed"
    if key and not hmac.compare_digest(seal.signature, _signature(statement, key)):
        return "it is signed with another key"
    return ""


def read_seal(text: str) -> Seal:
    """The seal that a record has. Raises Unreadable."""
    found = parsed(text.encode(errors="replace"), Budget(size=4096, values=50))
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Unreadable("its seal is none of this version of the collection")
    previous = found.get("previous")
    texts = [found.get(name) for name in ("state", "content", "digest", "signature")]
    numbers = [found.get("parts"), previous.get("number") if isinstance(previous, dict) else None]
    is_whole = all(isinstance(text, str) and text.isascii() for text in texts)
    is_whole = is_whole and all(map(is_count, numbers))
    if not (is_whole and isinstance(previous, dict) and isinstance(previous.get("digest"), str)):
        raise Unreadable("its seal is not whole")
    link = Link(previous["number"], previous["digest"])
    return Seal(found["state"], found["parts"], found["content"], link, found["digest"], found["signature"])


def digest_of(content: bytes) -> str:
    """What a seal says of a record's compressed content."""
    return hashlib.sha256(content).hexdigest()


def _statement(seal: Seal, subject: SealSubject, outcome: str) -> bytes:
    said = {
        "format": FORMAT,
        **subject._asdict(),
        "state": seal.state,
        "parts": seal.parts,
        "content": seal.content,
        "previous": seal.previous._asdict(),
        "outcome": outcome,
    }
    return SUBJECT + canonical(said)


def _signature(statement: bytes, key: str) -> str:
    return hmac.new(key.encode(), statement, hashlib.sha256).hexdigest()
