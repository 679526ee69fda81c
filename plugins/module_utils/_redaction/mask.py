# Copyright: Contributors to intelgraph.maestro
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes secrets out of text: the values that the cluster holds, in every form that they may take, and look-alikes.

A value is known by its label (`maestro-secrets/JWT_SIGNING_KEY`), which stands in its place: that a log holds a key is
worth knowing, which one it is no secret.
"""

from __future__ import annotations

import base64
import html
import json
import re
import typing as t
import urllib.parse

from .._findings.finding import FAILED, INCONCLUSIVE, PASSED, SEVERITIES
from .._text.printable import one_line, printable
from .secret_names import NAME, is_secret

SECRET = "(secret)"
SHORTEST = 4
"""Characters of the shortest value that is looked for; a shorter one occurs in any text."""
WRAPPED = 16
"""Characters of base64 from which it is looked for across line breaks."""
SURE = 8
"""Characters from which a value is taken out wherever it stands; a shorter one only where it is a word of its own."""
RESULT_WORDS = frozenset(
    {
        *(PASSED, FAILED, INCONCLUSIVE, *SEVERITIES),
        *("absent", "adopt", "change", "create", "interrupted", "keep", "pending", "present", "prune", "ready"),
        *("replace", "restored", "skipped", "starting", "stopping", "succeeded"),
    }
)
"""What results are made of: verdicts, severities, actions, states."""

_TO_END_OF_VALUE = r"""[^"'\r\n]+"""
_SCHEME, _LOGIN, _LOGIN_END = "[a-z0-9+.-]", "[^\\s/:@\"'<>]", "[^\\s@\"'<>]"
_QUOTED = r"""\\+"(?:(?!\\+")[^\r\n]){1,1000}\\+"|"(?:[^"\\\r\n]|\\.){1,1000}"|'(?:[^'\\\r\n]|\\.){1,1000}'"""
_EQUALS = r"""\\*["']?\s*[:=]\s*"""
_VALUE = rf"""(?P<value>{_QUOTED}|(?!\(secret)\\*["']?[^\s"',;&\\]{{3,}})"""
_PROSE = re.compile(
    "an?|cannot|connection|context|could|denied|dial|error|expired|failed|forbidden|get|http|invalid|is|missing|no|not"
    "|permission|post|rpc|serviceaccounts|the|unauthorized|unexpected|unknown",
    re.IGNORECASE,
)
"""How the sentence of an error goes on after `failed to fetch token:`."""
_QUOTE = re.compile(r"""\\*["']""")
ASSIGNED = re.compile(r"""\s*["']?(?P<name>[\w./-]{1,128})["']?\s*[:=]\s*(?P<value>\S.*?)\s*,?\s*$""")
"""What a line of a file assigns to a name."""
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), SECRET),
    (
        re.compile(
            rf"(?<!{_SCHEME})([a-z]{_SCHEME}{{1,20}}://{_LOGIN}{{0,200}}):{_LOGIN_END}{{1,500}}@", re.IGNORECASE
        ),
        rf"\1:{SECRET}@",
    ),
    (re.compile(r"(?<![\w.-])([\w.-]{1,64}):[^\s@\"'<>]{1,200}@((?:tcp|unix)\()"), rf"\1:{SECRET}@\2"),
    (re.compile(r"(://hooks\.slack\.com/)[\w/-]{8,200}|(/api/webhooks/)[\w/-]{8,200}"), rf"\1\2{SECRET}"),
    (re.compile(r"((?<![\w-])(?:-u|--user)[ =][\"']?[\w.@-]{1,64}):[^\s\"']{1,200}"), rf"\1:{SECRET}"),
    (re.compile(r"([?&](?:sig|(?:x-amz-|x-goog-)?signature)=)[^\s&\"']{8,}", re.IGNORECASE), rf"\1{SECRET}"),
    (
        re.compile(
            r"""\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|x-auth-token)(\\?["']?\s*[:=]\s*\\?["']?)"""
            + _TO_END_OF_VALUE,
            re.IGNORECASE,
        ),
        rf"\1\2{SECRET}",
    ),
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {SECRET}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?"), SECRET),
    (
        re.compile(r"\b(?:sk-|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abprs]-|hf_|AIza|AKIA|ASIA)[A-Za-z0-9_-]{12,}"),
        SECRET,
    ),
)
"""What looks like a secret whatever its value: private keys, passwords in addresses, credentials in headers, JSON Web
Tokens, keys of well-known services. Bounded, so that no line takes long."""
NAMED: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"""(?<![/\w.-])(?P<name>{NAME})(?P<to>\\*["']?[ \t]*[:=][ \t]*){_VALUE}""",
        rf"""(?<![\w-])--?(?P<name>{NAME})(?P<to>[ \t]+)(?!-){_VALUE}""",
        rf"""\bname{_EQUALS}\\*["'](?P<name>{NAME})(?P<to>\\*["']\s*,?\s*\\*["']?value{_EQUALS})(?P<value>{_QUOTED})""",
        rf"""<(?P<name>{NAME})(?P<to>>)(?P<value>[^<>\r\n]{{1,500}})(?=</)""",
    )
)
"""What is assigned to a telling name: in a line, after an option, beside it in JSON or XML."""


