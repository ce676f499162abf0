"""setup.py read through its syntax tree, never run: lists, dicts, sums and updates of module-level names."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from codebase_gardener.manifests.values import NOTHING, LocatedValue

__all__ = ["setup_arguments"]

MAX_ENTRIES = 5_000
_Names = dict[str, LocatedValue]


def setup_arguments(tree: ast.Module) -> dict[str, LocatedValue]:
    """The keyword arguments of `setup(…)`, as far as they can be told without running anything."""
    names: _Names = {}
    given: dict[str, LocatedValue] = {}
    for statement in _statements(tree):
        try:
            _learn(statement, names)
            given |= _of_setup(statement, names)
        except RecursionError:  # a sum of ten thousand lists is no packaging file
            continue
    return given


def _of_setup(statement: ast.stmt, names: _Names) -> dict[str, LocatedValue]:
    call = getattr(statement, "value", None)
    if not isinstance(call, ast.Call):
        return {}
    called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    words = call.keywords if called == "setup" else []
    return {word.arg: _value(word.value, names) for word in words if word.arg}


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Those of the module and of its `if` and `with` blocks and functions, in order."""
    pending: list[ast.stmt] = list(reversed(tree.body))
    while pending:
        statement = pending.pop()
        yield statement
        if isinstance(statement, ast.If | ast.With | ast.FunctionDef | ast.Try):
            inner = list(statement.body)
            inner += statement.orelse if isinstance(statement, ast.If) else []
            pending.extend(reversed(inner))


def _learn(statement: ast.stmt, names: _Names) -> None:
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            _store(target, _value(statement.value, names), names)
    elif isinstance(statement, ast.AugAssign):
        before, added = _value(statement.target, names), _value(statement.value, names)
        if isinstance(before.value, list) and isinstance(added.value, list):
            _store(statement.target, _sum(before, added), names)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        _update(statement.value, names)


def _store(target: ast.expr, value: LocatedValue, names: _Names) -> None:
    if isinstance(target, ast.Name):
        names[target.id] = value
    elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        table, key = names.get(target.value.id, NOTHING).value, _value(target.slice, names).value
        if isinstance(table, dict) and isinstance(key, str) and value.value is not None:
            table[key] = value


def _update(call: ast.Call, names: _Names) -> None:
    """`x.append("a")`, `x.extend([…])`, `extras.update({…})`."""
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return
    owner, added = _value(call.func.value, names).value, _value(call.args[0], names)
    if call.func.attr == "append" and isinstance(owner, list) and isinstance(added.value, str):
        owner.append(added)
    elif call.func.attr == "extend" and isinstance(owner, list):
        owner.extend(added.entries[:MAX_ENTRIES])
    elif call.func.attr == "update" and isinstance(owner, dict):
        owner.update(added.table)
    if isinstance(owner, list):
        del owner[MAX_ENTRIES:]


def _value(node: ast.expr, names: _Names) -> LocatedValue:
    """A constant string, a list of them, or a dict; one of None for all that would have to be run."""
    value: object = None
    match node:
        case ast.Name(id=name):
            return names.get(name, NOTHING)
        case ast.Subscript(value=owner, slice=key):
            return _value(owner, names).table.get(_value(key, names).text, NOTHING)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _sum(_value(left, names), _value(right, names))
        case ast.Constant(value=str(text)):
            value = text
        case ast.List() | ast.Tuple() | ast.Set():
            value = _entries(node.elts, names)
        case ast.Dict():
            keys = (_value(key, names).text if key is not None else None for key in node.keys)
            value = _table(zip(keys, node.values, strict=True), names)
        case ast.Call(func=ast.Name(id="dict"), args=[]):
            value = _table(((word.arg, word.value) for word in node.keywords), names)
        case ast.JoinedStr(values=parts):
            value = _joined(parts, names)
        case ast.ListComp(
            elt=each, generators=[ast.comprehension(target=ast.Name(id=name), iter=over, ifs=[])]
        ):
            if not any(isinstance(inner, ast.ListComp) for inner in ast.walk(each)):  # one loop ends soon
                value = [_value(each, names | {name: row}) for row in _value(over, names).entries]
    return LocatedValue(value, node.lineno, node.end_lineno or node.lineno)


def _entries(nodes: list[ast.expr], names: _Names) -> list[LocatedValue]:
    found: list[LocatedValue] = []
    for node in nodes:
        each = _value(node.value if isinstance(node, ast.Starred) else node, names)
        found += [each] if isinstance(each.value, str) else each.entries
    return found[:MAX_ENTRIES]


def _table(pairs: Iterable[tuple[str | None, ast.expr]], names: _Names) -> dict[str, LocatedValue]:
    table: dict[str, LocatedValue] = {}
    for key, node in pairs:
        value = _value(node, names)
        table.update({key: value} if key else value.table if key is None else {})  # None: **other
    return table


def _sum(left: LocatedValue, right: LocatedValue) -> LocatedValue:
    if isinstance(left.value, list) or isinstance(right.value, list):
        return LocatedValue((left.entries + right.entries)[:MAX_ENTRIES], left.start, right.end)
    if isinstance(left.value, str) and isinstance(right.value, str):
        return LocatedValue((left.value + right.value)[:MAX_ENTRIES], left.start, right.end)
    return NOTHING


def _joined(parts: list[ast.expr], names: _Names) -> str | None:
    text = ""
    for part in parts:
        value = _value(part.value if isinstance(part, ast.FormattedValue) else part, names).value
        if not isinstance(value, str):
            return None
        text = (text + value)[:MAX_ENTRIES]
    return text
