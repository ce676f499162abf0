"""setup.py read through its syntax tree, never run: lists, dicts, sums and updates of module-level names."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codebase_gardener.knowledge.environments.manifest_text import is_development, one_line, requirement
from codebase_gardener.knowledge.sources.facts import Evidence

__all__ = ["setup_script"]

MAX_ENTRIES = 5_000
Text = tuple[str, int, int]  # value, first line, last line
Value = Text | list[Text] | dict[str, list[Text]] | None


def setup_script(tree: ast.Module) -> Iterator[Evidence]:
    """What `setup(...)` is given, as far as it can be told without running anything."""
    names: dict[str, Value] = {}
    for statement in _statements(tree):
        try:
            _learn(statement, names)
            yield from _calls(statement, names)
        except RecursionError:  # a sum of ten thousand lists is no packaging file
            continue


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


def _learn(statement: ast.stmt, names: dict[str, Value]) -> None:
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            _store(target, _value(statement.value, names), names)
    elif isinstance(statement, ast.AugAssign):
        before, added = _value(statement.target, names), _value(statement.value, names)
        if isinstance(before, list) and isinstance(added, list):
            _store(statement.target, (before + added)[:MAX_ENTRIES], names)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        _update(statement.value, names)


def _store(target: ast.expr, value: Value, names: dict[str, Value]) -> None:
    if isinstance(target, ast.Name):
        names[target.id] = value
    elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        table, key = names.get(target.value.id), _value(target.slice, names)
        if isinstance(table, dict) and isinstance(key, tuple) and isinstance(value, list):
            table[key[0]] = value


def _update(call: ast.Call, names: dict[str, Value]) -> None:
    """`x.append("a")`, `x.extend([…])`, `extras.update({…})`."""
    if not isinstance(call.func, ast.Attribute) or not call.args:
        return
    owner, added = _value(call.func.value, names), _value(call.args[0], names)
    if call.func.attr == "append" and isinstance(owner, list) and isinstance(added, tuple):
        owner.append(added)
    elif call.func.attr == "extend" and isinstance(owner, list) and isinstance(added, list):
        owner.extend(added[:MAX_ENTRIES])
    elif call.func.attr == "update" and isinstance(owner, dict) and isinstance(added, dict):
        owner.update(added)
    if isinstance(owner, list):
        del owner[MAX_ENTRIES:]


def _value(node: ast.expr, names: dict[str, Value]) -> Value:  # noqa: PLR0911 - one return a form
    """A constant string, a list of them, or a dict of such lists; None for all that would have to be run."""
    match node:
        case ast.Constant(value=str(text)):
            return (text, node.lineno, node.end_lineno or node.lineno)
        case ast.Name(id=name):
            return names.get(name)
        case ast.List() | ast.Tuple() | ast.Set():
            return _entries(node.elts, names)
        case ast.Dict():
            keys = [_value(key, names) if key is not None else None for key in node.keys]
            return _table(zip(keys, node.values, strict=True), names)
        case ast.Call(func=ast.Name(id="dict"), args=[]):
            pairs = [((word.arg, 0, 0) if word.arg else None, word.value) for word in node.keywords]
            return _table(iter(pairs), names)
        case ast.Subscript(value=owner, slice=key):
            table, word = _value(owner, names), _value(key, names)
            return table.get(word[0]) if isinstance(table, dict) and isinstance(word, tuple) else None
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return _sum(_value(left, names), _value(right, names))
        case ast.JoinedStr(values=parts):
            return _joined(node, parts, names)
        case _:
            return None


def _entries(nodes: list[ast.expr], names: dict[str, Value]) -> list[Text]:
    found: list[Text] = []
    for node in nodes:
        value = _value(node.value if isinstance(node, ast.Starred) else node, names)
        if isinstance(value, tuple):
            found.append(value)
        elif isinstance(value, list):
            found += value
    return found[:MAX_ENTRIES]


def _table(pairs: Iterator[tuple[Value, ast.expr]], names: dict[str, Value]) -> dict[str, list[Text]]:
    table: dict[str, list[Text]] = {}
    for key, node in pairs:
        value = _value(node, names)
        if isinstance(key, tuple):
            table[key[0]] = value if isinstance(value, list) else [value] if isinstance(value, tuple) else []
        elif key is None and isinstance(value, dict):  # **other
            table.update(value)
    return table


def _sum(left: Value, right: Value) -> Value:
    if isinstance(left, list) or isinstance(right, list):
        parts = [entry for part in (left, right) if isinstance(part, list) for entry in part]
        return parts[:MAX_ENTRIES]
    if isinstance(left, tuple) and isinstance(right, tuple):
        return ((left[0] + right[0])[:MAX_ENTRIES], left[1], right[2])
    return None


def _joined(node: ast.expr, parts: list[ast.expr], names: dict[str, Value]) -> Value:
    text = ""
    for part in parts:
        value = _value(part.value if isinstance(part, ast.FormattedValue) else part, names)
        if not isinstance(value, tuple):
            return None
        text = (text + value[0])[:MAX_ENTRIES]
    return (text, node.lineno, node.end_lineno or node.lineno)


def _calls(statement: ast.stmt, names: dict[str, Value]) -> Iterator[Evidence]:
    """Evidence of `setup(…)`, where the statement is that call."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return
    called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if called != "setup":
        return
    for word in call.keywords:
        value = _value(word.value, names)
        if word.arg == "name" and isinstance(value, tuple):
            yield Evidence("package", word.value.lineno, value[2], "", one_line(value[0]), "PyPI")
        elif word.arg == "python_requires" and isinstance(value, tuple):
            bound = one_line(value[0])
            yield Evidence("runtime", value[1], value[2], "", "Python", bound, bound.replace(" ", ""))
        elif word.arg == "install_requires" and isinstance(value, list):
            yield from _requirements("requirement", "", value)
        elif word.arg == "extras_require" and isinstance(value, dict):
            for extra, entries in value.items():
                yield from _requirements("dev-extra" if is_development(extra) else "extra", extra, entries)
        elif word.arg == "classifiers" and isinstance(value, list):
            for text, start, end in value:
                if text.startswith("Operating System :: "):
                    yield Evidence("platform", start, end, "", text.rpartition(" :: ")[2], one_line(text))


def _requirements(kind: str, group: str, entries: list[Text]) -> Iterator[Evidence]:
    for text, start, end in entries:
        found = requirement(kind, group, text, start, end)
        if found:
            yield found
