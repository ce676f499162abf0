"""setup.py is read, never run."""

from __future__ import annotations

from codebase_gardener.manifests.python import setup_py
from samples.manifests import everything, rows

SETUP = """\
from setuptools import setup
VERSION = "1"
extras = {}
extras["a"] = ["one>=1", "two"]
extras["b"] = ["three"]
extras["dev"] = extras["a"] + extras["b"]
more = ["four"]
more += ["five==5"]
more.append("six")
extras.update({"c": ["seven"]})
setup(
    name="t",
    python_requires=">=3.10.0",
    install_requires=[
        "numpy>=1.17",
    ] + more,
    extras_require=extras,
)
"""


def test_setup_script() -> None:
    assert rows("setup.py", SETUP, "requirement") == [
        ("", "numpy", ">=1.17", 15), ("", "four", "", 7), ("", "five", "==5", 8), ("", "six", "", 9),
    ]  # fmt: skip
    assert rows("setup.py", SETUP, "extra") == [
        ("a", "one", ">=1", 4), ("a", "two", "", 4), ("b", "three", "", 5), ("c", "seven", "", 10),
    ]  # fmt: skip
    assert [row[1] for row in rows("setup.py", SETUP, "dev-extra")] == ["one", "two", "three"]
    assert rows("setup.py", SETUP, "runtime") == [("", "Python", ">=3.10.0", 13)]


def test_setup_script_is_never_run(tmp_path: object) -> None:
    text = (
        f"import os\nopen({str(tmp_path)!r} + '/ran', 'w')\nexec('raise SystemExit')\nraise SystemExit\n"
        + SETUP
    )
    assert [row[1] for row in rows("setup.py", text, "requirement")] == ["numpy", "four", "five", "six"]
    assert not list(tmp_path.iterdir())  # type: ignore[attr-defined]


def test_setup_script_that_doubles_a_list_stays_small() -> None:
    text = 'x = ["a"]\n' + "x = x + x\n" * 60 + "setup(install_requires=x)\n"
    assert 0 < len(rows("setup.py", text, "requirement")) <= 5_000
    deep = "setup(install_requires=" + " + ".join(['["a"]'] * 3_000) + ")\n"
    everything("setup.py", deep)


def test_programs_of_a_comprehension() -> None:
    text = (
        "bins = ('fire', 'cool')\n"
        "setup(entry_points={'console_scripts': [f'{bin} = kiln.{bin}:main' for bin in bins]})\n"
    )
    assert setup_py("setup.py", text).commands == ("fire", "cool")
    nested = "x = ['a'] * 1\nx = ['a', 'b']\nsetup(entry_points={'console_scripts': [[y for y in x] for z in x]})\n"
    assert setup_py("setup.py", nested).commands == ()
