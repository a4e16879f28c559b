import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** How a command ended. `code` is null where a signal ended it. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs a command to its end. An exit code other than 0 is a result, not an error.
 * @throws where the command cannot be run at all.
 */
export async function runCommand(file: string, args: readonly string[]): Promise<CommandResult> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

/** The last line that says something; empty where none does. */
export const lastLine = (output: string): string => output.trim().split('\n').at(-1)?.trim() ?? '';
