"""What a repository's files tell to run."""

from __future__ import annotations

from codebase_gardener.knowledge.overview.tasks import tasks


def test_what_a_command_of_a_job_is_given_is_no_command() -> None:
    path = ".github/workflows/ci.yml"
    block = "cat <<EOF > a.ini\n[a]\nport = 1\nEOF\npytest\n"
    text = "jobs:\n  a:\n    steps:\n      - run: |\n" + "".join(
        f"          {line}\n" for line in block.split("\n")
    )
    found = tasks({}, {path: text})
    assert [(task.command, task.start) for task in found[path]] == [("cat <<EOF > a.ini", 5), ("pytest", 9)]
