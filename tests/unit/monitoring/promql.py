# Copyright: Contributors to intelgraph.maestro
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads PromQL: the parts of an expression, its metrics, the labels of its result."""

from __future__ import annotations

import dataclasses
import re
import typing as t

import promql_parser as promql

COUNTER = re.compile(r".*_(total|bucket|count|sum)")
RECORDED = re.compile(r"([a-z_]+):([a-z0-9_]+):([a-z0-9_]+)")
LEVELS = {"namespace_job": frozenset({"namespace", "job"}), "namespace": frozenset({"namespace", "service"})}
"""The labels that recording rules keep, by the first part of their names."""


@dataclasses.dataclass(frozen=True)
class Selector:
    """A metric that an expression reads, with its matchers, the function around it and the window in seconds."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]
    function: str
    window: float

    @property
    def labels(self) -> dict[str, str]:
        """Label and value of the matchers, whatever their operator."""
        return {label: value for label, _operator, value in self.matchers}

    @property
    def is_counter(self) -> bool:
        return bool(COUNTER.fullmatch(self.metric))


def parse(text: str) -> promql.Expr:
    """The tree of an expression; ValueError with the place of a mistake."""
    return promql.parse(text)


def children(node: promql.Expr) -> list[promql.Expr]:
    """The expressions directly below a node."""
    if isinstance(node, promql.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, promql.Call):
        return list(node.args)
    if isinstance(node, (promql.AggregateExpr, promql.ParenExpr, promql.UnaryExpr, promql.SubqueryExpr)):
        return [node.expr]
    return []


def walk(node: promql.Expr) -> t.Iterator[promql.Expr]:
    """The node and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)


def selectors(node: promql.Expr, function: str = "") -> list[Selector]:
    """Every metric that the expression reads, in its order."""
    if isinstance(node, promql.MatrixSelector):
        return [_selector(node.vector_selector, function, node.range.total_seconds())]
    if isinstance(node, promql.VectorSelector):
        return [_selector(node, function, 0)]
    inner = node.func.name if isinstance(node, promql.Call) else ""
    return [found for child in children(node) for found in selectors(child, inner)]


def _selector(node: promql.VectorSelector, function: str, window: float) -> Selector:
    matchers = tuple((each.name, _operator(each), each.value) for each in node.matchers.matchers)
    return Selector(node.name or "", matchers, function, window)


def _operator(matcher: promql.Matcher) -> str:
    operators = ((promql.MatchOp.Equal, "="), (promql.MatchOp.NotEqual, "!="), (promql.MatchOp.Re, "=~"))
    return next((text for operator, text in operators if matcher.op == operator), "!~")


def result_labels(node: promql.Expr) -> frozenset[str] | None:
    """The labels of the result: a set if the expression tells, None if only the data do."""
    if isinstance(node, promql.AggregateExpr):
        return frozenset(node.modifier.labels) if node.modifier else frozenset()
    if isinstance(node, promql.ParenExpr):
        return result_labels(node.expr)
    if isinstance(node, promql.BinaryExpr):
        sides = [side for side in children(node) if not is_scalar(side)]
        return result_labels(sides[0]) if sides else None
    if isinstance(node, promql.VectorSelector):
        recorded = RECORDED.fullmatch(node.name or "")
        return LEVELS[recorded[1]] if recorded else None
    if isinstance(node, promql.Call) and node.func.name == "changes":
        return result_labels(node.args[0].vector_selector)
    return None


def is_scalar(node: promql.Expr) -> bool:
    """Whether the expression is a number, not a vector."""
    if isinstance(node, promql.Call):
        return node.func.name in ("time", "scalar")
    below = children(node)
    return isinstance(node, promql.NumberLiteral) or (bool(below) and all(map(is_scalar, below)))
