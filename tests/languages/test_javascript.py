"""JavaScript and TypeScript: symbols, code, signatures, and which file an import means."""

# ruff: noqa: E501 - sources of one line each

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.apis.calls import call_of, import_of
from codebase_gardener.languages.engine.code import tree_code
from codebase_gardener.languages.engine.parsing import parsed_tree
from codebase_gardener.languages.engine.symbols import tree_symbols
from codebase_gardener.languages.javascript import JAVASCRIPT
from codebase_gardener.languages.signatures import typed_parameters
from samples.sources import bound, calls, code_in, imports, parameters, places, symbols_in, units_of
from samples.written_context import context_of, symbol_named

SYMBOLS = """\
/**
 * A service.
 * @public
 */
@Injectable()
export class Service<T> extends Base implements A, B {
  @Input() name = 1;
  @log()
  async run(a: number, b?: string, ...rest: any[]): Promise<void> {
    return
  }
  handler = (event: Event) => {
    return
  }
  #hidden() {
    return 1
  }
}

// Doubles.
export const twice = (x: number): number => {
  return x * 2
}

const one = x => x + 1, two = function (y) {
  return y
}

export default async function main() {
  function inner() {
    return 1
  }
}

export interface Shape extends Base { area(): number }
export type Id = string | number
enum Color { Red }
namespace Deep {
  export function f() {
    return 1
  }
}
function overloaded(a: string): void;
function overloaded(a: any) {
  return
}
"""
CODE = """import a, { b as c } from "m";
import * as n from "./n";
import "side";
export const X = 1;
export class Y { go() { this.x.run(); } }
export { q, r as s } from "w";
export * from "z";
const v = require("v");
const { p, o: u } = require("pp");
const k = new K.L(1);
const j = await n.f(2).g();
export default k;
"""

FILES = {
    "package.json": '{"name": "@o/m", "exports": {".": {"types": "./dist/index.d.ts", "import": "./dist/index.mjs"}, "./sub": "./dist/sub.js"}}',
    "src/index.ts": "",
    "src/sub.tsx": "",
    "src/deep/index.ts": "",
    "dist/index.mjs": "",
    "dist/index.d.ts": "",
    "dist/sub.js": "",
    "plain/a.js": "",
    "plain/a.d.ts": "",
}


def test_symbols() -> None:
    assert places(SYMBOLS, "typescript") == [
        ("Service", "class", 5, 18),
        ("Service.run", "method", 8, 11),
        ("Service.handler", "method", 12, 14),
        ("Service.#hidden", "method", 15, 17),
        ("twice", "function", 21, 23),
        ("one", "function", 25, 25),
        ("two", "function", 25, 27),
        ("main", "function", 29, 33),
        ("main.inner", "function", 30, 32),
        ("Shape", "interface", 35, 35),
        ("Id", "type", 36, 36),
        ("Color", "type", 37, 37),
        ("Deep.f", "function", 39, 41),
        ("overloaded", "function", 44, 46),
    ]


def test_what_is_kept_of_a_symbol() -> None:
    found = symbols_in(SYMBOLS, "typescript")
    service, run = found["Service"], found["Service.run"]
    assert service.signature == "export class Service<T> extends Base implements A, B"
    assert (service.docstring, service.definition_line, service.body_start) == ("A service.\n@public", 6, 7)
    assert (service.bases, service.decorators) == (("Base", "A", "B"), ("Injectable()",))
    assert run.signature == "async run(a: number, b?: string, ...rest: any[]): Promise<void>"
    assert (run.parameters, run.returns, run.decorators) == (
        ("a", "b", "...rest"),
        "Promise<void>",
        ("log()",),
    )
    assert found["twice"].signature == "export const twice = (x: number): number =>"
    assert (found["twice"].docstring, found["twice"].body_start) == ("Doubles.", 22)
    assert (found["one"].parameters, found["one"].body_start) == (("x",), 0)
    assert (found["two"].parameters, found["two"].body_start) == (("y",), 26)
    assert not found["Service.#hidden"].public and found["Service.run"].public
    assert found["Shape"].bases == ("Base",)


