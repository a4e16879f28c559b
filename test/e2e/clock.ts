import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './gateway.ts';

/** A gateway's clock, which tests move so that nobody has to wait for what happens later. */
export interface MovedClock {
  /** Start the gateway with these variables: this very file is loaded into its processes. */
  env: Record<string, string>;
  /** Moves the clock on by so many milliseconds, at once. Timers run as before, and Envoy keeps the time. */
  move(ms: number): void;
  /** Milliseconds since 1970 in the gateway. */
  now(): number;
}

const variable = 'REMORA_TEST_CLOCK';

/** A clock that is right until it is moved. */
export function createMovedClock(): MovedClock {
  const file = join(temporaryFolder(), 'clock');
  let offset = 0;
  const write = (): void => writeFileSync(file, String(offset));
  write();
  return {
    env: { [variable]: file, NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${import.meta.url}` },
    move(ms) {
      offset += ms;
      write();
    },
    now: () => Date.now() + offset,
  };
}
