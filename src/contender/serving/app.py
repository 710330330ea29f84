"""The application: all protocols of one model in front of FastAPI's documents and management."""

from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from contender.params import ServingParams
from contender.serving.endpoint import Endpoint
from contender.serving.explain import Explain
from contender.serving.feedback import Feedback
from contender.serving.front import Front
from contender.serving.holder import Holder
from contender.serving.invocations import Invocations
from contender.serving.management import build_router
from contender.serving.metrics import Metrics
from contender.serving.open_inference import Infer
from contender.serving.openapi import describe
from contender.serving.predict import Predict
from contender.serving.refusals import Problem, Refusal
from contender.serving.release import VERSION
from contender.serving.service import Service


def build_endpoints(service: Service, params: ServingParams) -> dict[str, Endpoint]:
    """Every operation of the model of `service`, by its path."""
    model = service.model
    infer = Infer(service)
    return {
        "/predict": Predict(service),
        "/explain": Explain(service, permutations=params.explain_permutations),
        "/feedback": Feedback(service),
        "/invocations": Invocations(service),
        f"/v2/models/{model.name}/infer": infer,
        f"/v2/models/{model.name}/versions/{model.digest}/infer": infer,
    }


def build_app(holder: Holder, metrics: Metrics, params: ServingParams) -> Front:
    """The ASGI application of the model in `holder`."""
    app = FastAPI(title="contender", version=VERSION)
    app.include_router(build_router(holder, metrics))
    app.add_exception_handler(Refusal, _tell_refusal)
    app.add_exception_handler(HTTPException, _tell_http)

    def openapi() -> dict[str, Any]:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        return describe(document, holder.endpoints)

    app.openapi = openapi  # type: ignore[method-assign]
    return Front(app, holder=holder, metrics=metrics, params=params)


async def _tell_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    headers = dict([error.header]) if error.header else {}
    return _tell(request, error.status, str(error), headers)


async def _tell_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _tell(request, error.status_code, error.detail, dict(error.headers or {}))


def _tell(request: Request, status: int, what: str, headers: dict[Any, Any]) -> Response:
    """The answer in the one form that all refusals have."""
    content = msgspec.json.encode(Problem(what, request.scope["call"].id))
    names = {_text(name): _text(value) for name, value in headers.items()}
    return Response(content, status, names, media_type="application/json")


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
