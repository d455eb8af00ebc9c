# The image of Idem: api, worker and the operator's commands, all by `node dist/src/main.js COMMAND`.
#
#   docker build --tag idem:local .
#   docker run --rm idem:local node dist/src/main.js --help
#
# Node's version is the one that package.json names; `npm run compose:check` compares them.

# 1 the compiled service
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /idem
COPY package.json package-lock.json ./
# `npm ci` would demand lock entries for other systems' optional binaries. Every version is exact, so `npm install`
# gives the same tree. No package of ours needs its install script to compile or to serve.
RUN npm install --omit=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

# 2 the packages that run: no compiler and no embedded PostgreSQL, both of which are optional packages of theirs
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /idem
COPY package.json package-lock.json ./
RUN npm install --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

# 3 the image
FROM node:24.21.0-bookworm-slim AS run
WORKDIR /idem
# What is unsafe refuses to start unless somebody says that this is no production. A container is reached from outside
# of it, so loopback would be reached by nobody.
ENV NODE_ENV=production IDEM_HOST=0.0.0.0
COPY --from=packages /idem/node_modules node_modules
COPY --from=build /idem/dist dist
COPY --from=build /idem/src/mail/templates src/mail/templates
COPY package.json ./
COPY bin bin
COPY docker/is-ready.js docker/
# Everything above belongs to root: the service cannot change its own code.
USER node
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "docker/is-ready.js"]
CMD ["node", "--max-semi-space-size=8", "--heap-growing-percent=40", "dist/src/main.js"]
