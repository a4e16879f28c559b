import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { runCommand } from '../../src/envoy/command.ts';

/** A process of the benchmark's. It ends by itself when the channel to us breaks. */
export interface Child {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: unknown;
  /** Sends a message and waits for the answer. Throws what the child reports as `failed`, and where it ends instead. */
  ask(message: object): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts a script in a process of its own on the given cores, and waits for its first message. */
export async function startChild(
  script: string,
  args: readonly string[],
  { cores, execArgv = [], begin }: { cores: Cores; execArgv?: readonly string[]; begin?: object },
): Promise<Child> {
  const child = spawn(process.execPath, [...execArgv, script, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  if (begin !== undefined) child.send(begin);
  const ready = await nextMessage(child, script);
  const pid = child.pid ?? 0;
  await pin(pid, cores);
  return {
    pid,
    ready,
    async ask(message) {
      child.send(message);
      const answer = await nextMessage(child, script);
      if (typeof answer === 'object' && answer !== null && 'failed' in answer) throw new Error(String(answer.failed));
      return answer;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function nextMessage(child: ChildProcess, script: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`${script} ended by itself`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}

/** Cores as `taskset` takes them, such as `0` or `1-3`; undefined for all. */
export type Cores = string | undefined;

/** Keeps a process and all its threads on some cores. */
export async function pin(pid: number, cores: Cores): Promise<void> {
  if (cores === undefined) return;
  const { code, stderr } = await runCommand('taskset', ['-a', '-c', '-p', cores, String(pid)]);
  if (code !== 0) throw new Error(`taskset: ${stderr}`);
}
