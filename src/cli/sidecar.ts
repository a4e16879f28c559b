import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from './user-error.ts';

/** A sidecar process of ours. */
export interface Sidecar {
  /** Resolves when it has ended by itself, with an error that says so. */
  readonly exited: Promise<Error>;
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
  const ready = once(child, 'message').then(() => true);
  if (!(await Promise.race([ready, exit.then(() => false)])))
    throw new UserError(`The sidecar did not start (${await exit}); its reason stands above.`);
  return {
    exited: exit.then((how) => new UserError(`The sidecar ended by itself (${how}); its log above says why. Start Remora again.`)),
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
