"""What went wrong with a store, in words of ours: the library's hold requests, a server's may hold anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from codebase_gardener.utils.error_handling import NotFoundError, StoreError

__all__ = ["telling"]

_CODE = re.compile(r"<Code>([A-Za-z]{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_REACHED = (
    "is it running, is AWS_ENDPOINT_URL right, can this machine reach it? Nothing was half done: do it again"
)
_KEYS = "see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do in the bucket"


@contextmanager
def telling(url: str, what: str) -> Iterator[None]:
    """A block that asks something of a store; AlreadyExistsError passes, it is an answer.

    Args:
        url: Of the store.
        what: The object that is asked for.

    Raises:
        NotFoundError: It is not there.
        StoreError: Everything else.
    """
    from obstore.exceptions import AlreadyExistsError, BaseError

    try:
        yield
    except AlreadyExistsError:
        raise
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise StoreError(f"there is no bucket at {url}", hint="make it, or correct the name") from None
        raise NotFoundError(f"{what} is not in the store {url}", hint="see `gardener store status`") from None
    except (BaseError, ValueError, OSError) as error:
        raise _told(url, what, error) from None


def _told(url: str, what: str, error: Exception) -> StoreError:
    from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

    text = str(error)
    code, status = _CODE.search(text), _STATUS.search(text)
    said = " ".join(found[1] for found in (status, code) if found)
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return StoreError(f"the store {url} refuses {what}: {said or 'not allowed'}", hint=_KEYS)
    if code and code[1] == "NoSuchBucket":
        return StoreError(f"there is no bucket at {url}", hint="make it, or correct the name")
    if said:
        return StoreError(f"the store {url} failed at {what}: {said}", hint=_REACHED)
    return StoreError(f"the store {url} did not answer for {what} ({_why(text)})", hint=_REACHED)


def _why(text: str) -> str:
    """The library's own kind of failure."""
    for sign in ("No space left", "Connect", "Timeout", "timed out", "credentials", "Not a directory"):
        if sign.lower() in text.lower():
            return sign.lower()
    return "no reason given"
