"""Names of members that types of Python's standard library have."""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import datetime
import decimal
import enum
import fractions
import inspect
import io
import logging
import pathlib
import queue
import re
import socket
import string
import subprocess
import tempfile
import threading
import types

__all__ = ["STANDARD_MEMBERS"]

_TYPES: tuple[type, ...] = (
    argparse.ArgumentParser, argparse.Namespace,
    collections.ChainMap, collections.Counter, collections.OrderedDict, collections.UserDict, collections.UserList,
    collections.defaultdict, collections.deque,
    concurrent.futures.Executor, concurrent.futures.Future,
    contextlib.AsyncExitStack, contextlib.ExitStack,
    datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone,
    decimal.Context, decimal.Decimal, enum.Enum, enum.Flag, fractions.Fraction,
    inspect.BoundArguments, inspect.Parameter, inspect.Signature,
    io.BufferedReader, io.BufferedWriter, io.BytesIO, io.FileIO, io.StringIO, io.TextIOWrapper,
    logging.Formatter, logging.Handler, logging.LogRecord, logging.Logger,
    pathlib.Path, queue.Queue, queue.SimpleQueue, re.Match, re.Pattern, socket.socket, string.Formatter,
    string.Template, subprocess.CompletedProcess, subprocess.Popen, tempfile.SpooledTemporaryFile,
    tempfile.TemporaryDirectory, threading.Barrier, threading.Condition, threading.Event, threading.Semaphore,
    threading.Thread, type(threading.Lock()), type(threading.RLock()),
    types.CoroutineType, types.FrameType, types.FunctionType, types.GeneratorType, types.MappingProxyType,
    types.MethodType, types.ModuleType, types.SimpleNamespace, types.TracebackType,
)  # fmt: skip
"""Their modules load fast; `dir` tells their members."""

_NAMED: dict[str, tuple[str, ...]] = {
    # types of modules that load slowly: their methods, as Python's library reference lists them
    "unittest.mock.Mock": (
        "assert_any_call", "assert_called", "assert_called_once", "assert_called_once_with", "assert_called_with",
        "assert_has_calls", "assert_not_called", "attach_mock", "configure_mock", "mock_add_spec", "reset_mock"),
    "asyncio.AbstractEventLoop": (
        "add_reader", "call_at", "call_later", "call_soon", "call_soon_threadsafe", "create_future", "create_task",
        "is_closed", "is_running", "run_forever", "run_in_executor", "run_until_complete", "stop"),
    "asyncio.Task": ("add_done_callback", "cancel", "cancelled", "done", "get_coro", "result", "uncancel"),
    "sqlite3.Connection": ("commit", "cursor", "execute", "executemany", "executescript", "rollback"),
    "sqlite3.Cursor": ("fetchall", "fetchmany", "fetchone"),
    "csv.writer": ("writeheader", "writerow", "writerows"),
    "zipfile.ZipFile": ("extract", "extractall", "getinfo", "infolist", "namelist", "printdir", "testzip", "writestr"),
    "configparser.ConfigParser": (
        "add_section", "getboolean", "getfloat", "getint", "has_option", "has_section", "options", "read_dict",
        "read_file", "read_string", "sections"),
    "xml.etree.ElementTree.Element": ("find", "findall", "findtext", "iterfind", "itertext", "makeelement"),
}  # fmt: skip

STANDARD_MEMBERS = frozenset(name for kind in _TYPES for name in dir(kind)) | frozenset(
    name for names in _NAMED.values() for name in names
)
"""By such a name alone nothing can be told of a thing that nothing is known of."""
