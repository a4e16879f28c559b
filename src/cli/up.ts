import { join, resolve } from 'node:path';
import { readEnvironment, type Environment } from '../config/environment.ts';
import type { CompiledConfig } from '../config/reload.ts';
import type { ConfigLook } from '../config/reload-look.ts';
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
import { processCount } from './process-count.ts';
import { startProcesses, type Processes } from './processes.ts';
import { createRollOut } from './roll-out.ts';
import { seconds } from './seconds.ts';
import type { Sidecars } from './sidecars.ts';
import { listenForSignals } from './signals.ts';
import { UserError } from './user-error.ts';

export interface UpOptions {
  config: string;
  envoy?: string;
  demo?: boolean;
  processes: string;
  drainTimeout: string;
}

/** What `up` has started, in this order; it is stopped in reverse. */
interface Started {
  fakes: FakeProvider[];
  processes?: Processes;
  envoy?: LaunchedEnvoy;
  endReloading?: () => void;
}

/** `remora up`: runs Envoy and the sidecar processes until it is told to stop, or until Envoy ends or a sidecar cannot be kept running. Nothing it has started outlives it, even if it is killed. */
export async function up(options: UpOptions): Promise<void> {
  const drainMs = seconds(options.drainTimeout, '--drain-timeout') * 1000;
  const count = processCount(options.processes);
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
    const parts = await start(first, { ...options, count, config: demo?.path ?? options.config }, surroundings);
    started.endReloading = reload(file, { ...first, look }, { ...parts, log, stop: interrupt.hear });
    process.stdout.write(
      `Remora is ready on http://${snapshot.listen.host}:${snapshot.listen.port} (health and metrics on http://${snapshot.admin.host}:${snapshot.admin.port})\n`,
    );
    if (demo !== undefined) process.stdout.write(demoBanner(snapshot, { key: demo.key, replaced: demo.played() }));
    const died = await Promise.race([interrupt.first, parts.envoy.exited, parts.sidecars.gaveUp]);
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
    await started.processes?.stop();
    for (const fake of started.fakes) await fake.stop();
    await directory.remove();
    interrupt.release();
  }
}

interface Surroundings {
  environment: Environment;
  log: Logger;
  started: Started;
  directory: { path: string };
  signal: AbortSignal;
}

/** The processes that make the gateway. */
interface Parts {
  sidecars: Sidecars;
  envoy: LaunchedEnvoy;
}

async function start(
  first: CompiledConfig,
  options: UpOptions & { count: number },
  { environment, log, started, directory, signal }: Surroundings,
): Promise<Parts> {
  const { snapshot } = first;
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
  const listen = { path: join(directory.path, 'extproc.sock') };
  const processes = await startProcesses({ ...options, listen, first, directory: directory.path, log });
  started.processes = processes;
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
      sidecars: processes.addresses,
      endpoints: endpointsByCluster(snapshot.endpoints.values()),
      systemCaFile: findSystemCaFile(),
    },
  });
  started.envoy = envoy;
  return { sidecars: processes.sidecars, envoy };
}

/** Keeps the config in force that the file holds. Returns what ends that. */
function reload(
  file: ConfigFile,
  first: CompiledConfig & { look: ConfigLook },
  { sidecars, envoy, log, stop }: Parts & { log: Logger; stop(): void },
): () => void {
  return keepReloading({
    look: file.look,
    compile: file.compile,
    first,
    apply: createRollOut({
      clusters: envoy.clusters,
      sidecar: sidecars,
      onLeftOver: (error) => log.error({ err: error }, 'old clusters stay in Envoy'),
    }),
    onRefused: (problems) => sidecars.tell({ type: 'refused', problems }),
    onUnchanged: () => sidecars.tell({ type: 'unchanged' }),
    stop,
    log,
  });
}
