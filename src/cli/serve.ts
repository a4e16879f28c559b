import { isLoopback } from '../config/values.ts';
import { readEnvironment } from '../config/environment.ts';
import { createConfigStatus, type ConfigStatus } from '../config/reload-status.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { checkAddressIsFree } from '../envoy/port.ts';
import { startGateway, type Gateway } from '../gateway.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import { configFile, showWarning } from './config.ts';
import { localAddress } from './local-address.ts';
import { obey } from './obey.ts';
import { keepReloading } from './reload.ts';
import { seconds } from './seconds.ts';
import { createServeApply, type ServeApplyOptions } from './serve-apply.ts';
import { UserError } from './user-error.ts';

export interface ServeOptions extends ServeApplyOptions {
  config: string;
  listen: string;
  drainTimeout: string;
}

/** `remora serve`: runs the ext_proc service until it is told to stop, or until the process that forked it is gone. That process brings it changed configs; alone it watches for them. */
export async function serve(options: ServeOptions): Promise<void> {
  const { config, listen } = options;
  const graceMs = seconds(options.drainTimeout, '--drain-timeout') * 1000;
  const isForked = process.send !== undefined;
  const environment = readEnvironment();
  const file = configFile(config, environment, isForked ? undefined : showWarning);
  const look = await file.look();
  const first = await file.compile(look.text);
  const log = createLog(environment.logLevel);
  const status = createConfigStatus(first.hash, Date.now);
  const apply = isForked ? undefined : await createServeApply(first.snapshot, options, log);
  const gateway = await start(first.snapshot, { listen, log, status });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return process.exit(1);
    stopping = true;
    void gateway.close(graceMs).then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (apply === undefined) {
    if (!process.connected) return stop(); // it went while we started
    process.on('disconnect', () => stopping || stop()); // no second call to stop
    obey({ gateway, status, compile: { path: config, env: environment.variables } });
    return;
  }
  keepReloading({
    ...file,
    first: { ...first, look },
    apply: async (next) => {
      await apply(next, gateway);
      status.applied(next);
    },
    onRefused: (problems) => status.refused(problems),
    onUnchanged: () => status.unchanged(),
    stop,
    log,
  });
  log.info({ listen, admin: gateway.adminPort }, 'serving');
}

async function start(snapshot: Snapshot, { listen, log, status }: { listen: string; log: Logger; status: ConfigStatus }): Promise<Gateway> {
  try {
    const address = localAddress(listen);
    if (!('path' in address)) {
      await checkAddressIsFree(address, '--listen');
      if (!isLoopback(address)) log.warn(`whoever reaches ${listen} is answered with providers' credentials: let nobody but Envoy reach it`);
    }
    await checkAddressIsFree(snapshot.admin, 'admin.listen:');
    return await startGateway(snapshot, { address: listen, log, config: status });
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(error instanceof EnvoyError ? reason : `remora cannot start: ${reason}`, error);
  }
}