def test_code() -> None:
    code = code_in(CODE, "typescript")
    assert imports(code) == [
        "1 m:default:a",
        "1 m:b:c",
        "2 ./n::n",
        "3 side::",
        "6 w:q:q",
        "6 w:r:s",
        "7 z:*:*",
        "8 v::v",
        "9 pp:p:p",
        "9 pp:o:u",
    ]
    assert calls(code) == [
        "5 Y.go this.x.run",
        "8  require",
        "9  require",
        "10  K.L",
        "11  n.f",
        "11  n.f().g",
    ]
    assert (code.exports, code.names) == (("X", "Y", "q", "s", "default"), ("X", "v", "k", "j"))
    assert bound(code) == [("k", "K.L"), ("j", "n.f().g"), ("default", "k")]


def test_exports_of_common_js() -> None:
    code = code_in("module.exports = { a, b: 2 };\nexports.t = 1;", "javascript")
    assert (code.exports, code.names) == (("a", "b", "t"), ())


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        (
            "typescript",
            "function f<T extends (x: number) => void>(a: T, b?: { c: string, d: number }, e = g(1, 2), ...r: T[]) {}",
            [
                ("a", "T", "", True),
                ("b", "{ c: string, d: number }", "", False),
                ("e", "", "g(1, 2)", False),
                ("...r", "T[]", "", False),
            ],
        ),
        (
            "typescript",
            "const h = async (cb: (e: Error) => void, { a, b }: P = {}): Promise<void> => {}",
            [
                ("cb", "(e: Error) => void", "", True),
                ("{ a, b }", "P", "{}", False),
            ],
        ),
        (
            "javascript",
            "function k(s = 'a, b', t = `x(`) {}",
            [("s", "", "'a, b'", False), ("t", "", "`x(`", False)],
        ),
    ],
)
def test_parameters(language: str, source: str, expected: list[tuple[str, str, str, bool]]) -> None:
    assert parameters(source, language) == expected


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("src/index.ts", "./sub.js", "src/sub.tsx"),
        ("src/index.ts", "./deep", "src/deep/index.ts"),
        ("src/deep/index.ts", "..", "src/index.ts"),
        ("src/deep/index.ts", "../../../x", ""),
        ("a.ts", "@o/m", "src/index.ts"),
        ("a.ts", "@o/m/sub", "src/sub.tsx"),
        ("a.ts", "@o/m/deep", "src/deep/index.ts"),
        ("a.ts", "react", ""),
    ],
)
def test_what_an_import_means(importer: str, module: str, expected: str) -> None:
    assert units_of(FILES, "script").find(module, importer) == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("../dist/esm/index.js", "src/index.ts"),
        ("../dist/commonjs/parts/lid.js", "src/parts/lid.ts"),
        ("../build", "src/index.ts"),
        ("..", "src/index.ts"),
        ("../lib/lid.js", ""),  # of this folder there are files, and it is none of them
        ("../other/index.js", ""),
        ("../../parts/b/dist/index.js", "parts/b/src/index.ts"),
    ],
)
def test_a_file_that_only_a_build_writes_means_its_source(module: str, expected: str) -> None:
    files = {
        "package.json": '{"name": "kiln", "main": "dist/index.js"}',
        "src/index.ts": "",
        "src/lid.ts": "",
        "src/parts/lid.ts": "",
        "lib/glaze.js": "",
        "parts/b/package.json": '{"name": "b", "main": "dist/index.js"}',
        "parts/b/src/index.ts": "",
    }
    importer = "test/deep/a.ts" if module.startswith("../../") else "test/a.ts"
    assert units_of(files, "script").find(module, importer) == expected


def test_what_a_compiler_wrote() -> None:
    assert JAVASCRIPT.family is not None
    found = JAVASCRIPT.family.compiled([path for path in FILES if "/" in path], [""])
    assert found == {"dist/index.mjs", "dist/index.d.ts", "dist/sub.js"}


ASSIGNED = """\
var app = exports = module.exports = {};

/**
 * Uses it.
 */
app.use = function use(fn) {
  return fn
}
Kiln.prototype.fire = function () {
  app.inner = function () {}
}
exports.cool = (hours) => {
  return hours
}
this.hidden = function () {}
app[method] = function () {}
"""


def test_functions_that_are_assigned() -> None:
    found = [
        (each.qualified_name, each.kind, each.start, each.end)
        for each in symbols_in(ASSIGNED, "javascript").values()
    ]
    assert found == [
        ("app.use", "method", 6, 8),
        ("Kiln.fire", "method", 9, 11),
        ("cool", "function", 12, 14),
    ]


