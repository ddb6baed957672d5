# Three images, each from the pinned lock of its target. docs/deployment.md says how they are run together.
#
#   docker build --target gateway   -t attune-gateway .      gateway, chat, command line, controller of an external engine; no torch
#   docker build --target engine    -t attune-engine .       the controller and the vLLM that it starts
#   docker build --target alignment -t attune-alignment .    one alignment job
#
# The latter two are for CPU, or with --build-arg ENGINE=cuda for NVIDIA GPUs. All run without root and with a read-only
# root file system: what they write goes to the two volumes.

ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS source
WORKDIR /opt/attune
COPY pyproject.toml README.md LICENSE ./
COPY requirements requirements
COPY alignment alignment
COPY attune attune
COPY chat_ui chat_ui
COPY evals evals
COPY http_bounds http_bounds
COPY ledger ledger
COPY models models
COPY server server

FROM source AS installed-gateway
RUN python requirements/install.py gateway
# A read-only root file system keeps no bytecode, so that every start would compile thousands of modules.
RUN .venv/bin/python -m compileall -q -j 0 /opt/attune

FROM source AS installed-engine
ARG ENGINE=cpu
RUN python requirements/install.py ${ENGINE}
# Some packages ship files that are not meant for this Python; they alone stay uncompiled.
RUN .venv/bin/python -m compileall -q -j 0 /opt/attune || true

FROM ${PYTHON_IMAGE} AS runtime
RUN groupadd --gid 10001 attune \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/attune --no-create-home --shell /usr/sbin/nologin attune \
 && install --directory --owner=attune --group=attune --mode=0700 /var/lib/attune
ENV PATH=/opt/attune/.venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/attune \
    ATTUNE_HOME=/var/lib/attune \
    ATTUNE_HOST=0.0.0.0 \
    ATTUNE_UI_HOST=0.0.0.0 \
    ATTUNE_UI_KEY_FILE=/var/lib/attune/ui.key \
    ATTUNE_UI_SECRET_FILE=/var/lib/attune/ui.secret \
    GRADIO_ANALYTICS_ENABLED=False \
    HF_HUB_DISABLE_TELEMETRY=1
WORKDIR /var/lib/attune
VOLUME ["/var/lib/attune", "/tmp"]
USER 10001:10001

FROM runtime AS gateway
COPY --from=installed-gateway /opt/attune /opt/attune
EXPOSE 8000 7860
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=3)"]
CMD ["python", "-m", "server"]

FROM runtime AS engine
USER root
# Triton and torch.compile build kernels with the system's compiler when a model is loaded.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ libc6-dev libnuma1 \
 && rm -rf /var/lib/apt/lists/*
USER 10001:10001
COPY --from=installed-engine /opt/attune /opt/attune
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
HEALTHCHECK --interval=30s --timeout=10s --start-period=15m --retries=3 CMD ["attune", "status", "--check"]
CMD ["python", "-m", "server.controller"]

FROM engine AS alignment
HEALTHCHECK NONE
CMD ["attune", "align", "run"]
