# mclite as a container: `docker build -t mclite .`, and then `docker run -p 11211:11211 mclite`, or
# `docker run --rm -v "$PWD:/work" -u "$(id -u)" mclite check host:11211`. tests/test_container.py holds what it promises.
FROM python:3.13-slim AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY mclite mclite
COPY conformance conformance
RUN MCLITE_BUILD=compiled pip wheel --no-cache-dir --no-deps -w /wheels .

FROM python:3.13-slim
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir "$(echo /wheels/mclite-*.whl)[conformance,fast]" \
    && useradd --system --uid 11211 --home-dir /work --create-home mclite
USER 11211
WORKDIR /work
EXPOSE 11211
HEALTHCHECK --interval=10s --timeout=3s --start-period=2s CMD ["mclite", "ping", "-q"]
ENTRYPOINT ["mclite"]
CMD ["serve", "-l", "0.0.0.0"]
