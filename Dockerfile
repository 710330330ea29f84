# One bundle and what answers with it: no training side, no build tools, no root.
# `make image` builds it and tells it the commit and the bundle; without a bundle it does not build.
ARG PYTHON=python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b

# hadolint ignore=DL3006
FROM ${PYTHON} AS parts
ARG UV_VERSION=0.13.8
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --target /uv "uv==${UV_VERSION}"
WORKDIR /srv
COPY pyproject.toml uv.lock ./
# Every package is the one whose hash is in uv.lock.
RUN --mount=type=cache,target=/root/.cache/uv \
    UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/srv/.venv UV_PYTHON_DOWNLOADS=never \
    /uv/bin/uv sync --frozen --only-group serving --no-install-project --python python --quiet \
    && find .venv -depth -type d \( -name tests -o -path '*/onnxruntime/quantization' \
        -o -path '*/onnxruntime/tools' -o -path '*/onnxruntime/transformers' \) -exec rm -r {} + \
    && rm .venv/.lock \
    # A read-only root cannot keep what Python compiles, and a file in an image never changes.
    && .venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash .venv
COPY src/contender contender
COPY params.yaml ./
ARG BUNDLE_DIGEST
COPY bundles/${BUNDLE_DIGEST:?} bundles/current
# Whoever checked out with a strict umask builds an image that its user can read all the same.
RUN .venv/bin/python -m compileall -q --invalidation-mode unchecked-hash contender \
    && chmod -R a+rX contender params.yaml bundles \
    && mkdir logs

# hadolint ignore=DL3006
FROM ${PYTHON}
# Whoever gets in finds no program that would make them root.
RUN ["find", "/", "-xdev", "-type", "f", "-perm", "/6000", "-exec", "chmod", "a-s", "{}", "+"]
WORKDIR /srv
COPY --from=parts /srv/.venv .venv
COPY --from=parts /srv/contender contender
COPY --from=parts /srv/params.yaml ./
COPY --from=parts /srv/bundles bundles
COPY --from=parts --chown=10001:10001 /srv/logs logs
ARG BUNDLE_DIGEST
ARG GIT_SHA
ARG SOURCE
ARG VERSION
LABEL org.opencontainers.image.title="contender" \
      org.opencontainers.image.revision="${GIT_SHA}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      contender.bundle.digest="${BUNDLE_DIGEST}"
ENV PATH=/srv/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    BUNDLE_DIGEST=${BUNDLE_DIGEST}
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["python", "-I", "-c", "import sys; \
from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=2); \
c.request('GET', '/v2/health/ready'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "contender"]
CMD ["serve", "--host", "0.0.0.0"]
