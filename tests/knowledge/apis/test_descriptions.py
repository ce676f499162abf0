"""What pages say is what a reader finds: uses that are counted, dependencies."""

from codebase_gardener.knowledge.apis.catalog import api_catalog
from codebase_gardener.knowledge.apis.descriptions import used_in, used_passages
from codebase_gardener.knowledge.apis.implementations import implementation_page
from codebase_gardener.knowledge.links.resolution import Target
from codebase_gardener.knowledge.pages.implementation_layout import read_code_reference
from samples.pot import PACKAGE
from samples.written_context import context_of


def test_tests_that_reach_an_api_through_helpers_are_counted_apart() -> None:
    context = context_of(PACKAGE)
    make = Target("pot/core.py", "make")
    assert [passage.scope for passage in used_passages(make, context)] == ["test_own"]
    assert used_in(make, context) == "1 test, and 1 more test through helpers"
    assert used_in(Target("pot/core.py", "nothing"), context) == ""


def test_what_a_function_made_and_returned_is_no_api() -> None:
    context = context_of(PACKAGE)
    used = {use.target.name for passage in context.resolution.passages for use in passage.uses}
    assert "lazy" in used
    assert "lazy.wrapper" not in used


def test_dependencies_include_what_annotations_name() -> None:
    context = context_of(PACKAGE)
    apis = {api.target: api for api in api_catalog(context, [Target("pot/core.py", "make")])}
    page = implementation_page(apis[Target("pot/core.py", "make")], context, apis)
    reference = read_code_reference(page)
    assert reference
    assert reference.dependencies == ("torch", "transformers")
