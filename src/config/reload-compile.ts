import { readDocument } from './document.ts';
import { compileData, readConfig, type CompileOptions } from './load.ts';
import { fieldName, type Finding, type Problem } from './problem.ts';
import type { CompiledConfig } from './reload.ts';
import { versionHash } from './reload-look.ts';
import type { Snapshot } from './snapshot.ts';

/** Compiles a config's text; where it could not be read, says so. Throws ConfigError with everything that is wrong in it. */
export function compileText(text: string | undefined, options: CompileOptions): CompiledConfig {
  const present = text ?? readConfig(options.path);
  const document = readDocument(present, options.path);
  return { snapshot: compileData(document, document.data, options), data: document.data, hash: versionHash(present) };
}

/**
 * Compiles a config that another process has read and found good. Most of the work is YAML, and a sidecar has requests to answer meanwhile.
 * Throws ConfigError, without lines.
 */
export function compileParsed(data: unknown, options: CompileOptions): Snapshot {
  const locate = ({ path, message }: Finding): Problem => ({ file: options.path, position: undefined, field: fieldName(path), message });
  return compileData({ file: options.path, data, locate }, data, options);
}
