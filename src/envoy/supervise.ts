import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalAddress } from './address.ts';
import { type Admin, createAdmin } from './admin.ts';
import { EnvoyError } from './envoy-error.ts';
import { addressInUse } from './port.ts';
import { type EnvoyExit, type EnvoyProcess, type EnvoyProcessOptions, startEnvoyProcess } from './process.ts';

/** How Envoy is started. */
export interface StartOptions extends EnvoyProcessOptions {
  /** The admin interface that the bootstrap file names. */
  admin: LocalAddress;
  /** Longest time until it serves, in milliseconds: names of providers are resolved in it. */
  readyTimeoutMs?: number;
  /** Ends the start, and the Envoy that is starting. */
  signal?: AbortSignal | undefined;
}

/** How Envoy is stopped. */
export interface StopOptions {
  /** How long new connections are still taken, so that load balancers can turn away, in milliseconds. */
  lingerMs?: number;
  /** Longest wait for the requests under way, in milliseconds. */
  drainMs?: number;
}

/** An Envoy that serves. */
export interface RunningEnvoy {
  readonly pid: number;
  /** Resolves when it has ended: with an error unless we ended it. */
  readonly exited: Promise<EnvoyError | undefined>;
  /** Lets the requests under way finish, then ends Envoy. Once begun, further calls wait for the same end. */
  stop(options?: StopOptions): Promise<void>;
  /** Ends Envoy at once, whatever it is doing. */
  kill(): Promise<void>;
}

const pollMs = 50;

/** Envoy ends at once on SIGTERM; one that does not is killed after this time. */
const termMs = 3000;

/**
 * Starts Envoy and waits until it serves.
 * @throws EnvoyError that says why it does not and what to do.
 */
export async function startEnvoy({ admin: address, readyTimeoutMs = 60_000, signal, ...options }: StartOptions): Promise<RunningEnvoy> {
  let ending = false; // by us
  const envoy = await startEnvoyProcess({
    ...options,
    onLog: (line) => {
      if (!(ending && line.message === 'caught ENVOY_SIGTERM')) options.onLog(line);
    },
  });
  const admin = createAdmin(address);

  async function end(kind: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    ending = true;
    envoy.kill(kind);
    if (!(await endsWithin(envoy, termMs))) envoy.kill('SIGKILL');
    await envoy.exited;
  }

  try {
    await untilReady(envoy, admin, readyTimeoutMs, signal);
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }

  let stopped: Promise<void> | undefined;
  return {
    pid: envoy.pid,
    exited: envoy.exited.then((exit) => (ending ? undefined : new EnvoyError(`Envoy ended by itself: ${describe(exit)}`))),
    stop(stopOptions = {}) {
      stopped ??= drained(envoy, admin, stopOptions).then(() => end('SIGTERM'));
      return stopped;
    },
    kill: () => end('SIGKILL'),
  };
}

async function untilReady(envoy: EnvoyProcess, admin: Admin, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
  const tooLate = AbortSignal.timeout(timeoutMs);
  while (!(await admin.ready().catch(() => false))) {
    signal?.throwIfAborted();
    if (tooLate.aborted)
      throw new EnvoyError(
        `Envoy runs but was not ready after ${timeoutMs / 1000} s; see its warnings above, a name server that does not answer is the usual cause.`,
      );
    if (await endsWithin(envoy, pollMs)) throw startFailure(await envoy.exited);
  }
}

function startFailure(exit: EnvoyExit): EnvoyError {
  const taken = exit.lastErrors
    .map((error) => /cannot bind '([^']+)': Address already in use/.exec(error)?.[1])
    .find((address) => address !== undefined);
  return taken === undefined ? new EnvoyError(`Envoy did not start: ${describe(exit)}`) : addressInUse(taken);
}

/** Brings the requests under way to their end, or gives up on them after the time for it. An Envoy that does not answer has none. */
async function drained(envoy: EnvoyProcess, admin: Admin, { lingerMs = 0, drainMs = 30_000 }: StopOptions): Promise<void> {
  try {
    await admin.drain();
    if (await endsWithin(envoy, lingerMs)) return;
    await admin.closeListeners();
    const tooLate = AbortSignal.timeout(drainMs);
    while (!tooLate.aborted && (await admin.activeRequests()) > 0) {
      if (await endsWithin(envoy, pollMs)) return;
    }
  } catch {
    // Ended below.
  }
}

const endsWithin = async (envoy: EnvoyProcess, milliseconds: number): Promise<boolean> => {
  const timer = new AbortController();
  try {
    return await Promise.race([envoy.exited.then(() => true), sleep(milliseconds, false, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
};

function describe({ code, signal, lastErrors }: EnvoyExit): string {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}${signal === 'SIGKILL' ? ', as when memory runs out' : ''}`;
  return lastErrors.length === 0 ? `${how}, without a word.` : `${how}; its last words: ${lastErrors.join(' | ')}`;
}
