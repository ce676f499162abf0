from __future__ import annotations

from samples.manifests import read, rows

GEM = """\
require "kiln/version"

Gem::Specification.new do |spec|
  spec.name = 'kiln'
  spec.version = Kiln::VERSION
  spec.summary = "Fires pots."
  # spec.name = "old"
  spec.homepage = "https://o.org/kiln"
  spec.required_ruby_version = [">= 2.7", "< 4"]
  spec.executables = %w(kiln fire)

  spec.add_dependency "clay", "~> 2.1", ">= 2.1.3"
  spec.add_runtime_dependency("slip")
  spec.add_dependency name, "1"
  spec.add_development_dependency 'rspec', '> 3'
end
"""


def test_gemspec() -> None:
    found = read("kiln.gemspec", GEM)
    assert (found.ecosystem, found.name.text, found.name.start, found.version.text) == (
        "RubyGems",
        "kiln",
        4,
        "",
    )
    assert (found.description, found.urls) == ("Fires pots.", (("homepage", "https://o.org/kiln"),))
    assert found.commands == ("kiln", "fire")
    assert rows("kiln.gemspec", GEM, "runtime") == [("", "Ruby", ">=2.7,<4", 9)]
    assert rows("kiln.gemspec", GEM, "requirement") == [
        ("", "clay", "~>2.1,>=2.1.3", 12),
        ("", "slip", "", 13),
    ]
    assert rows("kiln.gemspec", GEM, "group") == [("development", "rspec", ">3", 15)]


def test_what_is_computed_or_broken_is_left_out() -> None:
    for text in (
        "",
        "s.name = 'a",
        's.name = "#{x}"',
        "s.add_dependency",
        "s.executables = files.map { 'a' }",
        "s.name =",
    ):
        found = read("a.gemspec", text)
        assert not found.name
        assert found.dependencies == ()
