import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReloadRefused, type NextConfig } from '../config/reload.ts';
import type { FromSidecar, ToSidecar } from './sidecar-messages.ts';
import { UserError } from './user-error.ts';

/** A sidecar process of ours. */
export interface Sidecar {
  /** Resolves when it has ended by itself, with an error that says so. */
  readonly exited: Promise<Error>;
  /**
   * Has it use another config from the next exchange on. Resolves when it does, with a promise of when no exchange of earlier ones can still make an attempt.
   * Throws ReloadRefused where it does not.
   */
  use(next: NextConfig): Promise<{ idle: Promise<unknown> }>;
  /** Tells it of a try that came to nothing. */
  tell(message: Exclude<ToSidecar, { type: 'use' }>): void;
  /** Asks it to end, and ends it if it does not. */
  stop(): Promise<void>;
}

/** How long a sidecar whose exchanges are all over may take to book them and end. */
const stopMs = 5000;

/**
 * Starts `remora serve` in a process group of its own, where Ctrl-C does not reach it, and waits until it serves.
 * It ends by itself when the channel to us breaks, so none is left if we are killed. Throws UserError where it cannot start; it has said why.
 */
export async function startSidecar({ config, listen, drainTimeout }: { config: string; listen: string; drainTimeout: string }): Promise<Sidecar> {
  const child = fork(process.argv[1] ?? '', ['serve', '--config', config, '--listen', listen, '--drain-timeout', drainTimeout], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exit = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const exited = exit.then((how) => new UserError(`The sidecar ended by itself (${how}); its log above says why. Start Remora again.`));
  const ready = nextMessage(child, ({ type }) => type === 'ready').heard.then(() => true);
  if (!(await Promise.race([ready, exit.then(() => false)])))
    throw new UserError(`The sidecar did not start (${await exit}); its reason stands above.`);
  return {
    exited,
    async use({ data, hash, number }) {
      const answer = nextMessage(child, (message) => (message.type === 'used' || message.type === 'not-used') && message.number === number);
      const idle = nextMessage(child, (message) => message.type === 'idle' && message.number === number);
      send(child, { type: 'use', data, hash, number });
      const heard = await Promise.race([answer.heard, exited]);
      if (heard instanceof Error) throw heard;
      if (heard.type !== 'not-used') return { idle: idle.heard };
      idle.forget();
      throw new ReloadRefused(heard.problems);
    },
    tell: (message) => send(child, message),
    async stop() {
      child.kill('SIGTERM');
      const late = new AbortController();
      await Promise.race([
        exit,
        sleep(stopMs, undefined, { signal: late.signal }).then(
          () => child.kill('SIGKILL'),
          () => {},
        ),
      ]);
      late.abort();
      await exit;
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

function send(child: ChildProcess, message: ToSidecar): void {
  if (child.connected) child.send(message, () => {}); // whoever waits for an answer waits for its end too
}
