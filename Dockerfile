# The image of Idem. `node dist/src/main.js COMMAND` runs the api, the worker and the operator's commands.
#
#   docker build --tag idem:local .
#   docker run --rm idem:local node dist/src/main.js --help
#
# Node's version is the one that package.json names; `npm run compose:check` compares them.

# 1 the compiled service
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /idem
COPY package.json package-lock.json ./
# Exactly the lock file's tree. No package needs its install script for compiling or serving.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

# 2 the packages at run time, without the optional ones: compiler and embedded PostgreSQL
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /idem
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

# 3 the image
FROM node:24.21.0-bookworm-slim AS run
WORKDIR /idem
# Production by default, so that unsafe settings prevent the start. A container is reached from outside, so it listens on
# all addresses.
ENV NODE_ENV=production IDEM_HOST=0.0.0.0
COPY --from=packages /idem/node_modules node_modules
COPY --from=build /idem/dist dist
COPY --from=build /idem/src/mail/templates src/mail/templates
COPY --from=build /idem/src/passwords/common-passwords.txt src/passwords/common-passwords.LICENSE src/passwords/
COPY package.json ./
COPY bin bin
COPY docker/is-ready.js docker/
# Root owns the files above, so that the service cannot change its own code.
USER node
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "docker/is-ready.js"]
CMD ["node", "--max-semi-space-size=8", "--heap-growing-percent=40", "--no-maglev", "--no-allocation-site-pretenuring", "dist/src/main.js"]