def test_a_key_of_an_object_is_no_definition() -> None:
    text = "const defaults = {\n  pages: {\n    turn(page) {\n      return page\n    },\n  },\n}\n"
    assert symbols_in(text, "typescript") == {}
    for handed_out in ("module.exports = ", "export default "):
        found = symbols_in(f"{handed_out}{{\n  turn(page) {{\n    return page\n  }},\n}}\n", "javascript")
        assert list(found) == ["turn"], handed_out


def test_what_common_js_hands_out_under_no_name() -> None:
    for text in (
        "exports = module.exports = make\nfunction make() {}\n",
        "module.exports = make\nfunction make() {}\n",
        "module.exports = function make() {\n  return 1\n}\n",
    ):
        code = code_in(text, "javascript")
        assert "default" in code.exports, text
        assert ("default", "make", "name") in [(each.name, each.value, each.how) for each in code.bindings]
        assert list(symbols_in(text, "javascript")) == ["make"]


def test_a_function_without_a_name_has_its_files() -> None:
    text = "var boil = function () {\n}\nmodule.exports = function (water) {\n  return water\n}\n"
    for path, name in (
        ("lib/boil.js", "boil"),
        ("lib/pour-out.js", "pourOut"),
        ("lib/heat/index.js", "heat"),
    ):
        symbols = tree_symbols(path, text, "javascript").symbols
        found = [(each.qualified_name, each.start, each.public) for each in symbols]
        assert found == [("boil", 1, name != "boil"), (name, 3, True)]
        code = tree_code(text, "javascript", symbols=symbols, path=path)
        assert code.exports == ("default",)
        assert ("default", name) in bound(code)


def test_what_common_js_passes_on() -> None:
    code = code_in("module.exports = {a: require('./x'), b: c}\nexports.d = require('./y')\n", "javascript")
    assert imports(code) == ["1 ./x::a", "2 ./y::d"]
    assert code.exports == ("a", "b", "d")
    assert bound(code) == [("b", "c")]


def test_a_file_that_hands_on_types_alone_is_read_whole() -> None:
    tree = parsed_tree(
        b'export type * from "./types.js";\nexport type * as all from "./all.js";\n', "typescript"
    )
    assert tree is not None
    assert not tree.root_node.has_error


def test_how_a_type_varies_is_read_over_be_there_a_comment_before_it_or_not() -> None:
    source = b"""
export interface Pot<out T, in out U extends T = T> {}
export interface Lid<
  /** @ts-ignore */
  out T extends string = string,
> extends Pot<T> {}
"""
    tree = parsed_tree(source, "typescript")
    assert tree is not None
    assert not tree.root_node.has_error


def test_signatures_that_no_semicolon_ends_are_read_whole() -> None:
    source = b"""
type Create = {
  <T, U extends string[] = []>(first: T): U
  <T>(): (first: T) => T

  // of numbers
  <T extends number>(first: T): T
  /* of anything: {} */
  <T>(first: T, second: T): T[]
  <
    T extends string,
    U = T,
  >(first: T): U[T]
  <const T>(first: T): T
}
interface Other {
  // the first
  <T>(first: T): T
}
"""
    tree = parsed_tree(source, "typescript")
    assert tree is not None
    assert not tree.root_node.has_error
    assert tree.root_node.end_byte == len(source)


def test_a_member_of_a_value_of_unknown_type_is_unknown() -> None:
    files = {
        "README.md": """
            # Book

            ```js
            import book from "book";
            book.leaf("a");
            anything.leaf("b");
            app.stitch("c");
            ```
            """,
        "package.json": """{"name": "book", "main": "src/index.ts"}""",
        "src/index.ts": """
            export type Options = { leaf?: (page: string) => string };
            const book = make();
            export default book;
            """,
        "src/app.js": """
            var app = exports = module.exports = {};
            app.stitch = function stitch(cover) {
              return cover
            }
            """,
    }
    passages = context_of(files).resolution.passages
    used = {use.target.name for passage in passages for use in passage.uses if not use.target.external}
    assert "Options.leaf" not in used
    assert "app.stitch" in used


