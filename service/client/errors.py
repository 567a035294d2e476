"""A refusal of the service."""

from collections.abc import Mapping
from typing import Any


class ServiceError(Exception):
    """The service refused a request; `problem` is its RFC 9457 answer."""

    def __init__(self, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.problem = problem
        self.retry_after = retry_after
        """After how many seconds the same request may succeed, where the service says so."""
        lines = [f"{problem.get('title')}: {problem.get('detail')}"]
        for fault in problem.get("errors", ()):
            where = fault["field"]
            for part in ("architecture", "row"):
                if part in fault:
                    where = f"{part} {fault[part]}, {where}"
            valid = f" (valid: {fault['valid']})" if fault.get("valid") else ""
            lines.append(f"  {where}: {fault['detail']}{valid}")
        super().__init__("\n".join(lines))

    def shifted(self, architectures: int) -> "ServiceError":
        """Of one batch, as the refusal of a request that has so many architectures before it."""
        errors = [
            {**fault, "architecture": fault["architecture"] + architectures}
            if "architecture" in fault
            else fault
            for fault in self.problem.get("errors", ())
        ]
        return ServiceError({**self.problem, "errors": errors}, self.retry_after)
