import { readEnvironment, type Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { describeProblem, type Problem } from '../config/problem.ts';
import type { Snapshot } from '../config/snapshot.ts';

/** Reads the environment and a config; warnings go to standard error, unless someone else has shown them. Throws ConfigError. */
export function load(path: string, { warn = true } = {}): { environment: Environment; snapshot: Snapshot } {
  const environment = readEnvironment();
  const show = (warning: Problem): void => void process.stderr.write(`warning: ${describeProblem(warning)}\n`);
  return { environment, snapshot: loadConfig(path, environment.variables, warn ? show : undefined) };
}
