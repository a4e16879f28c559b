import { nearName } from './near-name.ts';
import type { Finding, Path } from './problem.ts';
import type { Declared } from './declared.ts';

/** Each name of a list of models must be declared, and stand there once. */
export function checkModelNames(path: Path, names: readonly string[], { modelNames, written }: Pick<Declared, 'modelNames' | 'written'>): Finding[] {
  const unknown = names.flatMap((name, index) =>
    modelNames.has(name) ? [] : [{ path: [...path, index], message: unknownName('model', written([...path, index]), modelNames) }],
  );
  return [...unknown, ...checkTwice(path, names, 'listed twice; keep one')];
}

/** What stands in a list more than once; `field` is the one of an item that repeats. */
export function checkTwice(path: Path, values: readonly (string | undefined)[], message: string, field?: string): Finding[] {
  return values.flatMap((value, index) =>
    value === undefined || values.indexOf(value) === index
      ? []
      : [{ path: [...path, index, ...(field === undefined ? [] : [field])], message: `is ${message}` }],
  );
}

/** The sentence on a name that nothing has. */
export function unknownName(what: string, name: string, declared: ReadonlySet<string>): string {
  if (what === 'model' && name.endsWith('/*'))
    return 'names all models of a provider, which cannot be allowed yet; declare each under models and name it';
  const near = nearName(name, declared);
  const hint = near === undefined ? '' : `, did you mean ${near}?`;
  const known = declared.size === 0 ? 'none' : [...declared].slice(0, 20).join(', ');
  return `there is no ${what} ${JSON.stringify(name.slice(0, 100))}${hint}; declared are ${known}`;
}
