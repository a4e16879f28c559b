import { startGateway } from '../gateway.ts';
import { createLog } from '../telemetry/log.ts';
import { load } from './config.ts';
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
  const gateway = await startGateway(snapshot, { address: listen, log }).catch((error: unknown) => {
    throw new UserError(`remora cannot start: ${error instanceof Error ? error.message : String(error)}`, error);
  });
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
    process.on('disconnect', stop);
    process.send(ready);
  } else log.info({ listen, admin: gateway.adminPort }, 'serving');
}
