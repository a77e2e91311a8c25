# descentd in a small image: built in one stage, run in another.
#
#   docker build -t descentd .
#   docker run -p 8080:8080 -v descentd-data:/data descentd
ARG BASE=debian:12-slim

FROM ${BASE} AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        gcc libc6-dev cmake ninja-build pkg-config \
        libmicrohttpd-dev libcjson-dev libsqlite3-dev nettle-dev libgnutls28-dev zlib1g-dev libzstd-dev
COPY . /src
RUN cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DDESCENTD_TESTS=OFF \
    && cmake --build /build \
    && cmake --install /build --prefix /usr/local --strip

FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmicrohttpd12 libcjson1 libsqlite3-0 libnettle8 libgnutls30 zlib1g libzstd1 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin descentd \
    && mkdir /data && chown descentd /data
COPY --from=build /usr/local/bin/descentd /usr/local/bin/descentd
USER descentd
# Not the loopback, so requests need a token: docker exec ... descentd token create TENANT SCOPE
ENV DESCENTD_LISTEN=0.0.0.0:8080 DESCENTD_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=4s CMD ["descentd", "--health"]
ENTRYPOINT ["descentd"]
