# A worker, with torch. From the repository's root:
#   docker build -f docker/worker.Dockerfile -t nascore-worker --build-arg TORCH_INDEX=... .
# TORCH_INDEX is the address of the wheel index to take torch from, of CPU builds or of those of one
# CUDA version. Without it torch is PyPI's default build: on x86-64 with CUDA, gigabytes larger.
FROM python:3.11-slim-bookworm AS base
ENV PATH=/opt/nascore/bin:$PATH PYTHONUNBUFFERED=1

FROM base AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN --mount=type=cache,target=/root/.cache/pip python -m pip install pip==25.3 \
    && python -m venv --without-pip /opt/nascore
WORKDIR /src

# Only the dependencies, so that another change of pyproject.toml does not install them again.
FROM build AS names
COPY pyproject.toml .
RUN python -c "import tomllib; \
project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
of_worker = project['optional-dependencies']['worker']; \
torch = [need for need in of_worker if need.startswith('torch')]; \
others = [need for need in of_worker if need not in torch]; \
open('torch.txt', 'w').write('\n'.join(torch)); \
open('needs.txt', 'w').write('\n'.join(project['dependencies'] + others))"

FROM build AS dependencies
ARG TORCH_INDEX=
COPY --from=names /src/torch.txt .
RUN --mount=type=cache,target=/root/.cache/pip \
    if [ -n "$TORCH_INDEX" ]; then export PIP_INDEX_URL="$TORCH_INDEX"; fi; \
    python -m pip --python /opt/nascore/bin/python install --requirement torch.txt
COPY --from=names /src/needs.txt .
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip --python /opt/nascore/bin/python install --requirement needs.txt

FROM dependencies AS package
COPY pyproject.toml README.md LICENSE ./
COPY migrations migrations
COPY service service
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m pip --python /opt/nascore/bin/python install --no-deps --prefix /package .

FROM base
RUN groupadd --gid 10001 nascore && useradd --uid 10001 --gid nascore --create-home nascore
COPY --from=dependencies /opt/nascore /opt/nascore
COPY --from=package /package /opt/nascore
USER 10001:10001
WORKDIR /home/nascore
# On a host with GPUs: of the driver's libraries CUDA's, and nvidia-smi.
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
STOPSIGNAL SIGTERM
ENTRYPOINT ["nascore"]
CMD ["worker", "--device", "cpu"]
