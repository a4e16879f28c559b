import { runCommand } from './command.ts';
import { EnvoyError } from './envoy-error.ts';
import { logFormat, readLogLine } from './log.ts';

/**
 * Asks Envoy whether it can run with a config file, and returns what it warns of, such as fields that will go.
 * @throws EnvoyError with Envoy's reason.
 */
export async function validateConfig(binary: string, file: string): Promise<string[]> {
  const { code, stderr } = await runCommand(binary, ['--mode', 'validate', '-c', file, '-l', 'warning', '--log-format', logFormat]);
  const lines = stderr
    .split('\n')
    .filter((line) => line !== '')
    .map(readLogLine);
  if (code === 0) return lines.map(({ message }) => message);
  const reason = lines.find(({ level }) => level === 'error')?.message.replace(/^error initializing configuration '[^']*': /, '');
  throw new EnvoyError(`Envoy does not accept ${file}: ${reason ?? 'it gives no reason'}`);
}
