import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A gateway's clock, which tests move on so that nobody has to wait for what happens later. */
export interface MovedClock {
  /** What the gateway is to be started with: it has this very file loaded into its processes. */
  env: Record<string, string>;
  /** Puts the clock so many milliseconds before everybody else's, at once. Timers run as before, and Envoy keeps its own time. */
  setAhead(ms: number): void;
  remove(): void;
}

const variable = 'REMORA_TEST_CLOCK';

/** A clock that is right until it is moved. */
export function createMovedClock(): MovedClock {
  const folder = mkdtempSync(join(tmpdir(), 'remora-clock-'));
  const file = join(folder, 'ahead');
  const setAhead = (ms: number): void => writeFileSync(file, String(ms));
  setAhead(0);
  return {
    env: { [variable]: file, NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${import.meta.url}` },
    setAhead,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Moves the clock of the process that this is loaded into. */
function install(file: string): void {
  const real = Date.now.bind(Date);
  Date.now = () => real() + Number(readFileSync(file, 'utf8'));
}

const moved = process.env[variable];
if (moved !== undefined) install(moved);
