import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Variables } from './environment.ts';
import type { Finding, Path } from './problem.ts';

/** Deepest nesting of a config; what is deeper is a mistake or refers to itself. */
const maxDepth = 32;

export interface ResolveOptions {
  variables: Variables;
  /** Folder that relative `file:` paths start from. */
  folder: string;
  /** Whether a field may hold `file:PATH`. */
  isSecret: (path: Path) => boolean;
}

/** Replaces `${VAR}` in texts and `file:PATH` in secrets. What cannot be replaced stays as written, with a finding. */
export function resolveValues(data: unknown, options: ResolveOptions): { data: unknown; findings: Finding[] } {
  const findings: Finding[] = [];
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') {
      const { text, fault } = resolveText(value, path, options);
      if (fault !== undefined) findings.push({ path, message: fault });
      return text;
    }
    if (typeof value !== 'object' || value === null) return value;
    if (path.length > maxDepth) {
      findings.push({ path: path.slice(0, 2), message: 'is nested too deep, or refers to itself' });
      return null;
    }
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => {
        // Schemas skip this name without a word, so it is refused here.
        if (key === '__proto__') findings.push({ path: [...path, key], message: 'is not a name that can be used', at: 'key' });
        return [key, walk(child, [...path, key])];
      }),
    );
  };
  return { data: walk(data, []), findings };
}

/** Variables that a text refers to and that are unset or empty. */
export function unsetVariables(text: string, variables: Variables): string[] {
  return [...text.matchAll(reference)].flatMap(([, name]) => (name !== undefined && !variables[name] ? [name] : []));
}

/** What a secret begins with that is read from a file. */
export const filePrefix = 'file:';

const reference = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

function resolveText(written: string, path: Path, { variables, folder, isSecret }: ResolveOptions): { text: string; fault?: string } {
  const unset = unsetVariables(written, variables);
  if (unset.length > 0) {
    const names = unset.join(', ');
    return { text: written, fault: `the environment variable ${names} is not set; set it, or give the value in another way` };
  }
  if (written.replaceAll(reference, '').includes('${')) {
    return { text: written, fault: 'has a "${" that names no environment variable; write ${NAME}, which takes no default' };
  }
  const text = written.replaceAll(reference, (_, name: string) => variables[name] ?? '');
  return isSecret(path) && text.startsWith(filePrefix) ? readSecret(written, resolve(folder, text.slice(filePrefix.length))) : { text };
}

function readSecret(written: string, file: string): { text: string; fault?: string } {
  try {
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? { text: written, fault: 'names a file that is empty' } : { text };
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { text: written, fault: `names a file that cannot be read (${reason})` };
  }
}
