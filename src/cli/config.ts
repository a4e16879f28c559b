import { readEnvironment, type Environment } from '../config/environment.ts';
import { compileConfig, loadConfig, readConfig } from '../config/load.ts';
import { describeProblem, type Problem } from '../config/problem.ts';
import type { CompiledConfig } from '../config/reload.ts';
import { compileText } from '../config/reload-compile.ts';
import { createConfigLook, type ConfigLook } from '../config/reload-look.ts';
import type { Snapshot } from '../config/snapshot.ts';
import { withoutProviderKeys } from '../config/without-keys.ts';

/** Reads the environment and a config; warnings go to standard error. Throws ConfigError. */
export function load(path: string): { environment: Environment; snapshot: Snapshot } {
  const environment = readEnvironment();
  return { environment, snapshot: loadConfig(path, environment.variables, showWarning) };
}

/** Reads a config for a command that calls no provider: their keys need not be set, and what `remora check` warns of is not told again. Throws ConfigError. */
export function loadForStore(path: string): Snapshot {
  const { variables } = readEnvironment();
  const text = readConfig(path);
  return compileConfig(text, { path, env: withoutProviderKeys(text, { path, env: variables }) });
}

/** Shows what works but is probably not meant. */
export const showWarning = (warning: Problem): void => void process.stderr.write(`warning: ${describeProblem(warning)}\n`);

/** A config file that may change while it is used. */
export interface ConfigFile {
  /** What it and the files that it names hold now. */
  look(): Promise<ConfigLook>;
  /** Compiles what was seen, undefined where it could not be read. Throws ConfigError. */
  compile(text: string | undefined): Promise<CompiledConfig>;
}

/** A config file as it stands. `warn` takes what works but is probably not meant. */
export function configFile(path: string, { variables: env }: Environment, warn?: (warning: Problem) => void): ConfigFile {
  return { look: createConfigLook(path, env), compile: async (text) => compileText(text, { path, env, ...(warn && { warn }) }) };
}
