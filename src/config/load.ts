import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { checkConfig } from './check.ts';
import { checkIdentity } from './compile-identity.ts';
import { toSnapshot } from './compile.ts';
import { declaredIn, namesIn } from './declared.ts';
import { readDocument, type ConfigDocument } from './document.ts';
import type { Variables } from './environment.ts';
import { explainIssues, valueAt } from './explain.ts';
import { ConfigError, fieldName, type Finding, type Problem } from './problem.ts';
import { configSchema, isSecret, type Config } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { resolveValues } from './variables.ts';
import { warningsOf } from './warnings.ts';

export interface CompileOptions {
  /** Path of the file, for messages and for the relative paths in it. */
  path: string;
  env: Variables;
  /** Takes each thing that works but is probably not meant; called only where nothing is wrong. */
  warn?: (warning: Problem) => void;
}

/** Reads and compiles a config file. Throws ConfigError with everything that is wrong in it. */
export function loadConfig(path: string, env: Variables, warn?: CompileOptions['warn']): Snapshot {
  return compileConfig(readConfig(path), { path, env, ...(warn && { warn }) });
}

/** The text of a config file. Throws ConfigError where it cannot be read. */
export function readConfig(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const message = missing ? 'does not exist; name another file with --config' : 'cannot be read; check that it is a file and that you may read it';
    throw new ConfigError([{ file: path, position: undefined, field: '', message }]);
  }
}

/** Compiles a config's text. Throws ConfigError with everything that is wrong in it. */
export function compileConfig(text: string, options: CompileOptions): Snapshot {
  const document = readDocument(text, options.path);
  return compileData(document, document.data, options);
}

/** Compiles data that came from a document or was made from its data: what is wrong is shown where it stands there. */
export function compileData(document: ConfigDocument, written: unknown, { path, env, warn }: CompileOptions): Snapshot {
  if (written === null) throw new ConfigError([document.locate({ path: [], message: 'is empty; it needs providers and models' })]);
  const folder = dirname(resolve(path));
  const { data, findings } = resolveValues(written, { variables: env, folder, isSecret });
  const parsed = configSchema.safeParse(data);
  findings.push(...(parsed.success ? checkWhole(parsed.data) : explainIssues(parsed.error.issues, data)));
  findings.push(...checkConfig(declaredIn(data, written)), ...checkFiles(data, folder));
  if (!parsed.success || findings.length > 0) throw new ConfigError(inFileOrder(onePerField(findings).map((finding) => document.locate(finding))));
  for (const finding of warningsOf(parsed.data)) warn?.(document.locate(finding));
  return toSnapshot(parsed.data, folder);
}

const checkWhole = (config: Config): Finding[] => [
  ...checkPorts(config),
  ...checkIdentity(config.identity, new Set(Object.keys(config.tenants))),
  ...checkStore(config),
];

/** What gateways share must be sealed alike. */
function checkStore({ store, secrets }: Config): Finding[] {
  if (store === 'embedded' || store.redis === undefined || secrets !== undefined) return [];
  return [
    {
      path: ['secrets'],
      message: 'is missing: gateways that share a Redis must seal what clients carry with the same secret; make one with: openssl rand -hex 32',
    },
  ];
}

function checkPorts({ listen, admin }: Config): Finding[] {
  return listen.port === admin.listen.port
    ? [{ path: ['admin', 'listen'], message: `must have another port than listen, which has ${listen.port}` }]
    : [];
}

function checkFiles(data: unknown, folder: string): Finding[] {
  return [...namesIn(valueAt(data, ['providers']))].flatMap((name) => {
    const path = ['providers', name, 'caFile'];
    const file = valueAt(data, path);
    return typeof file !== 'string' || file === '' || existsSync(resolve(folder, file))
      ? []
      : [{ path, message: 'names a file that does not exist' }];
  });
}

/** The first finding of each field: what else is wrong with it mostly follows from that. */
function onePerField(findings: readonly Finding[]): Finding[] {
  const byField = new Map<string, Finding>();
  for (const finding of findings) {
    const field = fieldName(finding.path);
    if (!byField.has(field)) byField.set(field, finding);
  }
  return [...byField.values()];
}

function inFileOrder(problems: Problem[]): Problem[] {
  const place = ({ position }: Problem): number => (position === undefined ? 0 : position.line * 10_000 + position.column);
  return problems.toSorted((a, b) => place(a) - place(b));
}
