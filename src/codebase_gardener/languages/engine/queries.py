"""What tree-sitter is asked about code, one query a language.

Captures: `import`, a statement that imports; `call`, a call or the making of an object; `bind`, a variable with a
value; `typed`, a variable with a type; `export`, a declaration that others may use (read by the language's rule);
`name`, a module-level constant or variable. Node types are those of the grammars' own `node-types.json`.
"""

from __future__ import annotations

__all__ = ["PATHS", "QUERIES", "WRAPPED"]

_SCRIPT = """
(import_statement) @import
(export_statement) @export
(export_statement source: (_)) @import
[(call_expression) (new_expression)] @call
(variable_declarator name: (_) value: [(call_expression) (new_expression) (await_expression)]) @bind
(variable_declarator name: (identifier) value: [(identifier) (member_expression)]) @bind
(program [(lexical_declaration (variable_declarator name: (identifier) @name))
          (variable_declaration (variable_declarator name: (identifier) @name))])
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name))))
(program (expression_statement (assignment_expression left: (member_expression) right: (_)) @export))
"""

QUERIES: dict[str, str] = {
    "go": """
(import_spec) @import
[(call_expression) (composite_literal type: [(qualified_type) (type_identifier)])] @call
(short_var_declaration) @bind
(var_spec name: (identifier) value: (_)) @bind
(source_file (var_declaration [(var_spec name: (identifier) @name)
                               (var_spec_list (var_spec name: (identifier) @name))]))
(source_file (const_declaration (const_spec name: (identifier) @name)))
(source_file (var_declaration [(var_spec name: (identifier) @export)
                               (var_spec_list (var_spec name: (identifier) @export))]))
(source_file (const_declaration (const_spec name: (identifier) @export)))
(source_file [(function_declaration name: (_) @export)
              (type_declaration [(type_spec name: (_) @export) (type_alias name: (_) @export)])])
""",
    "typescript": _SCRIPT,
    "tsx": _SCRIPT,
    "javascript": _SCRIPT,
    "rust": """
(use_declaration) @import
[(call_expression) (macro_invocation) (struct_expression)] @call
(let_declaration pattern: (identifier) value: (_)) @bind
(source_file [(const_item name: (_) @name) (static_item name: (_) @name)])
(source_file (_ . (visibility_modifier)) @export)
""",
    "java": """
(import_declaration) @import
[(method_invocation) (object_creation_expression)] @call
(local_variable_declaration) @bind
[(local_variable_declaration type: [(type_identifier) (generic_type)])
 (field_declaration type: (type_identifier))] @typed
(program (_ (modifiers "public")) @export)
""",
    "c": """
(preproc_include) @import
(call_expression) @call
(translation_unit (declaration declarator: (init_declarator declarator: (identifier) @name)))
(preproc_def name: (identifier) @name)
(declaration (function_declarator declarator: (identifier) @export))
(declaration (pointer_declarator (function_declarator declarator: (identifier) @export)))
""",
    "cpp": """
[(preproc_include) (using_declaration)] @import
[(call_expression) (new_expression)] @call
(init_declarator declarator: (identifier) value: [(call_expression) (new_expression)]) @bind
(declaration type: [(type_identifier) (qualified_identifier) (template_type)]) @typed
(translation_unit (declaration declarator: (init_declarator declarator: (identifier) @name)))
(preproc_def name: (identifier) @name)
(declaration (function_declarator declarator: (identifier) @export))
""",
}

PATHS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # node: fields of what stands before the dot, fields of what stands after it
    "member_expression": (("object",), ("property",)),
    "selector_expression": (("operand",), ("field",)),
    "field_expression": (("value", "argument"), ("field",)),
    "field_access": (("object",), ("field",)),
    "scoped_identifier": (("path", "scope"), ("name",)),
    "scoped_type_identifier": (("path",), ("name",)),
    "qualified_identifier": (("scope",), ("name",)),
    "qualified_type": (("package",), ("name",)),
    "nested_identifier": (("object",), ("property",)),
    # calls, whose own name is read in the same way
    "method_invocation": (("object",), ("name",)),
}  # fmt: skip
"""Nodes that are a dotted path (`a.b`, `a::b`, `a->b`)."""

WRAPPED: dict[str, tuple[str, ...]] = {
    "call_expression": ("function",),
    "new_expression": (
        "constructor",
        "type",
    ),
    "object_creation_expression": ("type",),
    "composite_literal": ("type",),
    "struct_expression": ("name",),
    "macro_invocation": ("macro",),
    "generic_function": ("function",),
    "template_function": ("name",),
    "template_type": ("name",),
    "generic_type": (),
    "await_expression": (),
    "parenthesized_expression": (),
    "non_null_expression": (),
    "try_expression": (),
    "unary_expression": (
        "operand",
        "argument",
    ),
    "reference_expression": ("value",),
}
"""Nodes around a path, and the fields in which it is (none for the first child)."""
