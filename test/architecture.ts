import { readFileSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { parseSync } from 'vite';

/** A source file as the walls see it. Paths are relative to `src/`, with slashes. */
export interface Module {
  path: string;
  /** What it imports: our own files by path, packages by name. */
  imports: string[];
  /** What it takes from its surroundings without being given it: `process.env`, the clock, randomness. */
  ambient: string[];
  hasDefaultExport: boolean;
  /** Accessors of object literals and generators within functions, by name: V8 makes a class of its own for each that runs, which lives on until a full collection, and all with it that they refer to. */
  lingering: string[];
}

/** Reads every source file below a folder but tests and type contracts, which may look anywhere. */
export function readModules(folder: string): Module[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.(test|contract)\.ts$/.test(path))
    .toSorted()
    .map((path) => readModule(path, readFileSync(posix.join(folder, path), 'utf8')));
}

/** Reads one source file. */
export function readModule(path: string, source: string): Module {
  const module: Module = { path, imports: [], ambient: [], hasDefaultExport: false, lingering: [] };
  const own = (specifier: string): string => (specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : packageName(specifier));
  for (const node of nodesOf(parseSync(path, source).program)) {
    const specifier = importedBy(node);
    if (specifier !== undefined) module.imports.push(own(specifier));
    const ambient = ambientIn(node);
    if (ambient !== undefined) module.ambient.push(ambient);
    if (isDefaultExport(node)) module.hasDefaultExport = true;
    module.lingering.push(...lingeringIn(node));
  }
  return module;
}

/** A node of the syntax tree (ESTree), of which only its type is known. */
interface Node {
  type: string;
  [field: string]: unknown;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

function* nodesOf(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const item of value) yield* nodesOf(item);
  if (!isNode(value)) return;
  yield value;
  for (const field of Object.values(value)) yield* nodesOf(field);
}

const importing = new Set(['ImportDeclaration', 'ImportExpression', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'TSImportType']);

function importedBy({ type, source }: Node): string | undefined {
  return importing.has(type) && isNode(source) && typeof source['value'] === 'string' ? source['value'] : undefined;
}

const packageName = (specifier: string): string => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

const ambientMembers = new Set(['process.env', 'Date.now', 'Math.random', 'performance.now', 'process.hrtime']);
const ambientImports = new Set(['randomBytes', 'randomInt', 'randomUUID', 'randomFillSync', 'getRandomValues']);

function ambientIn(node: Node): string | undefined {
  if (node.type === 'MemberExpression') {
    const member = `${identifier(node['object'])}.${identifier(node['property'])}`;
    return ambientMembers.has(member) ? member : undefined;
  }
  if (node.type === 'NewExpression' && identifier(node['callee']) === 'Date' && isEmpty(node['arguments'])) return 'new Date()';
  if (node.type === 'ImportSpecifier') {
    const name = identifier(node['imported']);
    return ambientImports.has(name) ? name : undefined;
  }
  return undefined;
}

const identifier = (value: unknown): string => (isNode(value) && typeof value['name'] === 'string' ? value['name'] : '');

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

function isDefaultExport({ type, exported }: Node): boolean {
  return type === 'ExportDefaultDeclaration' || (type === 'ExportSpecifier' && identifier(exported) === 'default');
}

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

function lingeringIn(node: Node): string[] {
  if (node.type === 'ObjectExpression') return childrenOf(node, 'properties').flatMap(({ kind, key }) => (kind === 'init' ? [] : [identifier(key)]));
  if (!functions.has(node.type)) return [];
  const inner = [...nodesOf(node['body'])].filter(({ type, generator }) => functions.has(type) && generator === true);
  return inner.map(({ id }) => `${identifier(id)}*`);
}

const childrenOf = (node: Node, field: string): Node[] => {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode).filter(({ type }) => type === 'Property') : [];
};

/** What a folder, or a file at the top of `src/`, may import: folders by name, single files by path. Everything may import its own folder. */
export type Walls = Readonly<Record<string, readonly string[]>>;

