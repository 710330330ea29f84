"""Health, version, metadata and metrics: the routes that ask about the service, not the model."""

import os
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from contender.serving.holder import Holder
from contender.serving.metrics import Metrics
from contender.serving.model import Model
from contender.serving.open_inference import describe_inputs, describe_outputs
from contender.serving.release import VERSION


PLATFORM: Final = "onnxruntime_onnx"
_PROBLEM: Final = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
REFUSED: Final[dict[int | str, Any]] = {
    404: {"description": "Another model or version is served here", "content": _PROBLEM},
    503: {"description": "No model is loaded", "content": _PROBLEM},
}


class Live(BaseModel):
    """The process answers."""

    live: bool = True


class Ready(BaseModel):
    """Whether predictions can be asked for, and if not, why."""

    ready: bool
    reason: str | None = None


class Version(BaseModel):
    """What is at work: the release of the code, its commit, the digest of the bundle."""

    version: str
    commit: str | None
    model: str | None
    model_digest: str | None


class ServerMetadata(BaseModel):
    """The server, in the words of the Open Inference Protocol."""

    name: str = "contender"
    version: str
    extensions: list[str] = []


class Tensor(BaseModel):
    """One input or output of the model."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """The model, in the words of the Open Inference Protocol."""

    name: str
    versions: list[str]
    platform: str = PLATFORM
    inputs: list[Tensor]
    outputs: list[Tensor]


class ModelReady(BaseModel):
    """Whether this model can be asked."""

    name: str
    ready: bool


def build_router(holder: Holder, metrics: Metrics) -> APIRouter:
    """The routes of the service that `holder` and `metrics` know about."""
    router = APIRouter(tags=["service"])
    _add_health(router, holder)
    _add_model(router, holder)

    @router.get("/", include_in_schema=False)
    async def show_documents() -> RedirectResponse:
        return RedirectResponse("docs")

    @router.get("/metrics", response_class=Response)
    async def show_metrics() -> Response:
        """All numbers, in Prometheus' text format."""
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return Response(metrics.render(), media_type=kind)

    return router


def _add_health(router: APIRouter, holder: Holder) -> None:
    not_ready: dict[int | str, Any] = {503: {"model": Ready, "description": "Not ready"}}

    @router.get("/v2/health/live")
    async def tell_live() -> Live:
        """The process answers."""
        return Live()

    @router.get("/ping", responses=not_ready)
    @router.get("/health", responses=not_ready)
    @router.get("/v2/health/ready", responses=not_ready)
    async def tell_ready(response: Response) -> Ready:
        """Ready: a model is loaded, its digest proven, its golden records predicted."""
        why = holder.why_not_ready
        response.status_code = 503 if why else 200
        return Ready(ready=why is None, reason=why)

    @router.get("/version")
    async def tell_version() -> Version:
        """What is at work."""
        model = holder.model
        return Version(
            version=VERSION,
            commit=os.environ.get("GIT_SHA") or None,
            model=model.name if model else None,
            model_digest=model.digest if model else None,
        )


def _add_model(router: APIRouter, holder: Holder) -> None:
    def find(name: str, version: str | None) -> Model:
        model = holder.model
        if model is None or name != model.name or version not in (None, model.digest):
            raise holder.refuse()
        return model

    @router.get("/v2")
    async def tell_server() -> ServerMetadata:
        """The server's own name and version."""
        return ServerMetadata(version=VERSION)

    @router.get("/v2/models/{name}", responses=REFUSED)
    @router.get("/v2/models/{name}/versions/{version}", responses=REFUSED)
    async def tell_model(name: str, version: str | None = None) -> ModelMetadata:
        """What the model takes and gives; its version is the digest of its bundle."""
        model = find(name, version)
        return ModelMetadata(
            name=model.name,
            versions=[model.digest],
            inputs=[Tensor(**msgspec.structs.asdict(item)) for item in describe_inputs(model)],
            outputs=[Tensor(**msgspec.structs.asdict(item)) for item in describe_outputs(model)],
        )

    @router.get("/v2/models/{name}/ready", responses=REFUSED)
    @router.get("/v2/models/{name}/versions/{version}/ready", responses=REFUSED)
    async def tell_model_ready(name: str, version: str | None = None) -> ModelReady:
        """Whether this model can be asked."""
        return ModelReady(name=find(name, version).name, ready=holder.why_not_ready is None)