@pytest.mark.parametrize(
    ("path", "source", "open_names"),
    [
        ("a.ts", "export function boil() {}\nfunction pour() {}\nclass Cup { fill() {} }", ["boil"]),
        ("a.ts", 'export * from "./cups";\nfunction pour() {}', []),
        ("a.ts", 'import { cup } from "./cups";\nfunction pour() {}', []),
        (
            "a.ts",
            "function boil() {}\nfunction pour() {}\nexport { pour as default, boil as heat };",
            ["heat", "pour"],
        ),
        ("a.ts", "function boil() {}\nfunction pour() {}\nexport default boil;", ["boil"]),
        ("a.ts", "function boil() {}\nfunction pour() {}\nexport = boil;", ["boil"]),
        ("a.ts", "export default { boil() {} };\nfunction pour() {}", ["boil"]),
        ("a.ts", "const boil = (x) => x;\nexport const heat = boil as unknown as Heat;", ["heat"]),
        ("a.ts", 'import "./cups";\ndeclare module "./cups" { interface Cup {} }\ninterface Lid {}', ["Cup"]),
        ("a.ts", "export declare function boil(): void;\ndeclare function pour(): void;", ["boil"]),
        ("a.d.ts", "export interface Cup {}\ninterface Lid {}", ["Cup", "Lid"]),
        ("a.ts", "function boil() {}\nfunction pour() {}", ["boil", "pour"]),
        ("a.js", "module.exports = { boil };\nfunction boil() {}\nfunction pour() {}", ["boil", "pour"]),
    ],
)
def test_a_module_opens_what_it_exports(path: str, source: str, open_names: list[str]) -> None:
    found = tree_symbols(path, source, "typescript", declarations=True).symbols
    assert [each.qualified_name for each in found if each.public] == open_names


def test_what_is_declared_or_cast_is_exported() -> None:
    code = code_in("export declare const cup: Cup;\nexport const heat = boil as Heat;", "typescript")
    assert code.exports == ("cup", "heat")
    assert bound(code) == [("heat", "boil")]


def test_what_is_handed_out_under_another_name_has_that_one() -> None:
    files = {
        "package.json": '{"name": "kiln"}',
        "index.ts": """
            export { fire } from './src/fire';
            export { Glaze } from './src/glaze';
            export { stack as unstable_stack } from './src/fire';
            """,
        "src/fire.ts": """
            const fireImpl: FireImpl = (clay, heat) => {
              return clay
            }
            export function again() {
              return fireImpl(1, 2)
            }
            export function stack(pots: number) {
              return pots
            }
            export const fire = fireImpl as unknown as Fire;
            """,
        "src/glaze.ts": """
            class _Glaze { mix() { return this } }
            class Matt extends _Glaze {}
            export { _Glaze as Glaze }
            """,
        "README.md": "```ts\nimport { fire, unstable_stack } from 'kiln';\nfire(clay, 1200);\nunstable_stack(3);\n```\n",
    }
    context = context_of(files)
    assert "fireImpl" not in {target.name for target in context.resolution.public.values()}
    fire, glaze = symbol_named(context, "fire"), symbol_named(context, "Glaze")
    assert (fire.public, fire.start, call_of(fire, context)) == (True, 1, "fire(clay, heat)")
    assert import_of(context.target(fire), context) == 'import { fire } from "kiln";'
    assert [use.scope for use in context.resolution.callers[context.target(fire)]] == ["again"]
    assert {passage.path for passage, _ in context.uses[context.target(fire)]} == {"README.md"}
    assert symbol_named(context, "Glaze.mix").public
    matt = symbol_named(context, "Matt")
    assert context.resolution.bases[context.target(matt)] == (context.target(glaze),)
    assert call_of(symbol_named(context, "stack"), context) == "unstable_stack(pots)"


def test_a_pattern_hands_out_what_stands_beside_the_package_itself() -> None:
    files = {
        "package.json": """{"name": "kiln", "exports": {
            "./*": {"import": {"types": "./esm/*.d.mts", "default": "./esm/*.mjs"}}, ".": "./esm/index.mjs"}}""",
        "src/index.ts": "export { fire } from './fire'",
        "src/fire.ts": "export function fire() {}\nexport function cool() {}",
        "src/glaze/matt.ts": "export function matt() {}",
        "src/fire.test.ts": "export function burn() {}",
        "tests/help.ts": "export function help() {}",
        "build.config.ts": "export function build() {}",
        "README.md": "```ts\nimport { cool } from 'kiln/fire';\ncool();\n```\n",
    }
    context = context_of(files)
    offered = {
        name: import_of(context.target(symbol_named(context, name)), context)
        for name in ("fire", "cool", "matt")
    }
    assert offered == {
        "fire": 'import { fire } from "kiln";',
        "cool": 'import { cool } from "kiln/fire";',
        "matt": 'import { matt } from "kiln/glaze/matt";',
    }
    assert {passage.path for passage, _ in context.uses[context.target(symbol_named(context, "cool"))]} == {
        "README.md"
    }
    for name in ("burn", "help", "build"):
        assert "kiln" not in import_of(context.target(symbol_named(context, name)), context)


