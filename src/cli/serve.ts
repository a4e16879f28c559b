import { startGateway, type Gateway } from '../gateway.ts';
import { createLog, type Logger } from '../telemetry/log.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import { checkAddressIsFree } from '../envoy/port.ts';
import { isLoopback } from '../config/values.ts';
import { load } from './config.ts';
import { localAddress } from './local-address.ts';
import { seconds } from './seconds.ts';
import { UserError } from './user-error.ts';

/** What a sidecar tells the process that forked it, once it serves. */
export interface ReadyMessage {
  ready: true;
}

/** `remora serve`: runs the ext_proc service until it is told to stop, or until the process that forked it is gone. */
export async function serve({ config, listen, drainTimeout }: { config: string; listen: string; drainTimeout: string }): Promise<void> {
  const graceMs = seconds(drainTimeout, '--drain-timeout') * 1000;
  const { environment, snapshot } = load(config, { warn: process.send === undefined });
  const log = createLog(environment.logLevel);
  const gateway = await start(snapshot, listen, log);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return process.exit(1);
    stopping = true;
    void gateway.close(graceMs).then(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const ready: ReadyMessage = { ready: true };
  if (process.send !== undefined) {
    process.on('disconnect', () => stopping || stop()); // no second call to stop
    process.send(ready);
  } else log.info({ listen, admin: gateway.adminPort }, 'serving');
}

async function start(snapshot: Snapshot, listen: string, log: Logger): Promise<Gateway> {
  try {
    const address = localAddress(listen);
    if (!('path' in address)) {
      await checkAddressIsFree(address, '--listen');
      if (!isLoopback(address)) log.warn(`whoever reaches ${listen} is answered with providers' credentials: let nobody but Envoy reach it`);
    }
    await checkAddressIsFree(snapshot.admin, 'admin.listen:');
    return await startGateway(snapshot, { address: listen, log });
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(error instanceof EnvoyError ? reason : `remora cannot start: ${reason}`, error);
  }
}