class Mask:
    """Takes known values and what looks like a secret out of text.

    `values` are the known values by label. `public` are words that are no secret although some Secret holds them, such
    as a user name that is also the name of the release.
    """

    def __init__(self, values: t.Mapping[str, str], public: t.Collection[str] = ()) -> None:
        self.public = frozenset(public)
        found: dict[str, str] = {}
        for label, value in sorted(values.items()):
            for part in parts(value):
                if is_telling(part) and part not in public:
                    for form in forms(part):
                        found.setdefault(form, f"(secret {label})")
        longest_first = sorted(found, key=lambda form: (-len(form), form))
        encoded = {form for value in values.values() for part in parts(value) for form in _in_base64(part)}
        self._wrapped = [(form, found[form]) for form in longest_first if len(form) >= WRAPPED and form in encoded]
        self._sure = [(form, found[form]) for form in longest_first if len(form) >= SURE]
        short = [form for form in longest_first if len(form) < SURE]
        self._marks = {form: found[form] for form in short}
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, short))})(?!\w)") if short else None

    def current(self) -> Mask:
        """Itself: these values do not change."""
        return self

    is_blind = False

    def known(self, text: str) -> str:
        """The text without the known values, base64 of one in several lines included."""
        text = self._without_wrapped(text)
        for form, mark in self._sure:
            if form in text:
                text = text.replace(form, mark)
        return self._words.sub(lambda match: self._marks[match.group()], text) if self._words else text

    def _without_wrapped(self, text: str) -> str:
        """The text without values in base64 that a line break divides, as programs write it."""
        if not self._wrapped or "\n" not in text.strip():
            return text
        places = [place for place, char in enumerate(text) if not char.isspace()]
        dense = "".join(text[place] for place in places)
        spans = [
            (places[at], places[at + len(form) - 1] + 1, mark)
            for form, mark in self._wrapped
            for at in _occurrences(form, dense)
        ]
        for begin, end, mark in sorted(_apart(spans), reverse=True):
            text = f"{text[:begin]}{mark}{text[end:]}"
        return text

    def text(self, text: str) -> str:
        """The text without the known values and without what looks like a secret."""
        text = self.known(text)
        for pattern, instead in PATTERNS:
            text = pattern.sub(instead, text)
        for pattern in NAMED:
            text = pattern.sub(self._named, text)
        return text

    def _named(self, found: re.Match[str]) -> str:
        """What is assigned to a telling name without the value; where that is none, without a secret within it."""
        before = found[0][: found.start("value") - found.start()]
        value = found["value"]
        quote = _QUOTE.match(value)
        opened = quote[0] if quote else ""
        bare = value[len(opened) :].removesuffix(opened)
        forms = (bare, bare.rstrip("}])"))
        is_named = all(is_secret(found["name"], form) for form in forms)
        if not is_named or bare in self.public or _PROSE.fullmatch(bare):
            return before + NAMED[0].sub(self._named, value)
        return f"{before}{opened}{SECRET}{opened if value.endswith(opened) else ''}"

    def displayed(self, value: t.Any) -> t.Any:
        """Plain values with every text in them masked."""
        return masked(value, self.text)

    def without_known(self, value: t.Any) -> t.Any:
        """Plain values with the known values taken out of every text in them."""
        return masked(value, self.known)


