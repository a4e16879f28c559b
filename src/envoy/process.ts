import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type EnvoyLogLine, logFormat, readLogLine } from './log.ts';

/** How Envoy is run. */
export interface EnvoyProcessOptions {
  binary: string;
  bootstrapFile: string;
  /** Worker threads; undefined for one per core. */
  concurrency: number | undefined;
  /** Gets each warning and error of Envoy. */
  onLog(line: EnvoyLogLine): void;
}

/** How Envoy ended. */
export interface EnvoyExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Its last errors, oldest first. */
  lastErrors: readonly string[];
}

/** A running Envoy, without any knowledge of what it does. */
export interface EnvoyProcess {
  readonly pid: number;
  readonly exited: Promise<EnvoyExit>;
  /** Sends a signal; does nothing once it has ended. */
  kill(signal: NodeJS.Signals): void;
}

const lastErrorsKept = 5;

/**
 * The shell becomes Envoy and leaves a guard behind that waits on a pipe from us (descriptor 3). When we are gone, however we ended, the pipe ends and the guard kills Envoy:
 * Envoy itself does not notice. A line on the pipe tells the guard that Envoy has ended. The guard is in Envoy's process group, so `$$` cannot become another process's id while it waits.
 */
const guarded = '{ read -r _ <&3 || kill -KILL $$; } </dev/null >/dev/null 2>&1 & exec "$@" 3<&-';

/**
 * Starts Envoy in a process group of its own, where a terminal's Ctrl-C does not reach it: it would end at once.
 * @throws where it cannot be started at all.
 */
export async function startEnvoyProcess({ binary, bootstrapFile, concurrency, onLog }: EnvoyProcessOptions): Promise<EnvoyProcess> {
  const args = ['-c', bootstrapFile, '-l', 'warning', '--log-format', logFormat, '--disable-hot-restart', '--drain-strategy', 'immediate'];
  if (concurrency !== undefined) args.push('--concurrency', String(concurrency));
  const child = spawn('/bin/sh', ['-c', guarded, 'sh', binary, ...args], { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , lifeline] = child.stdio;
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject).once('spawn', () => resolve(child.pid ?? 0));
  });

  const lastErrors: string[] = [];
  if (child.stderr)
    createInterface({ input: child.stderr }).on('line', (text) => {
      const line = readLogLine(text);
      if (line.level === 'error' && lastErrors.push(line.message) > lastErrorsKept) lastErrors.shift();
      onLog(line);
    });
  child.once('exit', () => {
    if (lifeline && 'end' in lifeline) lifeline.end('\n');
  });
  lifeline?.on('error', () => {}); // the guard is gone already

  // `close` comes after the last line of the log.
  const exited = new Promise<EnvoyExit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, lastErrors }));
  });
  return { pid, exited, kill: (signal) => void child.kill(signal) };
}
