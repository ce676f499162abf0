"""What linking needs to know of each language that tree-sitter reads: one row a family."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from codebase_gardener.languages.symbols import Symbol

__all__ = ["FAMILIES", "Family", "family_of", "is_hidden"]


@dataclass(frozen=True)
class Family:
    """Languages that import each other's files, and how they write names.

    Attributes:
        languages: As in `SourceFile`.
        joint: Between the parts of a path in code: "." or "::".
        receivers: Names that mean the object itself inside its methods.
        wrappers: Types that only hold what a function really gives.
        common: Methods of the language's own types, by whose name alone nothing can be told.
        hidden: Whether a definition is closed to users of its package, by its signature.
        builtins: Names of the language itself.
        test: What in its decorators makes a function a test, else what its name begins with ("" for none).
    """

    languages: tuple[str, ...]
    joint: str
    receivers: tuple[str, ...]
    wrappers: frozenset[str]
    common: frozenset[str]
    hidden: Callable[[Symbol], bool]
    builtins: frozenset[str]
    test: re.Pattern[str]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _go_hidden(symbol: Symbol) -> bool:
    return not all(part[:1].isupper() for part in symbol.qualified_name.split("."))


def _rust_hidden(symbol: Symbol) -> bool:
    """A trait's methods are as open as the trait."""
    return not symbol.is_declaration and not re.match(r"pub(?!\s*\()\b", symbol.signature)


def _java_hidden(symbol: Symbol) -> bool:
    return not symbol.is_declaration and not re.match(
        r"(?:[@\w()\".=, ]{0,200}\s)?public\b", symbol.signature
    )


def _script_hidden(symbol: Symbol) -> bool:
    return "#" in symbol.qualified_name or bool(
        re.match(r"(?:static\s+)?(?:private|protected)\b", symbol.signature)
    )


def _c_hidden(symbol: Symbol) -> bool:
    return bool(re.match(r"static\b", symbol.signature)) and symbol.kind == "function"


