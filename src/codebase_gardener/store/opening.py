"""A store by its URL: what may stand in one, and what opens it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from codebase_gardener.utils.error_handling import InvalidInputError, StoreError

if TYPE_CHECKING:
    from obstore.store import LocalStore, S3CredentialProvider, S3Store

__all__ = ["StoreUrl", "open_remote", "parse_store_url"]

_HINT = (
    "write s3://BUCKET/PREFIX or file:///FOLDER; keys come from the environment (AWS_ACCESS_KEY_ID …) only"
)
_CONNECT_S, _READ_S, _RETRIES = 10, 60, 10


@dataclass(frozen=True)
class StoreUrl:
    """A store's URL, which holds no secret.

    Attributes:
        kind: `s3` or `file`.
        place: The bucket, or the folder.
        prefix: What all names in the bucket begin with; "" for none.
    """

    kind: str
    place: str
    prefix: str = ""

    def __str__(self) -> str:
        return (
            f"file://{self.place}" if self.kind == "file" else f"s3://{self.place}/{self.prefix}".rstrip("/")
        )


def parse_store_url(url: str) -> StoreUrl:
    """Read a URL of a store.

    Raises:
        InvalidInputError: It is none, or holds a key or options; it is not shown then.

    Example:
        >>> parse_store_url("s3://bucket/team/garden")
        StoreUrl(kind='s3', place='bucket', prefix='team/garden')
    """
    try:
        parts = urlsplit(url)
        has_more = bool(parts.query or parts.fragment or "@" in parts.netloc or parts.port)
    except ValueError:
        raise InvalidInputError("the store's URL cannot be read", hint=_HINT) from None
    folder, prefix = unquote(parts.path), parts.path.strip("/")
    if parts.scheme == "file" and not parts.netloc and folder.startswith("/") and not has_more:
        return StoreUrl("file", str(Path(folder)))
    if parts.scheme == "s3" and parts.netloc and not has_more and ".." not in prefix.split("/"):
        return StoreUrl("s3", parts.netloc, prefix)
    raise InvalidInputError("the store's URL is neither of a bucket nor of a folder", hint=_HINT)


def open_remote(url: StoreUrl) -> S3Store | LocalStore:
    """What reads and writes objects. Nothing is asked of a server yet.

    Raises:
        StoreError: The library is not installed, or the environment's options cannot be right.
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import LocalStore
    except ImportError as error:
        raise StoreError(
            f"the store {url} needs obstore, which is not installed",
            hint="pip install -c constraints.txt '.[cluster]'",
        ) from error
    if url.kind == "file" and Path(url.place).exists() and not Path(url.place).is_dir():
        raise StoreError(f"the store {url} is no folder", hint="name one; it is made where it is not there")
    try:
        return LocalStore(url.place, mkdir=True) if url.kind == "file" else _bucket(url)
    except (BaseError, ValueError) as error:
        raise StoreError(
            f"the store {url} cannot be opened: {type(error).__name__}",
            hint="see the variables AWS_… of the environment"
            if url.kind == "s3"
            else "name a folder of yours",
        ) from None  # its text could show an option's value


def _bucket(url: StoreUrl) -> S3Store:
    from datetime import timedelta

    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    if "@" in urlsplit(endpoint).netloc:
        raise StoreError(
            "AWS_ENDPOINT_URL holds a user or password",
            hint="keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        )
    return S3Store(
        url.place,
        prefix=url.prefix or None,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=_CONNECT_S),
            "read_timeout": timedelta(seconds=_READ_S),
            "timeout": timedelta(
                hours=1
            ),  # of a whole large file; one that stands still ends by read_timeout
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=_READ_S)},
        credential_provider=_profile(),
    )


def _profile() -> S3CredentialProvider | None:
    """Keys and region of a profile of the AWS command line, where one is named."""
    profile = os.environ.get("AWS_PROFILE")
    if not profile or os.environ.get("AWS_ACCESS_KEY_ID"):
        return None
    try:
        import boto3
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise StoreError(
            "AWS_PROFILE is set, and boto3, which reads profiles, is not installed",
            hint="pip install boto3, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ) from error
    return Boto3CredentialProvider(boto3.Session(profile_name=profile))