def test_patterns_of_a_folder_and_those_that_close_one() -> None:
    package = """{"name": "kiln", "main": "dist/index.js", "exports": {".": "./dist/index.js",
        "./parts/*": "./dist/parts/*.js", "./*": "./dist/*.js", "./inner/*": null}}"""
    files = {
        "package.json": package,
        "src/index.ts": "",
        "src/parts/lid.ts": "export function lid() {}",
        "src/inner/own.ts": "export function own() {}",
    }
    context = context_of(files)
    names = {name: import_of(context.target(symbol_named(context, name)), context) for name in ("lid", "own")}
    assert names["lid"] == 'import { lid } from "kiln/parts/lid";'
    assert "kiln" not in names["own"]


def test_a_name_that_is_no_identifier_or_is_imported_is_nobodys_outer_name() -> None:
    source = 'import {Pour} from "./t";\nfunction a() {}\nfunction b() {}\nexport {a as "x.y/z", b as Pour}'
    assert sorted(symbols_in(source, "typescript")) == ["a", "b"]


def test_a_parameter_called_async_is_no_keyword() -> None:
    source = "export const run = (async: boolean, b: string) => b"
    assert parameters(source, "typescript") == [("async", "boolean", "", True), ("b", "string", "", True)]


def test_a_function_inside_a_cast_is_one() -> None:
    source = "export const fire = ((clay, heat?: number) => (heat ? burn(clay) : burn)) as Fire"
    found = symbols_in(source, "typescript")["fire"]
    assert (found.kind, found.public) == ("function", True)
    assert parameters(source, "typescript") == [("clay", "", "", True), ("heat", "number", "", False)]
    assert found.signature == "export const fire = ((clay, heat?: number) =>"


def test_what_a_type_asks_for_is_none_of_its_members() -> None:
    source = (
        "export type Fire<S> = S extends { heat: () => infer T; cool(): void } ? { burn: () => T } : never"
    )
    found = tree_symbols("a.ts", source, "typescript", declarations=True).symbols
    assert [each.qualified_name for each in found] == ["Fire", "Fire.burn"]


def test_what_a_call_gives_is_called_under_no_name() -> None:
    code = code_in("create(a)(b)(c);\ncreate()(d).then(e)(f);", "javascript")
    assert [one.rpartition("  ")[2] for one in calls(code)] == ["create", "create", "create()().then"]


def test_types_that_are_named_are_used() -> None:
    files = {
        "package.json": '{"name": "kiln", "main": "src/fire.ts"}',
        "src/types.ts": "export interface Pot<T> { next?: Pot<T> }\nexport type Glaze = { colour: string }\n",
        "src/fire.ts": (
            "import type { Glaze, Pot } from './types'\nimport * as all from './types'\n\n"
            "export interface Options extends Glaze {}\n\n"
            "export function fire(pot: Pot<string>): Glaze | undefined {\n  return undefined\n}\n\n"
            "export const cool = <T>(pot: all.Pot<T>, at: Heat) => pot\n"
            "type T = string\nexport function own<T>(a: T): T { return a }\nexport const last: T = ''\n"
        ),
    }
    context = context_of(files)
    callers = context.resolution.callers
    used = {
        name: [(use.scope, use.start) for use in callers[context.target(symbol_named(context, name))]]
        for name in ("Pot", "Glaze", "T")
    }
    assert used == {
        "Pot": [("fire", 6), ("cool", 10)],
        "Glaze": [("Options", 4), ("fire", 6)],
        "T": [("", 13)],
    }


def test_what_overloads_say_is_said_of_the_function() -> None:
    source = """
/** Fires a pot. */
export function fire(pot: Pot): Pot
export function fire(pots: Pot[], hot: boolean): Pot[]
export function fire(some: unknown, hot?: boolean) {
  return some
}
"""
    (found,) = tree_symbols("a.ts", source, "typescript", declarations=True).symbols
    assert (found.start, found.returns, found.docstring) == (5, "Pot | Pot[]", "Fires a pot.")
    assert (found.docstring_start, found.docstring_end) == (2, 2)
    assert [one.name for one in typed_parameters(found)] == ["some", "hot"]


