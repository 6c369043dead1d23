# syntax=docker/dockerfile:1
# One image, one binary: `infragpt serve`, `infragpt nats apply`, `infragpt migrate`.

FROM rust:1.95-slim-bookworm AS build
# ring compiles C.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# The registry and the target directory are caches of the builder, so that a changed line rebuilds our crates alone; the
# binary is copied out, because a cache isn't part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    SQLX_OFFLINE=true cargo build --release --locked -p infragpt \
    && install -D -m 755 target/release/infragpt /out/infragpt

FROM debian:bookworm-slim
# Certificates for the providers' APIs, and a user without a shell or a home.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin infragpt
COPY --from=build /out/infragpt /usr/local/bin/infragpt
COPY LICENSE /usr/share/doc/infragpt/LICENSE
USER 10001
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/infragpt"]
CMD ["serve"]
