/** Where a value stands in the config: the keys and indexes that lead to it. */
export type Path = readonly (string | number)[];

/** Something wrong at a path, in one sentence that says how to mend it. It never holds a secret. */
export interface Finding {
  path: Path;
  message: string;
  /** Point at the field's name rather than its value. */
  at?: 'key';
}

/** A finding with its place in the file, as people read it. */
export interface Problem {
  file: string;
  /** Both counted from 1; undefined where the file itself cannot be read. */
  position: { line: number; column: number } | undefined;
  /** Such as `models.fast.targets[0].provider`; empty for the whole file. */
  field: string;
  message: string;
}

/** A problem on one line: `remora.yaml:12:5 models.fast.targets[0].provider: there is no provider "opnai"`. */
export function describeProblem({ file, position, field, message }: Problem): string {
  const place = position === undefined ? file : `${file}:${position.line}:${position.column}`;
  return field === '' ? `${place} ${message}` : `${place} ${field}: ${message}`;
}

/** A config that cannot be used, with everything that is wrong in it. Its message holds one line per problem. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** A path as people write it: `tenants.demo.keys[0].hash`, with names in quotes that hold more than letters, digits, - and _. */
export function fieldName(path: Path): string {
  return path
    .map((step) => {
      if (typeof step === 'number') return `[${step}]`;
      return /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
    })
    .join('')
    .replace(/^\./, '');
}
