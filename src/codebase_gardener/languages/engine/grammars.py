"""Languages read by tree-sitter: one row each. A further language is one more row and its wheel."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["GRAMMARS", "Grammar"]


@dataclass(frozen=True)
class Grammar:
    """Which nodes of a language's syntax tree are symbols.

    Attributes:
        module: The wheel's module.
        function: In it, the function that returns the language.
        kinds: Node type to the symbol's kind; "function" becomes "method" inside a type.
        types_need_body: Whether a type without a body is only a mention of it.
        values: Node types that are symbols only if their value is a function.
        scopes: Node types that qualify names without being symbols, and the field that names them.
        wrappers: Node types around a definition that belong to it (`export …`, `const …`, `template <…>`).
        attributes: Decorators, annotations, attributes.
        comments: Node types of comments.
        declarations: Node types that declare a function without a body (an interface's method, a prototype), to the
            kind; they are listed on request only.
    """

    module: str
    function: str
    kinds: dict[str, str]
    types_need_body: bool = False
    values: tuple[str, ...] = ()
    scopes: dict[str, str] = field(default_factory=dict)
    wrappers: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    comments: tuple[str, ...] = ("comment",)
    declarations: dict[str, str] = field(default_factory=dict)

    @property
    def query(self) -> str:
        """A tree-sitter query that captures every node of interest."""
        types = dict.fromkeys(
            [*self.kinds, *self.declarations, *self.values, *self.scopes, *self.wrappers, *self.attributes,
             *self.comments]
        )  # fmt: skip
        return f"[{' '.join(f'({name})' for name in (*types, 'ERROR'))}] @node"


_JAVASCRIPT = {
    "function_declaration": "function",
    "generator_function_declaration": "function",
    "class_declaration": "class",
    "method_definition": "function",
}
_TYPESCRIPT = _JAVASCRIPT | {
    "abstract_class_declaration": "class",
    "interface_declaration": "interface",
    "type_alias_declaration": "type",
    "enum_declaration": "type",
}
_SCRIPT_WRAPPERS = ("export_statement", "lexical_declaration", "variable_declaration")
_C = {
    "function_definition": "function",
    "struct_specifier": "type",
    "enum_specifier": "type",
    "union_specifier": "type",
}


def _typescript(function: str) -> Grammar:
    return Grammar(
        "tree_sitter_typescript", function, _TYPESCRIPT,
        values=("variable_declarator", "public_field_definition"),
        scopes={"internal_module": "name"},
        wrappers=(*_SCRIPT_WRAPPERS, "ambient_declaration"),
        attributes=("decorator",),
        declarations=dict.fromkeys(
            ("method_signature", "abstract_method_signature", "function_signature", "property_signature"), "function"
        ),
    )  # fmt: skip


GRAMMARS: dict[str, Grammar] = {
    "go": Grammar(
        "tree_sitter_go", "language",
        {"function_declaration": "function", "method_declaration": "method", "type_spec": "type", "type_alias": "type"},
        wrappers=("type_declaration",), declarations={"method_elem": "method"},
    ),
    "typescript": _typescript("language_typescript"),
    "tsx": _typescript("language_tsx"),
    "javascript": Grammar(
        "tree_sitter_javascript", "language", _JAVASCRIPT,
        values=("variable_declarator", "field_definition"),
        wrappers=_SCRIPT_WRAPPERS, attributes=("decorator",),
    ),
    "rust": Grammar(
        "tree_sitter_rust", "language",
        {"function_item": "function", "struct_item": "type", "enum_item": "type", "union_item": "type",
         "trait_item": "interface", "type_item": "type"},
        scopes={"impl_item": "type", "mod_item": "name"},
        attributes=("attribute_item",), comments=("line_comment", "block_comment"),
        declarations={"function_signature_item": "function"},
    ),
    "java": Grammar(
        "tree_sitter_java", "language",
        {"class_declaration": "class", "record_declaration": "class", "interface_declaration": "interface",
         "enum_declaration": "type", "method_declaration": "function", "constructor_declaration": "function"},
        attributes=("marker_annotation", "annotation"), comments=("line_comment", "block_comment"),
        declarations={"method_declaration": "function"},
    ),
    "c": Grammar("tree_sitter_c", "language", _C, types_need_body=True, wrappers=("type_definition",)),
    "cpp": Grammar(
        "tree_sitter_cpp", "language", _C | {"class_specifier": "class", "struct_specifier": "class"},
        types_need_body=True, scopes={"namespace_definition": "name"},
        wrappers=("template_declaration", "type_definition"),
    ),
}  # fmt: skip