def test_what_is_a_test_of_tap_and_of_a_script() -> None:
    files = {
        "package.json": '{"name": "kiln", "main": "dist/index.js"}',
        "src/index.ts": "export function fire(pot: string) { return pot }\n",
        "test/hot.ts": (
            "import t from 'tap'\nimport { fire } from '../dist/esm/index.js'\n\n"
            "t.test('gets hot', async t => {\n  t.equal(fire('a'), 'a')\n})\n"
        ),
        "test/plain-script.js": (
            "const assert = require('assert')\nconst { fire } = require('..')\nassert.equal(fire('a'), 'a')\n"
        ),
        "test/helper.js": (
            "const { fire } = require('..')\nexports.twice = function () {\n  return fire(fire('a'))\n}\nfire('b')\n"
        ),
    }
    found = context_of(files).resolution.passages
    assert [(one.path, one.start, one.end, one.title, one.area) for one in found] == [
        ("test/hot.ts", 4, 6, "gets hot", "test"),
        ("test/plain-script.js", 1, 3, "Plain script", "test"),
    ]


def test_what_a_call_gives_back_keeps_its_name_and_is_given_members() -> None:
    files = {
        "package.json": '{"name": "kiln", "main": "src/fire.ts"}',
        "src/fire.ts": """
            import { Heat } from './fire/cool.js'
            /** Fires a pot. */
            async function fire_(pot: string) { return pot }
            function coolSlowly(pot: string) { return pot }
            export class Lid { shut() { return 1 } }
            export const cool = Object.assign(coolSlowly, { twice: again })
            export const more = Object.assign(again, {})
            export function again(pot: string) { return pot }
            export const fire = Object.assign(fire_, {
              fire: fire_,
              cool,
              Lid,
            })
            const lid = Object.freeze(new Lid())
            export function close() { return lid.shut() }
            """,
        "README.md": (
            "```ts\nimport { fire } from 'kiln'\nfire('a')\nfire.fire('b')\nfire.cool('c')\n"
            "fire.cool.twice('d')\nnew fire.Lid()\n```\n"
        ),
    }
    context = context_of(files)
    fire = symbol_named(context, "fire")
    assert (fire.public, fire.docstring) == (True, "Fires a pot.")
    assert import_of(context.target(fire), context) == 'import { fire } from "kiln";'
    assert call_of(symbol_named(context, "again"), context) == "again(pot)"
    used = {
        target.name: [use.start for passage, use in pairs if passage.path == "README.md"]
        for target, pairs in context.uses.items()
    }
    assert used == {"fire": [3, 4], "cool": [5], "again": [6], "Lid": [7]}
    assert [
        use.scope for use in context.resolution.callers[context.target(symbol_named(context, "Lid.shut"))]
    ] == ["close"]


def test_what_common_js_gives_back_is_handed_out() -> None:
    code = code_in("module.exports = Object.freeze({ fire, cool: chill });", "javascript")
    assert code.exports == ("fire", "cool")


def test_of_a_method_with_overloads_callers_see_these() -> None:
    source = """
export class Kiln {
  /** fires pots */
  fire(pot: Pot): Fired | undefined
  fire(pots: Pot[]): Fired | Fired[]
  fire(some: unknown): any {
    return some
  }
}
"""
    context = context_of({"package.json": '{"name": "kiln"}', "index.ts": source})
    found = symbol_named(context, "Kiln.fire")
    assert (found.start, found.docstring, found.overloads) == (5, "fires pots", ((3, 3), (4, 4)))
    assert found.returns == "Fired | undefined | Fired[]"


def test_a_script_that_tests_only_start_is_no_test() -> None:
    script = 'import { fire } from "kiln";\nfire();\n'
    files = {
        "package.json": '{"name": "kiln", "main": "index.js"}',
        "index.js": "export function fire() {}\n",
        "test/smoke.js": script,
        "test/fixtures/start.js": script,
        "test/unit/__mocks__/kiln.js": script,
    }
    assert [one.path for one in context_of(files).resolution.passages] == ["test/smoke.js"]


def test_what_no_variable_can_be_called_is_imported_with_all_of_its_module() -> None:
    files = {
        "package.json": '{"name": "kiln", "main": "dist/index.js"}',
        "src/index.ts": "export * from './kiln'",
        "src/kiln.ts": "function _void(): number { return 1 }\nexport { _void as void }\nexport function fire() {}",
    }
    context = context_of(files)
    imports = {
        name: import_of(context.target(symbol_named(context, name)), context) for name in ("void", "fire")
    }
    assert imports == {
        "void": 'import * as kiln from "kiln";  // kiln.void',
        "fire": 'import { fire } from "kiln";',
    }
