"""Ruby: symbols, code, signatures, which file is required, what is public, and how it is called."""

from __future__ import annotations

import pytest

from codebase_gardener.dataset.functions import is_completable
from codebase_gardener.knowledge.apis.calls import call_of, import_of
from codebase_gardener.languages.table import is_hidden
from codebase_gardener.utils.anchors import split_lines
from samples.sources import bound, calls, code_in, imports, parameters, places, symbols_in, units_of
from samples.written_context import context_of, symbol_named

SYMBOLS = """\
# frozen_string_literal: true

module Tea
  # Boils water.
  #
  # @param litres how much
  class Kettle < Base::Pot
    class << self
      def of(litres)
        new(litres)
      end
    end

    def initialize(litres, name = "a, b", *rest, lid:, full: true, **more, &block)
      @litres = litres
    end

    def self.make(litres); end
    def empty?() = @litres.zero?
    def <=>(other) = 0

    def boil
      check!
    end
    private :boil

    private

    def check!
      true
    end

    public def open; end
  end

  class Error < StandardError; end
end
"""
CODE = """\
require "json"
require_relative "../pot"
LIMIT = 3
class Kettle
  def boil
    stove = Stoves::Gas.new(1)
    stove.light.wait("a")
    check(2)
  end
end
module Tea; end
"""
FILES = {
    "lib/tea.rb": "", "lib/tea/kettle.rb": "", "lib/json/x.rb": "", "gems/mug/lib/mug.rb": "", "test/helper.rb": "",
}  # fmt: skip
PACKAGE = {
    "lib/tea.rb": """
        require "tea/kettle"

        module Tea
          # Makes a kettle and gives it.
          def self.make(litres)
            Tea::Kettle.new(litres)
          end
        end
        """,
    "lib/tea/kettle.rb": """
        module Tea
          # Holds and boils water.
          class Kettle
            def initialize(litres)
              @litres = litres
            end

            # Heats the water up.
            def boil(degrees, slowly: false)
              degrees
            end
          end
        end
        """,
    "test/kettle_test.rb": """
        require "tea"

        class KettleTest < Minitest::Test
          def test_boil
            kettle = Tea::Kettle.new(1)
            kettle.boil(100)
          end

          should "make one" do
            Tea.make(2).boil(80)
          end
        end
        """,
}


def test_symbols() -> None:
    assert places(SYMBOLS, "ruby") == [
        ("Tea.Kettle", "class", 7, 34), ("Tea.Kettle.of", "method", 9, 11),
        ("Tea.Kettle.initialize", "method", 14, 16), ("Tea.Kettle.make", "method", 18, 18),
        ("Tea.Kettle.empty?", "method", 19, 19), ("Tea.Kettle.<=>", "method", 20, 20),
        ("Tea.Kettle.boil", "method", 22, 24), ("Tea.Kettle.check!", "method", 29, 31),
        ("Tea.Kettle.open", "method", 33, 33), ("Tea.Error", "class", 36, 36),
    ]  # fmt: skip


def test_what_is_kept_of_a_symbol() -> None:
    found = symbols_in(SYMBOLS, "ruby")
    kettle = found["Tea.Kettle"]
    assert (kettle.signature, kettle.bases) == ("class Kettle < Base::Pot", ("Base::Pot",))
    assert (kettle.docstring, kettle.body_start) == ("Boils water.\n\n@param litres how much", 8)
    assert found["Tea.Kettle.of"].signature == "def self.of(litres)"
    assert found["Tea.Kettle.make"].signature == "def self.make(litres)"
    assert found["Tea.Kettle.initialize"].parameters == (
        "litres", "name", "*rest", "lid", "full", "**more", "&block",
    )  # fmt: skip
    assert found["Tea.Error"].signature == "class Error < StandardError"
    hidden = [symbol.name for symbol in found.values() if is_hidden(symbol)]
    assert hidden == ["boil", "check!"]


def test_code() -> None:
    code = code_in(CODE, "ruby")
    assert imports(code) == ["1 json:*:*", "2 ./../pot:*:*"]
    assert calls(code) == [
        "1  require", "2  require_relative", "6 Kettle.boil Stoves.Gas.new", "7 Kettle.boil stove.light",
        "7 Kettle.boil stove.light().wait", "8 Kettle.boil check",
    ]  # fmt: skip
    assert (code.exports, code.names) == (("Kettle", "Tea"), ("LIMIT",))
    assert bound(code) == [("stove", "Stoves.Gas.new")]


def test_a_body_that_says_nothing() -> None:
    text = "def a\n  raise NotImplementedError\nend\ndef b\n  1\nend\n"
    found = [one.name for one in symbols_in(text, "ruby").values() if is_completable(one, split_lines(text))]
    assert found == ["b"]


def test_a_method_that_a_document_calls_bare_is_not_taken_for_another_s() -> None:
    context = context_of(PACKAGE | {"README.md": "# Tea\n\n```ruby\nboil 3\nTea.make 2\n```\n"})
    (shown,) = [passage for passage in context.resolution.passages if passage.path == "README.md"]
    assert [use.target.name for use in shown.uses] == ["Tea.make"]


def test_parameters() -> None:
    assert parameters('def f(a, b = g(1, 2), *c, d:, e: "x, y", **f, &g); end', "ruby") == [
        ("a", "", "", True), ("b", "", "g(1, 2)", False), ("*c", "", "", False), ("d:", "", "", True),
        ("e:", "", '"x, y"', False), ("**f", "", "", False), ("&g", "", "", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("test/a.rb", "./helper", "test/helper.rb"), ("lib/tea/kettle.rb", "./../tea", "lib/tea.rb"),
        ("test/a.rb", "tea/kettle", "lib/tea/kettle.rb"), ("test/a.rb", "mug", "gems/mug/lib/mug.rb"),
        ("test/a.rb", "json", ""), ("test/a.rb", "x", ""),
    ],
)  # fmt: skip
def test_what_an_import_means(importer: str, module: str, expected: str) -> None:
    assert units_of(FILES, "ruby").find(module, importer) == expected


def test_a_gem_is_linked() -> None:
    context = context_of(PACKAGE)
    resolution = context.resolution
    shown = [
        (passage.title, [use.target.name for use in passage.uses])
        for passage in resolution.passages
        if passage.path.startswith("test")
    ]
    assert shown == [
        ("Boil", ["Tea.Kettle", "Tea.Kettle.boil"]), ("make one", ["Tea.make", "Tea.Kettle.boil"]),
    ]  # fmt: skip
    boil, make = symbol_named(context, "Tea.Kettle.boil"), symbol_named(context, "Tea.make")
    kettle = symbol_named(context, "Tea.Kettle")
    assert {import_of(context.target(one), context) for one in (boil, make, kettle)} == {'require "tea"'}
    assert call_of(kettle, context) == "Tea::Kettle.new(litres)"
    assert call_of(make, context) == "Tea.make(litres)"
    assert call_of(boil, context) == "kettle.boil(degrees)"


def test_a_base_that_is_looked_up_through_the_class_itself_is_none() -> None:
    source = (
        "module Pot\n  class Lid < ::Lid::Handle\n    def self.lift\n      Lid.turn(1)\n    end\n  end\nend\n"
    )
    context = context_of({"lib/pot.rb": source, "test/lid_test.rb": "require 'pot'\nPot::Lid.turn(2)\n"})
    assert symbol_named(context, "Pot.Lid.lift").kind == "method"
