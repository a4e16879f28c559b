import { readEnvironment, type Environment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { describeProblem } from '../config/problem.ts';
import type { Snapshot } from '../config/snapshot.ts';

/** Reads the environment and a config; warnings go to standard error. Throws ConfigError. */
export function load(path: string): { environment: Environment; snapshot: Snapshot } {
  const environment = readEnvironment();
  const snapshot = loadConfig(path, environment.variables, (warning) => process.stderr.write(`warning: ${describeProblem(warning)}\n`));
  return { environment, snapshot };
}
