"""All APIs that get a page."""

from __future__ import annotations

from codebase_gardener.knowledge.apis.catalog import api_catalog, wrapper_apis
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of


def test_external_apis_shown_beside_the_repository_s_own(context: ApiContext) -> None:
    (wrapper,) = wrapper_apis(context)
    assert wrapper.target == Target("", "transformers.AutoModel.from_pretrained")
    assert wrapper.page == "AutoModel_from_pretrained"
    assert wrapper.principle == "Auto_Model_Loading"
    assert wrapper.call == 'AutoModel.from_pretrained("x", dtype="float32")'
    assert wrapper.reasons == ("exercised by 2 passages of 2 files", "shown to users in 2 passages")


def test_a_package_that_only_a_document_imports_is_no_dependency() -> None:
    document = "```python\nimport yourapp\nfrom lib import f\nf(yourapp.Thing.load())\n```\n"
    context = context_of(
        {
            "lib/__init__.py": "def f(x): ...\n",
            "README.md": f"# A\n\n{document}",
            "docs/b.md": f"# B\n\n{document}",
        }
    )
    assert wrapper_apis(context) == ()


def test_the_catalog_takes_what_workflows_need_and_names_are_unique(context: ApiContext) -> None:
    needed = [
        Target("lib/core.py", "inner_helper"),
        Target("", "torch.optim.AdamW"),
        Target("lib/core.py", "LIMIT"),
    ]
    catalog = api_catalog(context, needed)
    assert set(needed) <= {api.target for api in catalog}
    assert len({api.page.lower() for api in catalog}) == len(catalog)
    assert len({api.principle.lower() for api in catalog}) == len(catalog)
    assert api_catalog(context, reversed(needed)) == catalog
