"""From measurements to scores: each formula applied, and every reason why one gives none."""

from collections.abc import Iterable
from math import isfinite

from torch.linalg import LinAlgError  # type: ignore[attr-defined]

from service.catalogue import Proxy
from service.engine import Measurements
from service.proxies.registry import FORMULAS, UndefinedError

NO_PATH = "no path from input to output"


def apply_formulas(
    proxies: Iterable[Proxy], measurements: Measurements
) -> tuple[dict[str, float], dict[str, str]]:
    """Finite scores by proxy, and by proxy without one the reason: one failing loses no other."""
    values: dict[str, float] = {}
    undefined: dict[str, str] = {}
    for proxy in proxies:
        try:
            values[proxy.name] = _value(proxy, measurements)
        except UndefinedError as error:
            undefined[proxy.name] = str(error)
    return values, undefined


def _value(proxy: Proxy, measurements: Measurements) -> float:
    if proxy.needs_input and measurements.depends_on_images is False:
        raise UndefinedError(NO_PATH)
    # `flops` is a pass of its own where no graph counts them: see `PASSES`.
    for name in (*sorted(proxy.passes), proxy.name):
        if name in measurements.unmeasured:
            raise UndefinedError(measurements.unmeasured[name])
    try:
        # A sum over no layers is a whole number.
        value = float(FORMULAS[proxy.name](measurements))
    except (ArithmeticError, LinAlgError) as error:
        # One score lost to a solver that does not converge must not take the others with it.
        raise UndefinedError(f"not computable: {error}") from error
    if not isfinite(value):
        raise UndefinedError(f"not finite: {value}")
    return value
