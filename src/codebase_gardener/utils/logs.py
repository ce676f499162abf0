"""Structured logging: plain lines on standard error for people, JSON lines in a worker's log."""

from __future__ import annotations

import logging
import sys

__all__ = ["configure_logging"]

_CHATTY = ("bm25s", "matplotlib", "httpx", "httpx2", "urllib3", "filelock")
_ALARMED = ("torchao", "bitsandbytes", "torch.utils._pytree")  # warn of kernels for devices that are not here


def configure_logging(level: str = "WARNING", *, as_json: bool = False) -> None:
    """Send every log record of this process to standard error.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
        as_json: One JSON object a line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLater() if as_json else logging.Formatter("%(levelname)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for name in _ALARMED:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("py.warnings").setLevel(logging.ERROR)  # deprecations among the libraries


class _JsonLater(logging.Formatter):
    """structlog's JSON rendering, imported with the first record: most commands log nothing."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object with time, level, logger, event and traceback."""
        import structlog

        formatter = structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        )
        return formatter.format(record)
