import type { Environment } from '../config/environment.ts';
import { createRunDirectory } from '../envoy/run-directory.ts';
import { EnvoyError } from '../envoy/envoy-error.ts';
import type { Logger } from '../telemetry/log.ts';
import { configFile, showWarning } from './config.ts';
import { localAddress } from './local-address.ts';
import { startProcesses, type Processes } from './processes.ts';
import { keepReloading } from './reload.ts';
import { createServeApply, type ServeApplyOptions } from './serve-apply.ts';
import { listenForSignals } from './signals.ts';
import { UserError } from './user-error.ts';

export interface ServeSeveralOptions extends ServeApplyOptions {
  config: string;
  /** Where the first process listens; the others listen beside it. */
  listen: string;
  count: number;
  drainTimeout: string;
}

/** What a service runs in. */
export interface ServeSurroundings {
  environment: Environment;
  /** How long running exchanges may take when stopped, in milliseconds. */
  graceMs: number;
  log: Logger;
}

/** `remora serve --processes N`: runs several sidecar processes for an Envoy that someone else runs, until it is told to stop or one ends again and again. */
export async function serveSeveral(options: ServeSeveralOptions, { environment, graceMs, log }: ServeSurroundings): Promise<void> {
  const file = configFile(options.config, environment, showWarning);
  const look = await file.look();
  const first = await file.compile(look.text);
  const directory = await createRunDirectory();
  const interrupt = listenForSignals();
  let processes: Processes | undefined;
  let endReloading = (): void => {};
  try {
    const apply = await createServeApply(first.snapshot, options, log);
    processes = await startProcesses({ ...options, listen: localAddress(options.listen), first, directory: directory.path, log });
    const { sidecars } = processes;
    endReloading = keepReloading({
      ...file,
      first: { ...first, look },
      apply: (next) => apply(next, sidecars),
      onRefused: (problems) => sidecars.tell({ type: 'refused', problems }),
      onUnchanged: () => sidecars.tell({ type: 'unchanged' }),
      stop: interrupt.hear,
      log,
    });
    log.info({ listen: options.listen, processes: options.count }, 'serving');
    const gaveUp = await Promise.race([interrupt.first, sidecars.gaveUp]);
    if (gaveUp instanceof Error) throw gaveUp;
    void interrupt.second.then(() => process.exit(1));
  } catch (error) {
    throw error instanceof EnvoyError ? new UserError(error.message, error) : error;
  } finally {
    endReloading();
    await processes?.stop(graceMs);
    await directory.remove();
    interrupt.release();
  }
}
