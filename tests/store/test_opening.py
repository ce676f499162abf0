import sys

import pytest

from codebase_gardener.store.opening import StoreUrl, open_remote, parse_store_url
from codebase_gardener.utils.error_handling import InvalidInputError, StoreError


@pytest.mark.parametrize("text", ["s3://bucket", "s3://bucket/a/b", "file:///srv/store"])
def test_a_url_is_read_and_written(text: str) -> None:
    assert str(parse_store_url(text)) == text
    assert str(parse_store_url(f"{text}/")) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bucket",
        "/srv/store",
        "s3:///a",
        "s3://key:s3cret@bucket/a",
        "s3://bucket?secret=s3cret",
        "s3://b:1/a",
        "file://host/a",
        "file:relative",
        "gs://bucket",
        "http://s3cret@host",
        "s3://bucket/../a",
        "s3://[s3cret",
    ],
)
def test_what_is_no_url_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_store_url(text)
    assert "s3cret" not in f"{caught.value.as_dict()}"


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(StoreError) as caught:
        open_remote(StoreUrl("s3", "bucket"))
    assert "obstore" in caught.value.message
    assert "[cluster]" in caught.value.hint


def test_an_endpoint_with_a_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://me:s3cret@127.0.0.1:1")
    with pytest.raises(StoreError) as caught:
        open_remote(StoreUrl("s3", "bucket"))
    assert "s3cret" not in f"{caught.value.as_dict()}"


def test_a_profile_needs_what_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.setenv("AWS_PROFILE", "team")
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(StoreError, match="boto3"):
        open_remote(StoreUrl("s3", "bucket"))
