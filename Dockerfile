FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional dependencies are Node itself, for machines without it.
RUN npm ci --omit=dev --omit=optional && npm cache clean --force
COPY bin bin
COPY protos protos
COPY envoy envoy
COPY --from=build /app/dist dist
# The config lies here, and the store beside it.
RUN mkdir -p /var/lib/remora/.remora && chown -R node:node /var/lib/remora
USER node
VOLUME /var/lib/remora/.remora
HEALTHCHECK --interval=5s --timeout=2s --start-period=15s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8081/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/remora.js"]
CMD ["serve", "--config", "/var/lib/remora/remora.yaml"]
