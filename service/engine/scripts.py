"""TorchScript, which runs where no mode sees the calls in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, get_ident
from typing import Any

import torch

_KINDS = (torch._C.ScriptFunction, torch._C.ScriptMethod)
_LOCK = Lock()
_replaced: dict[Any, Callable[..., Any]] = {}
_threads: list[int] = []
"""Those in which scripts are refused, each as often as it asks for it."""


@contextmanager
def scripts_refused() -> Iterator[None]:
    """Raises ValueError where this thread calls a scripted or traced function.

    Such a call is told to nobody, so that the classes' own is replaced for the while; in other
    threads it does what it always does.
    """
    with _LOCK:
        if not _threads:
            _replaced.update({kind: kind.__call__ for kind in _KINDS})
            for kind, call in _replaced.items():
                kind.__call__ = _refusing(call)
        _threads.append(get_ident())
    try:
        yield
    finally:
        with _LOCK:
            _threads.remove(get_ident())
            if not _threads:
                for kind, call in _replaced.items():
                    kind.__call__ = call


def _refusing(call: Callable[..., Any]) -> Callable[..., Any]:
    def refuse_or_call(script: Any, *args: Any, **kwargs: Any) -> Any:
        if get_ident() in _threads:
            raise ValueError(
                f"{script.name} is a script that the network calls: what it computes cannot be seen"
            )
        return call(script, *args, **kwargs)

    return refuse_or_call
