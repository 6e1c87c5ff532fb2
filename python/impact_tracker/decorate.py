"""Functions measured at every call, and still of their kind: plain, coroutine, generator, asynchronous generator."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractContextManager
from typing import TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., object])
Returned = TypeVar("Returned")
Item = TypeVar("Item")
Sent = TypeVar("Sent")
Span = Callable[[], AbstractContextManager[object]]


def measured(function: Function, span: Span) -> Function:
    """The function with a fresh `span()` open during each call; of a generator from its first item to its end.

    TypeError for what is no function: a class, a staticmethod object (put the decorator below @staticmethod).
    """
    import inspect

    if inspect.isclass(function) or not callable(function):
        raise TypeError(f"only functions can be measured, not {function!r}")
    plain = function.func if isinstance(function, functools.partial) else function
    if not (inspect.isroutine(plain) or isinstance(plain, functools.partial)):
        plain = type(plain).__call__  # an object with __call__: its kind decides
    wrapper: Callable[..., object]
    if inspect.isasyncgenfunction(plain):
        wrapper = _async_generator(cast("Callable[..., AsyncGenerator[object, object]]", function), span)
    elif inspect.iscoroutinefunction(plain):
        wrapper = _coroutine(cast("Callable[..., Awaitable[object]]", function), span)
    elif inspect.isgeneratorfunction(plain):
        wrapper = _generator(cast("Callable[..., Generator[object, object, object]]", function), span)
    else:
        wrapper = _plain(function, span)
    return cast("Function", functools.wraps(function)(wrapper))


def _plain(function: Callable[..., Returned], span: Span) -> Callable[..., Returned]:
    def wrapper(*args: object, **kwargs: object) -> Returned:
        with span():
            return function(*args, **kwargs)

    return wrapper


def _coroutine(function: Callable[..., Awaitable[Returned]], span: Span) -> Callable[..., Awaitable[Returned]]:
    async def wrapper(*args: object, **kwargs: object) -> Returned:
        with span():
            return await function(*args, **kwargs)

    return wrapper


def _generator(
    function: Callable[..., Generator[Item, Sent, Returned]], span: Span
) -> Callable[..., Generator[Item, Sent, Returned]]:
    def wrapper(*args: object, **kwargs: object) -> Generator[Item, Sent, Returned]:
        with span():
            return (yield from function(*args, **kwargs))

    return wrapper


def _async_generator(
    function: Callable[..., AsyncGenerator[Item, Sent]], span: Span
) -> Callable[..., AsyncGenerator[Item, Sent]]:
    async def wrapper(*args: object, **kwargs: object) -> AsyncGenerator[Item, Sent]:
        with span():
            inner = function(*args, **kwargs)
            try:
                item = await inner.__anext__()
                while True:
                    try:
                        sent = yield item
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        item = await inner.athrow(error)
                    else:
                        item = await inner.asend(sent)
            except StopAsyncIteration:
                return
            finally:
                await inner.aclose()

    return wrapper
