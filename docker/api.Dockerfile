# The API, the migrations and the command line, without torch. From the repository's root:
#   docker build -f docker/api.Dockerfile -t nascore-api .
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
open('needs.txt', 'w').write( \
    '\n'.join(project['dependencies'] + project['optional-dependencies']['images']))"

FROM build AS dependencies
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
EXPOSE 8000
STOPSIGNAL SIGTERM
# Without a proxy, whatever the environment says of proxies.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["nascore"]
CMD ["api", "--host", "0.0.0.0", "--port", "8000"]
