"""The OpenAPI document: FastAPI's own routes, and the types that read the bodies of the others."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contender.serving.endpoint import Endpoint
from contender.serving.refusals import Problem

_REFERENCE: Final = "#/components/schemas/{name}"
REFUSALS: Final = {
    400: "The body is not JSON, or says something twice",
    408: "The body did not arrive in time",
    413: "The body is too long",
    415: "The body is declared to be something else than JSON",
    422: "A field is missing, unknown or not what the schema says; `field` names it",
    500: "The model gives no finite number, or the service is broken",
    503: "No model is loaded, or too many calls are under way: try again",
    504: "There was no answer in time",
}


def describe(document: dict[str, Any], endpoints: Mapping[str, Endpoint]) -> dict[str, Any]:
    """`document`, as FastAPI makes it, with the operations of the model."""
    types = [kind for item in endpoints.values() for kind in (item.request, item.answer)]
    schemas, components = msgspec.json.schema_components([*types, Problem], ref_template=_REFERENCE)
    document.setdefault("components", {}).setdefault("schemas", {}).update(components)
    *pairs, problem = schemas
    for number, (path, endpoint) in enumerate(endpoints.items()):
        request, answer = pairs[2 * number : 2 * number + 2]
        responses = {str(status): _json(what, problem) for status, what in REFUSALS.items()}
        responses[str(endpoint.status)] = _json("What the model says", answer)
        document["paths"][path] = {
            "post": {
                "summary": endpoint.summary,
                "description": type(endpoint).__doc__,
                "operationId": f"{endpoint.route}{path.count('/versions/') * '_version'}",
                "tags": ["model"],
                "requestBody": {"required": True, **_content(request)},
                "responses": responses,
            }
        }
    return document


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, **_content(schema)}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
