import type { LocalAddress } from '../envoy/address.ts';
import { readEnvironment } from '../config/environment.ts';
import { createConfigStatus, type ConfigStatus } from '../config/reload-status.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { isLoopback } from '../config/values.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { checkAddressIsFree } from '../envoy/port.ts';
import { startGateway, type Gateway, type GatewayOptions } from '../gateway.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import { configFile, showWarning } from './config.ts';
import { localAddress } from './local-address.ts';
import { compileSent, firstOrder, longestAttemptsMs, obey, tell } from './obey.ts';
import { processCount } from './process-count.ts';
import { keepReloading } from './reload.ts';
import { seconds } from './seconds.ts';
import { createServeApply, type ServeApplyOptions } from './serve-apply.ts';
import { serveSeveral, type ServeSurroundings } from './serve-several.ts';
import { UserError } from './user-error.ts';

export interface ServeOptions extends ServeApplyOptions {
  config: string;
  listen: string;
  processes: string;
  drainTimeout: string;
}

/** `remora serve`: runs the ext_proc service until it is told to stop, or until the process that forked it is gone. That process brings it changed configs; else it watches for them itself. */
export async function serve(options: ServeOptions): Promise<void> {
  const graceMs = seconds(options.drainTimeout, '--drain-timeout') * 1000;
  const environment = readEnvironment();
  const log = createLog(environment.logLevel);
  if (process.send !== undefined) return serveForked(options, { environment, graceMs, log });
  const count = processCount(options.processes);
  return count === 1 ? serveAlone(options, { environment, graceMs, log }) : serveSeveral({ ...options, count }, { environment, graceMs, log });
}

/** For the process that forked this one, with the config that it says. */
async function serveForked({ config: path, listen }: ServeOptions, { environment, graceMs, log }: ServeSurroundings): Promise<void> {
  const order = await firstOrder();
  if (order === undefined) return;
  const { config, place } = order;
  const compile = { path, env: environment.variables };
  const status = createConfigStatus(config.hash, Date.now, config.number);
  const sibling = place && {
    index: place.index,
    admin: { path: place.admin },
    handOver: (batch: string, count: number, sent: () => void) => tell({ type: 'hand-over', batch, count }, sent),
  };
  const gateway = await start(compileSent(config, compile, place), {
    listen,
    log: place === undefined ? log : log.child({ process: place.index }),
    config: status,
    sibling,
  });
  const stop = stopOnSignal(gateway, graceMs);
  if (!process.connected) return stop(); // it went while we started
  process.on('disconnect', stop);
  obey({ gateway, status, compile, place });
}

/** For an Envoy that someone else runs. */
async function serveAlone(options: ServeOptions, { environment, graceMs, log }: ServeSurroundings): Promise<void> {
  const { config, listen } = options;
  const file = configFile(config, environment, showWarning);
  const look = await file.look();
  const first = await file.compile(look.text);
  const status = createConfigStatus(first.hash, Date.now);
  const apply = await createServeApply(first.snapshot, options, log);
  const gateway = await start(first.snapshot, { listen, log, config: status });
  const sidecar = {
    async use({ snapshot }: { snapshot: Snapshot }) {
      await gateway.use(snapshot);
      return { idle: gateway.untilIdle(snapshot, longestAttemptsMs) };
    },
  };
  keepReloading({
    ...file,
    first: { ...first, look },
    apply: async (next) => {
      await apply(next, sidecar);
      status.applied(next);
    },
    onRefused: (problems) => status.refused(problems),
    onUnchanged: () => status.unchanged(),
    stop: stopOnSignal(gateway, graceMs),
    log,
  });
  log.info({ listen, admin: gateway.adminPort }, 'serving');
}

/** Ends the process in good order on SIGTERM and SIGINT, and at once on the second one. What is returned does it too, and never insists. */
function stopOnSignal(gateway: Gateway, graceMs: number): () => void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    void gateway.close(graceMs).then(() => process.exit(0));
  };
  const hear = (): void => (stopping ? process.exit(1) : stop());
  process.on('SIGTERM', hear).on('SIGINT', hear);
  return stop;
}

interface StartOptions extends Omit<GatewayOptions, 'address'> {
  listen: string;
  config: ConfigStatus;
}

async function start(snapshot: Snapshot, { listen, ...options }: StartOptions): Promise<Gateway> {
  try {
    await checkListen(localAddress(listen), options.log);
    if (options.sibling === undefined) await checkAddressIsFree(snapshot.admin, 'admin.listen:');
    return await startGateway(snapshot, { address: listen, ...options });
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(error instanceof EnvoyError ? reason : `remora cannot start: ${reason}`, error);
  }
}

async function checkListen(address: LocalAddress, log: Logger): Promise<void> {
  if ('path' in address) return;
  await checkAddressIsFree(address, '--listen');
  if (!isLoopback(address))
    log.warn(`whoever reaches ${address.host}:${address.port} is answered with providers' credentials: let nobody but Envoy reach it`);
}