def masked(value: t.Any, mask: t.Callable[[str], str], apart: t.Collection[str] = ()) -> t.Any:
    """Plain values with every text in them as `mask` gives it back; keys stay, and so does what has one of `apart`."""
    if isinstance(value, t.Mapping):
        return {key: inner if key in apart else masked(inner, mask, apart) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(inner, mask, apart) for inner in value]
    return mask(value) if isinstance(value, str) else value


def _occurrences(form: str, text: str) -> t.Iterator[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + len(form))


def _apart(spans: t.Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """The spans of which each covers all that overlaps in it; the first one's mark stands for all."""
    kept: list[tuple[int, int, str]] = []
    for begin, end, mark in sorted(spans, key=lambda span: (span[0], -span[1])):
        if kept and begin < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]), kept[-1][2])
        else:
            kept.append((begin, end, mark))
    return kept


def is_telling(part: str) -> bool:
    """Whether a value can be told from ordinary text: a number or a plain word of few characters cannot.

    Neither can a word of a result: taken out there, it would change a verdict.
    """
    if part in RESULT_WORDS:
        return False
    is_plain = part.isdecimal() or part.lower() in ("true", "false", "none", "null")
    return len(part) >= (SURE if is_plain else SHORTEST)


def parts(value: str) -> list[str]:
    """The value and what in it is a secret of its own: an address' password, the texts in JSON, a key's lines."""
    found = [value, value.strip()]
    if "://" in value:
        found += _credentials(value)
    found += _leaves(value)
    lines = value.splitlines()
    if len(lines) > 1:
        found += [part for line in lines if not line.startswith("-----") for part in _of_line(line)]
    return list(dict.fromkeys(found))


def _of_line(line: str) -> list[str]:
    """A line of a value, and what it assigns to a telling name."""
    assigned = ASSIGNED.match(line)
    value = assigned["value"].strip("\"'") if assigned else ""
    is_named = assigned is not None and is_secret(assigned["name"], value, free=True)
    return [line.strip(), *([value] if is_named else [])]


def forms(part: str) -> list[str]:
    """How a value may be written: plain, in JSON or a program's source, in an address, in HTML, in base64."""
    quoted = [urllib.parse.quote(part, safe=safe) for safe in ("", "/", "/:@")] + [urllib.parse.quote_plus(part)]
    lowered = [re.sub(r"%[0-9A-F]{2}", lambda match: match.group().lower(), each) for each in quoted]
    written = [json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1], repr(part)[1:-1]]
    written += [printable(part), one_line(part)]
    twice = [json.dumps(written[0])[1:-1]]
    return list(dict.fromkeys([part, *written, *twice, *quoted, *lowered, html.escape(part), *_in_base64(part)]))


def _credentials(value: str) -> list[str]:
    try:
        password = urllib.parse.urlsplit(value).password or ""
    except ValueError:
        return []
    return [password, urllib.parse.unquote(password)]


def _leaves(value: str) -> list[str]:
    """The texts in a JSON object or list; those of a pull credential in clear, too."""
    if not value.lstrip().startswith(("{", "[")):
        return []
    try:
        return list(_texts(json.loads(value)))
    except (ValueError, RecursionError):
        return []


def _texts(document: t.Any, name: str = "") -> t.Iterator[str]:
    if isinstance(document, dict):
        for key, inner in document.items():
            yield from _texts(inner, key)
    elif isinstance(document, list):
        for inner in document:
            yield from _texts(inner, name)
    elif isinstance(document, str) and name.lower() not in ("username", "email"):
        yield document


def _in_base64(part: str) -> list[str]:
    """Base64 of the part, and of it amid other text: what does not depend on its neighbours, at each alignment."""
    raw = part.encode()
    whole = base64.b64encode(raw).decode()
    inner = []
    for shift in range(3):
        encoded = base64.b64encode(b"x" * shift + raw).decode()
        inner.append(encoded[(0, 2, 3)[shift] : len(encoded) - (0, 3, 2)[(shift + len(raw)) % 3]])
    found = [whole, whole.rstrip("="), *(each for each in inner if len(each) >= SURE)]
    return [*found, *(each.replace("+", "-").replace("/", "_") for each in found)]
