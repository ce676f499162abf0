"""What is a step of a workflow, and what a helper."""

from samples.pottery import FILES, README, mined, steps


def test_what_is_no_step() -> None:
    functions = [f"op{n}" for n in range(15)]
    tests = "import arrays\nfrom pottery import make_kiln, throw, glaze\n\n\n" + "".join(
        f"def test_shapes_{n}():\n    throw(arrays.{name}())\n    make_kiln(1)\n    glaze(2)\n\n\n"
        for n, name in enumerate(functions)
    )
    readme = (
        README
        + "\n## Reading your own\n\n```python\n"
        + "from mykiln import helper\nfrom pottery import sell\n\nhelper()\nsell(1)\n```\n"
    )
    paths = mined(FILES | {"README.md": readme, "tests/test_shapes.py": tests})
    names = {name for path in paths for name in steps(path)}
    assert "make_kiln" in names
    assert not [name for name in names if name.startswith(("arrays.", "mykiln.", "numpy."))]


def test_a_package_that_only_documents_know_makes_no_step() -> None:
    readme = README + "\n## Shops\n\n```python\nimport stall\nfrom pottery import sell, glaze\n\n"
    readme += "glaze(pot)\nstall.show(pot)\nsell(pot)\n```\n"
    made_up = {name for path in mined(FILES | {"README.md": readme}) for name in steps(path)}
    manifest = '[project]\nname = "pottery"\n[dependency-groups]\ndocs = ["stall"]\n'
    real = mined(FILES | {"README.md": readme, "pyproject.toml": manifest})
    assert "stall.show" not in made_up
    assert "stall.show" in {name for path in real for name in steps(path)}
