"""Between the engine's thread and the wire's event loop: pieces as they come, and an end when the client is gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from starlette.requests import Request

from codebase_gardener.serving.engine import Engine, EngineRequest, Finish, Generation, Piece, TokenScore

__all__ = ["AnswerStream", "begin", "pieces_of", "whole"]

_LOOK_S = 0.25


class AnswerStream:
    """One answer as the event loop sees it."""

    def __init__(self, engine: Engine, request: EngineRequest) -> None:
        loop = asyncio.get_running_loop()
        self._pieces: asyncio.Queue[Piece] = asyncio.Queue()
        self.text, self.tokens = "", 0
        self.scores: list[TokenScore] = []
        self.prompt_scores: list[TokenScore] = []
        self.finish: Finish | None = None
        self.began_ns, self.first_ns = time.monotonic_ns(), 0

        def put(piece: Piece) -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody reads
                loop.call_soon_threadsafe(self._pieces.put_nowait, piece)

        self.generation: Generation = engine.submit(request, put)

    async def next(self) -> Piece:
        """The next piece.

        Raises:
            BaseException: What the engine met.
        """
        piece = await self._pieces.get()
        if piece.error is not None:
            raise piece.error
        self.first_ns = self.first_ns or time.monotonic_ns()
        self.text += piece.text
        self.tokens += piece.tokens
        self.scores += piece.scores
        self.prompt_scores += piece.prompt_scores
        self.finish = piece.finish
        return piece


def begin(
    engine: Engine, requests: Sequence[EngineRequest], *, is_streamed: bool = False
) -> list[AnswerStream]:
    """Begin answers; where one is refused, all are.

    Args:
        engine: It answers.
        requests: One for each answer.
        is_streamed: Whether the client reads them as they are made.

    Raises:
        InvalidInputError, ResourceError: As `Engine.submit`.
    """
    answers: list[AnswerStream] = []
    try:
        answers.extend(
            AnswerStream(engine, replace(request, is_streamed=is_streamed)) for request in requests
        )
    except BaseException:
        for answer in answers:
            answer.generation.cancel()
        raise
    return answers


async def pieces_of(answers: Sequence[AnswerStream]) -> AsyncIterator[tuple[int, Piece]]:
    """The pieces of all, as they come, each with its answer's number. Leaving the iterator cancels the answers."""
    tasks = {asyncio.create_task(answer.next()): number for number, answer in enumerate(answers)}
    try:
        while tasks:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in sorted(done, key=tasks.__getitem__):
                number = tasks.pop(task)
                piece = task.result()
                if not piece.finish:
                    tasks[asyncio.create_task(answers[number].next())] = number
                yield number, piece
    finally:
        for task in tasks:
            task.cancel()
        for answer in answers:
            answer.generation.cancel()


async def whole(
    request: Request,
    answers: Sequence[AnswerStream],
    each: Callable[[int, Piece], object] = lambda number, piece: None,
) -> None:
    """Read all answers to their ends; cancel them where the client goes.

    Args:
        request: The client's.
        answers: That have begun.
        each: Is given each piece with its answer's number.
    """

    async def read() -> None:
        async for number, piece in pieces_of(answers):
            each(number, piece)

    reading = asyncio.create_task(read())
    try:
        while not reading.done():
            await asyncio.wait([reading], timeout=_LOOK_S)
            if not reading.done() and await request.is_disconnected():
                return
        await reading
    finally:
        reading.cancel()
