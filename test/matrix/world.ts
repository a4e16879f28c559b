import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readEnvironment } from '../../src/config/environment.ts';
import { compileConfig } from '../../src/config/load.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { gatewayDefaults } from '../../src/envoy/bootstrap.ts';
import { findInstalledEnvoy } from '../../src/envoy/find.ts';
import { launchEnvoy } from '../../src/envoy/launch.ts';
import { startGateway } from '../../src/gateway.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { freePort, hashOf, temporaryFolder } from '../e2e/gateway.ts';
import type { Gateway } from './conversation.ts';
import type { ProviderUnderTest } from './providers.ts';
import { createConfigStatus } from '../../src/config/reload-status.ts';
import { endpointsByCluster } from '../../src/routing/deployment.ts';

const key = 'rk-matrix';

/** A gateway in this process, so that its protocols can be changed, the real Envoy before it, and a fake of each provider behind it. */
export interface World {
  gateway: Gateway;
  /** By the provider's name. */
  fakes: ReadonlyMap<string, FakeProvider>;
  stop(): Promise<void>;
}

/** What is asked is what a provider can be given, not what one of its models can do. */
const capabilities = { images: true, documents: true, audio: true, tools: true, jsonSchema: true, reasoning: true };

/** Starts all of it. Models are named after their provider; `-thinking` is the provider's model that thinks. */
export async function startMatrixWorld(providers: readonly ProviderUnderTest[]): Promise<World> {
  const folder = temporaryFolder();
  const fakes = new Map<string, FakeProvider>();
  for (const provider of providers) fakes.set(provider.name, await provider.start());
  const port = await freePort();
  const config = {
    listen: `127.0.0.1:${port}`,
    admin: { listen: `127.0.0.1:${await freePort()}` },
    store: { embedded: { path: join(folder, 'remora.db') } },
    providers: Object.fromEntries(providers.map((provider) => [provider.name, provider.config(fakes.get(provider.name) ?? missing())])),
    models: Object.fromEntries(
      providers.flatMap(({ name, models }) => [
        [name, { targets: [{ provider: name, model: models.plain, capabilities }] }],
        [`${name}-thinking`, { targets: [{ provider: name, model: models.thinking ?? models.plain, capabilities }] }],
      ]),
    ),
    tenants: { matrix: { keys: [{ name: 'test', hash: hashOf(key) }] } },
    resilience: { breaker: false }, // each cell begins anew
  };
  const snapshot = compileConfig(JSON.stringify(config), { path: join(folder, 'remora.yaml'), env: {} });
  const socket = join(folder, 'extproc.sock');
  const sidecar = await startGateway(snapshot, {
    address: `unix:${socket}`,
    log: createLog('error'),
    config: createConfigStatus('matrix', Date.now),
  });
  const envoy = await launchEnvoy({
    binary: await findBinary(),
    directory: folder,
    concurrency: 1,
    onLog() {},
    gateway: {
      ...gatewayDefaults,
      listen: snapshot.listen,
      telemetry: snapshot.telemetry,
      sidecars: [{ path: socket }],
      endpoints: endpointsByCluster(snapshot.endpoints.values()),
      systemCaFile: undefined,
    },
  });
  return {
    gateway: { url: `http://127.0.0.1:${port}`, key },
    fakes,
    async stop() {
      await envoy.kill();
      await sidecar.close(0);
      await Promise.all([...fakes.values()].map((fake) => fake.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function missing(): never {
  throw new Error('there is no such provider');
}

async function findBinary(): Promise<string> {
  const { searchPath } = readEnvironment();
  const silent = { info() {}, warn() {} };
  const found = await findInstalledEnvoy({
    given: undefined,
    variable: undefined,
    path: searchPath.join(':'),
    privateDirectory: resolve('.remora'),
    log: silent,
  });
  if (found === undefined) throw new Error('Envoy is not installed; npm run tools installs it');
  return found.binary;
}
