import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { demoConfig, kindsToPlay } from '../config/demo.ts';
import { readEnvironment, type Environment } from '../config/environment.ts';
import { readConfig } from '../config/load.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { startStandIn, type StandIn } from '../demo/stand-ins.ts';
import type { FakeProvider } from '../demo/server.ts';
import { gatewayDefaults } from '../envoy/bootstrap.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { findEnvoy } from '../envoy/find.ts';
import { launchEnvoy } from '../envoy/launch.ts';
import { checkAddressIsFree } from '../envoy/port.ts';
import { createRunDirectory } from '../envoy/run-directory.ts';
import type { RunningEnvoy } from '../envoy/supervise.ts';
import { findSystemCaFile } from '../envoy/tls.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import { load } from './config.ts';
import { demoBanner } from './demo-banner.ts';
import { seconds } from './seconds.ts';
import { startSidecar, type Sidecar } from './sidecar.ts';
import { UserError } from './user-error.ts';

export interface UpOptions {
  config: string;
  envoy?: string;
  demo?: boolean;
  drainTimeout: string;
}

/** What `up` has started, in this order; it is stopped in reverse. */
interface Started {
  fakes: FakeProvider[];
  sidecar?: Sidecar;
  envoy?: RunningEnvoy;
}

/** `remora up`: runs Envoy and the sidecar until it is told to stop or one of them ends. Nothing it has started outlives it, even if it is killed. */
export async function up(options: UpOptions): Promise<void> {
  const drainMs = seconds(options.drainTimeout, '--drain-timeout') * 1000;
  const environment = readEnvironment();
  const log = createLog(environment.logLevel);
  const directory = await createRunDirectory();
  const started: Started = { fakes: [] };
  const interrupt = listenForSignals();
  try {
    const demo = options.demo === true ? await startDemo(options.config, directory.path, environment, started) : undefined;
    const { snapshot } = load(demo?.config ?? options.config, { warn: demo === undefined });
    await start(snapshot, { ...options, config: demo?.config ?? options.config }, { environment, log, started, directory, signal: interrupt.signal });
    process.stdout.write(
      `Remora is ready on http://${snapshot.listen.host}:${snapshot.listen.port} (health and metrics on http://${snapshot.admin.host}:${snapshot.admin.port})\n`,
    );
    if (demo !== undefined) process.stdout.write(demoBanner(snapshot, demo));
    const died = await Promise.race([interrupt.first, started.envoy?.exited, started.sidecar?.exited]);
    if (died instanceof Error) throw died;
    log.info('stopping: running answers finish first, press Ctrl-C again to break them off');
    await Promise.race([started.envoy?.stop({ drainMs }), interrupt.second]);
  } catch (error) {
    if (interrupt.signal.aborted && !(error instanceof EnvoyError)) return;
    throw error instanceof EnvoyError ? new UserError(error.message, error) : error;
  } finally {
    await started.envoy?.kill();
    await started.sidecar?.stop();
    for (const fake of started.fakes) await fake.stop();
    await directory.remove();
    interrupt.release();
  }
}

interface Surroundings {
  environment: Environment;
  log: Logger;
  started: Started;
  directory: { path: string; sidecarSocket(index: number): string };
  signal: AbortSignal;
}

async function start(snapshot: Snapshot, options: UpOptions, { environment, log, started, directory, signal }: Surroundings): Promise<void> {
  await checkAddressIsFree(snapshot.listen);
  await checkAddressIsFree(snapshot.admin, 'admin.listen:');
  const { binary, version, source } = await findEnvoy({
    given: options.envoy,
    variable: environment.envoyPath,
    path: environment.searchPath.join(':'),
    privateDirectory: resolve('.remora'),
    log,
  });
  log.info(`Envoy ${version} (${source})`);
  const socket = directory.sidecarSocket(0);
  started.sidecar = await startSidecar({ config: options.config, listen: `unix:${socket}`, drainTimeout: options.drainTimeout });
  signal.throwIfAborted();
  started.envoy = await launchEnvoy({
    binary,
    directory: directory.path,
    signal,
    onLog: ({ level, component, message }) => log[level]({ component }, `Envoy: ${message}`),
    gateway: {
      ...gatewayDefaults,
      listen: snapshot.listen,
      telemetry: snapshot.telemetry,
      cors: snapshot.cors,
      sidecars: [{ path: socket }],
      endpoints: [...snapshot.endpoints.values()],
      systemCaFile: findSystemCaFile(),
    },
  });
}

/** Starts the demo providers and writes the config that uses them. */
async function startDemo(
  path: string,
  directory: string,
  { variables }: Environment,
  { fakes }: Started,
): Promise<{ config: string; key: string; replaced: string[] }> {
  const written = readConfig(path);
  const providers = new Map<string, StandIn['fields']>();
  for (const kind of kindsToPlay(written, { path, env: variables })) {
    const standIn = await startStandIn(kind);
    if (standIn === undefined) continue;
    fakes.push(standIn.fake);
    providers.set(kind, standIn.fields);
  }
  const key = `rk-${randomBytes(32).toString('hex')}`;
  const text = demoConfig(written, {
    path,
    env: variables,
    providers,
    keyHash: `sha256:${createHash('sha256').update(key).digest('hex')}`,
  });
  const config = join(directory, 'demo.yaml');
  await writeFile(config, text, { mode: 0o600 });
  return { config, key, replaced: [...providers.keys()] };
}

/** The first SIGINT or SIGTERM asks to stop, the second one insists. */
function listenForSignals() {
  const abort = new AbortController();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const hear = (): void => {
    if (abort.signal.aborted) second.resolve();
    abort.abort(new UserError('stopped'));
    first.resolve();
  };
  process.on('SIGINT', hear).on('SIGTERM', hear);
  return { signal: abort.signal, first: first.promise, second: second.promise, release: () => void process.off('SIGINT', hear).off('SIGTERM', hear) };
}