FAMILIES: dict[str, Family] = {
    "script": Family(
        ("typescript", "tsx", "javascript"), ".", ("this",),
        _words("Promise Awaited Readonly Partial Required PromiseLike NonNullable"),
        _words("""apply bind call map filter forEach reduce find findIndex some every includes indexOf push pop shift
               unshift splice slice concat join sort reverse keys values entries flat flatMap at fill test exec match
               matchAll replace replaceAll split trim trimStart trimEnd toLowerCase toUpperCase startsWith endsWith
               padStart padEnd repeat charAt charCodeAt codePointAt substring substr localeCompare normalize toString
               toFixed valueOf hasOwnProperty get set has delete add clear size then catch finally next return throw
               log error warn info debug parse stringify assign freeze create from of isArray resolve reject all race
               now getTime toISOString on once off emit addEventListener removeEventListener querySelector appendChild
               send write end read close open json text status done toBe toEqual toThrow describe length name"""),
        _script_hidden,
        _words("""Object Array String Number Boolean BigInt Symbol Function Date RegExp Error TypeError RangeError
               SyntaxError ReferenceError Map Set WeakMap WeakSet WeakRef Promise Proxy Reflect JSON Math Intl
               Uint8Array Uint16Array Uint32Array Int8Array Int16Array Int32Array Float32Array Float64Array ArrayBuffer
               DataView AggregateError AbortController AbortSignal URL URLSearchParams TextEncoder TextDecoder Buffer
               Blob File FormData Headers Request Response console process globalThis window document navigator global
               require parseInt parseFloat isNaN isFinite encodeURIComponent decodeURIComponent encodeURI decodeURI
               atob btoa setTimeout clearTimeout setInterval clearInterval setImmediate queueMicrotask
               structuredClone fetch super import describe it test expect beforeEach afterEach beforeAll afterAll vi
               jest assert performance eval"""),
        re.compile(r"(?!)"),
    ),
    "go": Family(
        ("go",), ".", (), frozenset(),
        _words("Error String Close Read Write Len Less Swap Lock Unlock RLock RUnlock Add Done Wait Do Get Set Run "
               "Fatal Fatalf Errorf Error Log Logf Helper Skip Parallel Cleanup Print Printf Println Is As Unwrap Next "
               "Scan Text Bytes Reset Name Format Now Sub Load Store Delete Range Context Err Value"),
        _go_hidden,
        _words("""append cap clear close complex copy delete imag len make max min new panic print println real recover
               bool byte error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64
               uintptr any"""),
        re.compile(r"Test(?![a-z])|Example(?![a-z])|Fuzz(?![a-z])"),
    ),
    "rust": Family(
        ("rust",), "::", ("self", "Self"),
        _words("Result Option Box Arc Rc RefCell Mutex Pin Cow Ok Some impl dyn mut std result io boxed pin future "
               "Future"),
        _words("""new clone into from unwrap expect unwrap_or unwrap_or_else map map_err and_then or_else ok err iter
               into_iter iter_mut next collect push pop insert remove get get_mut len is_empty contains as_ref as_mut
               as_str to_string to_owned to_vec borrow borrow_mut lock read write flush fmt eq ne cmp partial_cmp hash
               default drop deref filter fold find any all sum min max zip enumerate rev take skip chain extend append
               sort split trim parse chars bytes lines starts_with ends_with replace join concat is_some is_none is_ok
               is_err cloned copied send recv spawn wait poll index try_into try_from as_bytes"""),
        _rust_hidden,
        _words("""std core alloc Vec String Some None Ok Err Box Arc Rc Option Result println print eprintln eprint
               format panic assert assert_eq assert_ne debug_assert vec write writeln todo unimplemented unreachable
               matches include_str include_bytes env concat stringify dbg cfg str u8 u16 u32 u64 u128 usize i8 i16 i32
               i64 i128 isize f32 f64 bool char Default From Into Iterator drop HashMap HashSet BTreeMap"""),
        re.compile(r"@(?:\w+::)*test\b"),
    ),
    "java": Family(
        ("java",), ".", ("this",), _words("Optional CompletableFuture Future Mono Supplier Callable"),
        _words("""equals hashCode toString getClass notify wait clone compareTo get set put add remove size isEmpty
               contains containsKey iterator next hasNext stream map filter collect forEach of length charAt substring
               indexOf split trim replace format append close read write flush run call apply accept test println print
               printf valueOf parseInt toArray sort keySet values entrySet getOrDefault getMessage start join sleep
               assertEquals assertTrue assertFalse assertNull assertNotNull assertThrows"""),
        _java_hidden,
        _words("""String Object Integer Long Double Float Boolean Character Byte Short Math System Thread Runnable
               StringBuilder Exception RuntimeException IllegalArgumentException IllegalStateException Error Class
               Iterable Override super assertEquals assertTrue assertFalse assertNull assertNotNull assertThrows
               fail"""),
        re.compile(r"@(?:\w+\.)*(?:Parameterized)?Test\b"),
    ),
    "c": Family(
        ("c", "cpp"), "::", ("this",), _words("std unique_ptr shared_ptr optional const static inline extern auto"),
        _words("""begin end cbegin cend size empty front back push_back pop_back emplace_back insert erase find count at
               clear resize reserve c_str data str get reset release swap first second substr append length compare
               open close read write good eof fail printf fprintf sprintf snprintf malloc calloc realloc free memcpy
               memset memmove strlen strcmp strncmp strcpy strncpy strcat strdup assert exit abort"""),
        _c_hidden,
        _words("""std printf fprintf sprintf snprintf malloc calloc realloc free memcpy memset memmove strlen strcmp
               strncmp strcpy strncpy strcat strdup strtol strtod atoi atof exit abort assert fopen fclose fread fwrite
               fgets fputs puts putchar getchar qsort sizeof static_cast dynamic_cast reinterpret_cast const_cast
               decltype isalpha isdigit isspace toupper tolower TEST TEST_F EXPECT_EQ ASSERT_EQ EXPECT_TRUE ASSERT_TRUE
               EXPECT_FALSE ASSERT_FALSE REQUIRE CHECK"""),
        re.compile(r"test_?(?=[A-Z_\d])|TEST"),
    ),
}  # fmt: skip
"""By the family's name."""

_BY_LANGUAGE = {language: name for name, row in FAMILIES.items() for language in row.languages}


def family_of(language: str) -> str:
    """The family of a language; "" for one that is not linked here.

    Example:
        >>> family_of("tsx"), family_of("python")
        ('script', '')
    """
    return _BY_LANGUAGE.get(language, "")


def is_hidden(symbol: Symbol) -> bool:
    """Whether a definition is closed to users of its package, by what its language says; never for Python."""
    family = FAMILIES.get(family_of(symbol.language))
    return family is not None and family.hidden(symbol)
