import { resolve } from 'node:path';
import { readEnvironment, type Environment } from '../config/environment.ts';
import type { CompiledConfig } from '../config/reload.ts';
import type { ConfigLook } from '../config/reload-look.ts';
import type { Snapshot } from '../config/snapshot.ts';
import type { FakeProvider } from '../demo/server.ts';
import { gatewayDefaults } from '../envoy/bootstrap.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { findEnvoy } from '../envoy/find.ts';
import { launchEnvoy, type LaunchedEnvoy } from '../envoy/launch.ts';
import { checkAddressIsFree } from '../envoy/port.ts';
import { createRunDirectory } from '../envoy/run-directory.ts';
import { findSystemCaFile } from '../envoy/tls.ts';
import { endpointsByCluster } from '../routing/deployment.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import { configFile, showWarning, type ConfigFile } from './config.ts';
import { demoBanner } from './demo-banner.ts';
import { createDemo } from './demo.ts';
import { keepReloading } from './reload.ts';
import { createRollOut } from './roll-out.ts';
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
  envoy?: LaunchedEnvoy;
  endReloading?: () => void;
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
    const demo = options.demo === true ? createDemo(options.config, { environment, directory: directory.path, fakes: started.fakes }) : undefined;
    const file = demo ?? configFile(options.config, environment, showWarning);
    const look = await file.look();
    const first = await file.compile(look.text);
    const { snapshot } = first;
    const surroundings = { environment, log, started, directory, signal: interrupt.signal };
    const parts = await start(snapshot, { ...options, config: demo?.path ?? options.config }, surroundings);
    started.endReloading = reload(file, { ...first, look }, { ...parts, log, stop: interrupt.hear });
    process.stdout.write(
      `Remora is ready on http://${snapshot.listen.host}:${snapshot.listen.port} (health and metrics on http://${snapshot.admin.host}:${snapshot.admin.port})\n`,
    );
    if (demo !== undefined) process.stdout.write(demoBanner(snapshot, { key: demo.key, replaced: demo.played() }));
    const died = await Promise.race([interrupt.first, parts.envoy.exited, parts.sidecar.exited]);
    if (died instanceof Error) throw died;
    started.endReloading();
    log.info('stopping: running answers finish first, press Ctrl-C again to break them off');
    await Promise.race([parts.envoy.stop({ drainMs }), interrupt.second]);
  } catch (error) {
    if (interrupt.signal.aborted && !(error instanceof EnvoyError)) return;
    throw error instanceof EnvoyError ? new UserError(error.message, error) : error;
  } finally {
    started.endReloading?.();
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

/** The two processes that make the gateway. */
interface Parts {
  sidecar: Sidecar;
  envoy: LaunchedEnvoy;
}

async function start(snapshot: Snapshot, options: UpOptions, { environment, log, started, directory, signal }: Surroundings): Promise<Parts> {
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
  const sidecar = await startSidecar({ config: options.config, listen: `unix:${socket}`, drainTimeout: options.drainTimeout });
  started.sidecar = sidecar;
  signal.throwIfAborted();
  const envoy = await launchEnvoy({
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
      endpoints: endpointsByCluster(snapshot.endpoints.values()),
      systemCaFile: findSystemCaFile(),
    },
  });
  started.envoy = envoy;
  return { sidecar, envoy };
}

/** Keeps the config in force that the file holds. Returns what ends that. */
function reload(
  file: ConfigFile,
  first: CompiledConfig & { look: ConfigLook },
  { sidecar, envoy, log, stop }: Parts & { log: Logger; stop(): void },
): () => void {
  return keepReloading({
    look: file.look,
    compile: file.compile,
    first,
    apply: createRollOut({
      clusters: envoy.clusters,
      sidecar,
      onLeftOver: (error) => log.error({ err: error }, 'old clusters stay in Envoy'),
    }),
    onRefused: (problems) => sidecar.tell({ type: 'refused', problems }),
    onUnchanged: () => sidecar.tell({ type: 'unchanged' }),
    stop,
    log,
  });
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
  return {
    signal: abort.signal,
    first: first.promise,
    second: second.promise,
    hear,
    release: () => void process.off('SIGINT', hear).off('SIGTERM', hear),
  };
}
