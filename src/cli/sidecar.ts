import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReloadRefused } from '../config/reload.ts';
import type { MetricData } from '../telemetry/metrics.ts';
import type { FromSidecar, Place, SentConfig, ToSidecar } from './sidecar-messages.ts';
import { UserError } from './user-error.ts';

/** A sidecar process of ours. */
export interface Sidecar {
  /** Resolves when it has ended, with how it did. */
  readonly exited: Promise<string>;
  /**
   * Has it use another config from the next exchange on. Resolves when it does, with a promise of when no exchange of earlier ones can still make an attempt.
   * One that ends meanwhile has no exchange that could. Throws ReloadRefused where it does not use it.
   */
  use(config: SentConfig): Promise<{ idle: Promise<unknown> }>;
  /** Tells it of a try that came to nothing, or of attempts that were not handed over. */
  tell(message: Extract<ToSidecar, { type: 'refused' | 'unchanged' | 'not-handed' }>): void;
  /** Gives it what became of attempts; false where it is so far behind that it is not told. */
  hand(batch: string): boolean;
  /** All its metrics. Rejects where it does not answer within 2 seconds. */
  metrics(): Promise<readonly MetricData[]>;
  /** Asks it to end, and ends it if it does not; `graceMs` is what its exchanges may still take, in milliseconds. */
  stop(graceMs?: number): Promise<void>;
}

export interface StartSidecarOptions {
  /** Path of the config, which the config's own paths begin from; its text comes in `first`. */
  config: string;
  listen: string;
  drainTimeout: string;
  first: SentConfig;
  /** Undefined for the only one. */
  place: Place | undefined;
  /** Hears of attempts that are none of its own. */
  onHandOver(batch: string, count: number): void;
}

/** How long a sidecar whose exchanges are all over may take to book them and end. */
const stopMs = 5000;

/** Longest wait for metrics. */
const measureMs = 2000;

/** Most batches that are on their way to one process. */
const maxHanded = 64;

/**
 * Starts `remora serve` in a process group of its own, where Ctrl-C does not reach it, and waits until it serves.
 * It ends by itself when the channel to us breaks, so none is left if we are killed. Throws UserError where it cannot start; it has said why.
 */
export async function startSidecar({ config, listen, drainTimeout, first, place, onHandOver }: StartSidecarOptions): Promise<Sidecar> {
  const child = fork(process.argv[1] ?? '', ['serve', '--config', config, '--listen', listen, '--drain-timeout', drainTimeout], {
    detached: true,
    serialization: 'advanced', // metrics may be NaN
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const ready = nextMessage(child, ({ type }) => type === 'ready').heard.then(() => true);
  send(child, { type: 'begin', config: first, place });
  if (!(await Promise.race([ready, exited.then(() => false)])))
    throw new UserError(`The sidecar did not start (${await exited}); its reason stands above.`);
  child.on('message', (message: FromSidecar) => {
    if (message.type === 'hand-over') onHandOver(message.batch, message.count);
  });
  return running(child, exited);
}

function running(child: ChildProcess, exited: Promise<string>): Sidecar {
  let handed = 0;
  let measured = 0;
  return {
    exited,
    async use({ data, hash, number }) {
      const answer = nextMessage(child, (message) => (message.type === 'used' || message.type === 'not-used') && message.number === number);
      const idle = nextMessage(child, (message) => message.type === 'idle' && message.number === number);
      send(child, { type: 'use', config: { data, hash, number } }); // nothing else of it can be sent
      const heard = await Promise.race([answer.heard, exited]);
      if (typeof heard === 'string') return { idle: exited };
      if (heard.type !== 'not-used') return { idle: Promise.race([idle.heard, exited]) };
      idle.forget();
      throw new ReloadRefused(heard.problems);
    },
    tell: (message) => send(child, message),
    hand(batch) {
      if (handed >= maxHanded) return false;
      handed += 1;
      send(child, { type: 'handed', batch }, () => (handed -= 1));
      return true;
    },
    async metrics() {
      const number = ++measured;
      const answer = nextMessage(child, (message) => message.type === 'measured' && message.number === number);
      send(child, { type: 'measure', number });
      const heard = await Promise.race([answer.heard, after(measureMs)]);
      answer.forget();
      if (heard?.type !== 'measured') throw new Error('the sidecar does not tell its metrics');
      return heard.metrics;
    },
    async stop(graceMs = 0) {
      child.kill('SIGTERM');
      const late = new AbortController();
      await Promise.race([exited, after(graceMs + stopMs, late.signal).then(() => late.signal.aborted || child.kill('SIGKILL'))]);
      late.abort();
      await exited;
    },
  };
}

/** The next message of a kind; one that is not awaited any more is to be forgotten. */
function nextMessage(child: ChildProcess, isMeant: (message: FromSidecar) => boolean): { heard: Promise<FromSidecar>; forget(): void } {
  const { promise: heard, resolve } = Promise.withResolvers<FromSidecar>();
  const hear = (message: FromSidecar): void => {
    if (!isMeant(message)) return;
    child.off('message', hear);
    resolve(message);
  };
  child.on('message', hear);
  return { heard, forget: () => void child.off('message', hear) };
}

/** Whoever waits for an answer waits for its end too. */
function send(child: ChildProcess, message: ToSidecar, sent: () => void = () => {}): void {
  if (child.connected) child.send(message, sent);
  else sent();
}

/** Resolves after so long, or when it is not waited for any more. */
const after = (milliseconds: number, signal?: AbortSignal): Promise<undefined> =>
  sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
