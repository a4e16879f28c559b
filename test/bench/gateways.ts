import { writeFile, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readEnvironment } from '../../src/config/environment.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Snapshot } from '../../src/config/snapshot.ts';
import { bootstrap, gatewayDefaults, type GatewayOptions } from '../../src/envoy/bootstrap.ts';
import { findEnvoy } from '../../src/envoy/find.ts';
import { launchEnvoy } from '../../src/envoy/launch.ts';
import { clusterNames } from '../../src/envoy/names.ts';
import { startEnvoy, type RunningEnvoy } from '../../src/envoy/supervise.ts';
import type { ConfigObject, ConfigValue } from '../../src/envoy/typed.ts';
import { clusterOf, endpointsByCluster } from '../../src/routing/deployment.ts';
import { pin, startChild, type Child, type Cores } from './child.ts';

/** A gateway under test. */
export interface Gateway {
  port: number;
  envoyPid: number;
  /** Undefined for plain Envoy. */
  sidecarPid: number | undefined;
  stop(): Promise<void>;
}

/** What gateways are started with. */
export interface Surroundings {
  /** The Envoy binary. */
  binary: string;
  /** Folder for files and sockets. */
  directory: string;
  cores: Cores;
}

/** One worker thread: Envoy and the sidecar share one core. */
const concurrency = 1;

const warn = ({ level, message }: { level: string; message: string }): void => void process.stderr.write(`Envoy (${level}): ${message}\n`);

/** The Envoy that `remora up` would run. */
export async function envoyBinary(): Promise<{ binary: string; version: string }> {
  const { envoyPath, searchPath } = readEnvironment();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  return findEnvoy({
    given: undefined,
    variable: envoyPath,
    path: searchPath.join(':'),
    privateDirectory: resolve('.remora'),
    log: { info: say, warn: say },
  });
}

/** Starts Envoy with the sidecar of the checkout in `root`, each as `remora up` starts it. */
export async function startRemora(
  name: string,
  config: object,
  { binary, directory, cores }: Surroundings,
  { root = '.', execArgv = [] }: { root?: string; execArgv?: readonly string[] } = {},
): Promise<Gateway> {
  const { folder, snapshot, options, configFile, data } = await prepare(name, config, directory);
  const socket = join(folder, 'extproc.sock');
  const serve = ['serve', '--config', configFile, '--listen', `unix:${socket}`];
  const begin = { type: 'begin', config: { data, hash: 'bench', number: 1 } };
  const sidecar: Child = await startChild(resolve(root, 'bin/remora.js'), serve, { cores, execArgv, begin });
  const envoy = await launchEnvoy({ binary, directory: folder, concurrency, onLog: warn, gateway: { ...options, sidecars: [{ path: socket }] } });
  await pin(envoy.pid, cores);
  return {
    port: snapshot.listen.port,
    envoyPid: envoy.pid,
    sidecarPid: sidecar.pid,
    async stop() {
      await envoy.kill();
      await sidecar.stop();
    },
  };
}

/** Starts Envoy with the same listener and cluster, but without ext_proc: every request goes to the config's first provider. */
export async function startPlainEnvoy(config: object, { binary, directory, cores }: Surroundings): Promise<Gateway> {
  const { folder, snapshot, options } = await prepare('plain', config, directory);
  const [[endpoint] = []] = snapshot.endpoints.values();
  if (endpoint === undefined) throw new Error('the config has no provider');
  const admin = { path: join(folder, 'admin.sock') };
  const withSidecar = bootstrap({ ...options, sidecars: [{ path: join(folder, 'none.sock') }], admin }, 'inline');
  const bootstrapFile = join(folder, 'bootstrap.json');
  await writeFile(bootstrapFile, JSON.stringify(withoutSidecar(withSidecar, clusterOf(endpoint))));
  const envoy: RunningEnvoy = await startEnvoy({ binary, bootstrapFile, admin, concurrency, onLog: warn });
  await pin(envoy.pid, cores);
  return { port: snapshot.listen.port, envoyPid: envoy.pid, sidecarPid: undefined, stop: () => envoy.kill() };
}

interface Prepared {
  folder: string;
  data: object;
  configFile: string;
  snapshot: Snapshot;
  options: Omit<GatewayOptions, 'admin' | 'sidecars'>;
}

async function prepare(name: string, config: object, directory: string): Promise<Prepared> {
  const folder = join(directory, name);
  await mkdir(folder);
  const configFile = join(folder, 'remora.yaml');
  const data = { ...config, store: { embedded: { path: join(folder, 'remora.db') } } };
  await writeFile(configFile, JSON.stringify(data));
  const snapshot = loadConfig(configFile, {});
  const { listen, telemetry, endpoints } = snapshot;
  return {
    folder,
    data,
    configFile,
    snapshot,
    options: { ...gatewayDefaults, listen, telemetry, endpoints: endpointsByCluster(endpoints.values()), systemCaFile: undefined },
  };
}

/** A config without what concerns ext_proc: its filters, also where a matcher holds one, its cluster, and the route by the exchange's chain. */
function withoutSidecar(config: ConfigObject, cluster: string): ConfigObject {
  const strip = (value: ConfigValue): ConfigValue => {
    if (Array.isArray(value)) return (value as readonly ConfigValue[]).filter((item) => !isExtProc(item)).map(strip);
    if (typeof value !== 'object') return value;
    const fields = Object.entries(value).map(([key, field]) => [key, strip(field)] as const);
    return Object.fromEntries(fields.map(([key, field]) => (key === 'inline_cluster_specifier_plugin' ? ['cluster', cluster] : [key, field])));
  };
  return strip(config) as ConfigObject;
}

function isExtProc(item: ConfigValue): boolean {
  if (typeof item !== 'object' || !('name' in item)) return false;
  if (item['name'] === clusterNames.sidecar || (typeof item['name'] === 'string' && item['name'].startsWith('envoy.filters.http.ext_proc/')))
    return true;
  const typedConfig = item['typed_config'] as ConfigObject | undefined;
  return typedConfig?.['extension_config'] !== undefined && isExtProc(typedConfig['extension_config']);
}
