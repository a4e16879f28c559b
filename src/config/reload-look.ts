import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readDocument } from './document.ts';
import type { Variables } from './environment.ts';
import type { Path } from './problem.ts';
import { isSecret } from './schema.ts';
import { filePrefix, resolveValues } from './variables.ts';

/** A config at one moment: its text, and what the files hold that it names. */
export interface ConfigLook {
  /** Undefined where the file cannot be read. */
  text: string | undefined;
  /** Hash of the text and of those files: another one means that something has changed. */
  fingerprint: string;
  /** The config and the files that it names (secrets, root certificates), by their whole paths, whether they exist or not. */
  files: readonly string[];
}

/** The version of a config as people see it: the first 12 hex digits of its text's SHA-256, as `sha256sum` prints them. */
export const versionHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** Makes what looks at a config file; a text that has not changed is not parsed again. */
export function createConfigLook(path: string, env: Variables): () => Promise<ConfigLook> {
  const file = resolve(path);
  let lastText: string | undefined;
  let named: readonly string[] = [];
  return async () => {
    const text = await contentOf(file);
    if (typeof text === 'string' && text !== lastText) {
      lastText = text;
      named = namedFiles(text, { path, env }) ?? named;
    }
    const files = [file, ...named];
    const contents = await Promise.all(named.map(contentOf));
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([text, contents]))
      .digest('hex');
    return { text: typeof text === 'string' ? text : undefined, fingerprint, files };
  };
}

/** What a file holds, or why it cannot be read: that changes too. */
async function contentOf(file: string): Promise<string | { unreadable: string }> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    return { unreadable: error instanceof Error && 'code' in error ? String(error.code) : 'unknown' };
  }
}

/** Files that the values of a config come from; undefined where its text cannot be read as YAML. */
function namedFiles(text: string, { path, env }: { path: string; env: Variables }): string[] | undefined {
  const folder = dirname(resolve(path));
  try {
    const { data } = resolveValues(readDocument(text, path).data, { variables: env, folder, isSecret: () => false });
    return [...new Set(fileNames(data, []))].map((name) => resolve(folder, name));
  } catch {
    return undefined; // what is wrong with it is told when it is compiled
  }
}

function fileNames(value: unknown, path: Path): string[] {
  if (typeof value === 'string') {
    if (isSecret(path) && value.startsWith(filePrefix)) return [value.slice(filePrefix.length)];
    return path[0] === 'providers' && path.length === 3 && path[2] === 'caFile' && value !== '' ? [value] : [];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => fileNames(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => fileNames(child, [...path, key]));
}