/** Imports that cross a wall, and parts of the source tree that no wall speaks of. */
export function crossings(modules: readonly Module[], walls: Walls): string[] {
  return modules.flatMap(({ path, imports }) => {
    const area = areaOf(path);
    const allowed = walls[area];
    if (allowed === undefined) return [`${path}: the walls say nothing of ${area}`];
    const crosses = (imported: string): boolean =>
      /\.[jt]s$/.test(imported) && areaOf(imported) !== area && !allowed.includes(areaOf(imported)) && !allowed.includes(imported);
    return imports.filter(crosses).map((imported) => `${path} imports ${imported}`);
  });
}

const areaOf = (path: string): string => path.split('/', 1)[0] ?? path;

/** Uses of a package outside the one folder that may know it. */
export function strayPackages(modules: readonly Module[], isGuarded: (name: string) => boolean, home: string): string[] {
  return modules
    .filter(({ path }) => areaOf(path) !== home)
    .flatMap(({ path, imports }) => imports.filter(isGuarded).map((name) => `${path} imports ${name}`));
}

/** Uses of the surroundings by modules that must be given them. */
export function strayAmbient(modules: readonly Module[], isMeant: (what: string) => boolean, mayUse: readonly string[]): string[] {
  return modules
    .filter(({ path }) => !mayUse.includes(areaOf(path)) && !mayUse.includes(path))
    .flatMap(({ path, ambient }) => ambient.filter(isMeant).map((what) => `${path} uses ${what}`));
}

/** What lingers though it is made anew for each exchange: by modules of these folders, but those that make it once. */
export function shortLived(modules: readonly Module[], folders: readonly string[], once: readonly string[]): string[] {
  return modules
    .filter(({ path }) => folders.includes(areaOf(path)) && !once.includes(path) && !path.endsWith('.fixture.ts'))
    .flatMap(({ path, lingering }) => lingering.map((name) => `${path} makes ${name}`));
}

/** Providers or policies that somebody names who should know only their interface: a folder's members are all its files but `frame`. */
export function namedMembers(
  modules: readonly Module[],
  folder: string,
  { frame, namers }: { frame: readonly string[]; namers: readonly string[] },
): string[] {
  const isMember = (path: string): boolean => areaOf(path) === folder && !frame.includes(path);
  return modules
    .filter(({ path }) => !isMember(path) && !namers.includes(path))
    .flatMap(({ path, imports }) => imports.filter(isMember).map((imported) => `${path} names ${imported}`));
}

const protocolFiles = ['error.ts', 'index.ts', 'request.ts', 'response.ts', 'stream.ts', 'wire.ts'];
/** What a protocol without streams has; its errors, and often its shapes, are those of the vendor's chat. */
const plainFiles = ['index.ts', 'request.ts', 'response.ts'];

/** Files that a protocol's folder lacks or should not have. A file that grew too long is split under its own name: `request-tools.ts`. */
export function oddProtocolFiles(modules: readonly Module[]): string[] {
  const folders = new Map<string, string[]>();
  for (const { path } of modules) {
    const [, folder, file] = /^protocols\/([^/]+)\/(.+)$/.exec(path) ?? [];
    if (folder === undefined || file === undefined) continue;
    const files = folders.get(folder);
    if (files === undefined) folders.set(folder, [file]);
    else files.push(file);
  }
  return [...folders].flatMap(([folder, files]) => [
    ...(files.includes('stream.ts') ? protocolFiles : plainFiles)
      .filter((file) => !files.includes(file))
      .map((file) => `protocols/${folder} lacks ${file}`),
    ...files
      .filter((file) => !protocolFiles.includes(file) && !/^(error|request|response|stream|wire)-[a-z-]+\.ts$/.test(file))
      .map((file) => `protocols/${folder}/${file} belongs to none of a protocol's files`),
  ]);
}

/** Folders whose name says nothing of what is in them. */
export function vagueFolders(modules: readonly Module[]): string[] {
  const vague = new Set(['common', 'helpers', 'lib', 'misc', 'services', 'shared', 'util', 'utils']);
  return modules.map(({ path }) => path).filter((path) => path.split('/').some((part) => vague.has(part.replace(/\.ts$/, ''))));
}
