from pathlib import Path

from codebase_gardener.gardener.shared_wikis import bring_wiki, share_wiki, wiki_key
from codebase_gardener.store.shared import SharedFolders
from codebase_gardener.utils.files import write_json
from codebase_gardener.wiki.paths import WikiPaths


def test_the_state_that_was_built_last_is_what_others_see(tmp_path: Path, store_url: str) -> None:
    one, two = (
        SharedFolders.open(tmp_path / name, store_url, cache_bytes=1 << 20, grace_s=3600)
        for name in ("one", "two")
    )
    here, there = (WikiPaths(tmp_path / name / "projects" / "demo") for name in ("one", "two"))
    share_wiki(one, here)
    bring_wiki(two, there)
    assert not there.folder.exists()
    for text in ("old", "new"):
        (here.folder / "apis").mkdir(parents=True, exist_ok=True)
        (here.folder / "apis" / "a.md").write_text(text)
        (here.folder / "link").unlink(missing_ok=True)
        (here.folder / "link").symlink_to("/etc/hostname")
        write_json(here.record, {"revision": text})
        share_wiki(one, here)
    bring_wiki(two, there)
    assert (there.folder / "apis" / "a.md").read_text() == "new"
    assert not (there.folder / "link").exists()
    assert there.record.read_bytes() == here.record.read_bytes()
    assert two.store is not None
    assert len(list(two.store.keys("projects/demo/wikis"))) == 2
    bring_wiki(two, there)
    two.store.put("projects/demo/wiki", b'{"key": "projects/other/wikis/1"}')
    assert wiki_key(two.store, "demo") is None
