"""Functions measured at every call, and still of their kind: plain, coroutine, generator, asynchronous generator."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
Span = Callable[[], AbstractContextManager[Any]]


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
    wrapper: Callable[..., Any]
    if inspect.isasyncgenfunction(plain):
        wrapper = _async_generator(function, span)
    elif inspect.iscoroutinefunction(plain):
        wrapper = _coroutine(function, span)
    elif inspect.isgeneratorfunction(plain):
        wrapper = _generator(function, span)
    else:
        wrapper = _plain(function, span)
    return functools.wraps(function)(wrapper)  # type: ignore[return-value]


def _plain(function: Callable[..., Any], span: Span) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with span():
            return function(*args, **kwargs)

    return wrapper


def _coroutine(function: Callable[..., Any], span: Span) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        with span():
            return await function(*args, **kwargs)

    return wrapper


def _generator(function: Callable[..., Any], span: Span) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with span():
            return (yield from function(*args, **kwargs))

    return wrapper


def _async_generator(function: Callable[..., Any], span: Span) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
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
