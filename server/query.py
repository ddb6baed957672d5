"""Unknown parameters of a query: taken and ignored by name, as unknown fields of a body are."""

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute


async def note_unknown_parameters(request: Request) -> None:
    """Note the parameters that the route does not know, for the header `x-attune-ignored` and the log."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = {parameter.alias for parameter in get_flat_params(route.dependant)}
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        request.state.ignored = tuple(unknown)
