import { dirname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { personalDataTypes } from '../policies/tenant.ts';
import { credentialNames } from '../providers/provider.ts';
import { providerKinds } from '../providers/registry.ts';
import { defaultStorePath } from './compile.ts';
import { readDocument } from './document.ts';
import type { Variables } from './environment.ts';
import { compileData } from './load.ts';
import { isLoopback } from './values.ts';
import { filePrefix, unsetVariables } from './variables.ts';

export interface DemoOptions {
  /** Path of the config that the text came from. */
  path: string;
  env: Variables;
  /** Built-in demo providers by the kind they stand in for: the fields of a provider in the config. */
  providers: ReadonlyMap<string, Readonly<Record<string, string>>>;
  /** Hash of the demo tenant's key, as in the config: `sha256:` and 64 hex digits. */
  keyHash: string;
}

/**
 * A config's text for `up --demo`: loopback only, demo providers in place of those whose key is not set, and a tenant for the generated key.
 * Secrets stay references and relative paths become absolute, so it may be written anywhere.
 * Throws ConfigError, with places in the config's own text.
 */
export function demoConfig(text: string, options: DemoOptions): string {
  const document = readDocument(text, options.path);
  const written = isFields(document.data) ? toDemo(document.data, options) : document.data;
  const { listen } = compileData(document, written, options);
  const loopback = isLoopback(listen) ? {} : { listen: `127.0.0.1:${listen.port}` };
  return stringify({ ...(isFields(written) && written), ...loopback }, { aliasDuplicateObjects: false });
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

function toDemo(config: Fields, options: DemoOptions): Fields {
  const folder = dirname(resolve(options.path));
  const { providers, tenants = {}, store = 'embedded' } = config;
  return {
    ...config,
    providers: isFields(providers) ? mapFields(providers, (provider) => toDemoProvider(provider, folder, options)) : providers,
    tenants: isFields(tenants) ? { ...tenants, [freeName(tenants)]: demoTenant(options.keyHash) } : tenants,
    store: toDemoStore(store, folder),
  };
}

function toDemoProvider(provider: unknown, folder: string, { env, providers }: DemoOptions): unknown {
  if (!isFields(provider)) return provider;
  const standIn = providers.get(String(provider['kind']));
  if (standIn !== undefined && lacksKey(provider, env)) return { ...withoutAccess(provider), ...standIn };
  const { caFile } = provider;
  return { ...withAbsoluteSecrets(provider, folder), ...(typeof caFile === 'string' && { caFile: absolute(caFile, folder) }) };
}

/** Kinds of provider in a config whose key is not set, so that a demo provider should play them. Throws ConfigError where the text cannot be read. */
export function kindsToPlay(text: string, { path, env }: Pick<DemoOptions, 'path' | 'env'>): Set<string> {
  const { data } = readDocument(text, path);
  const providers = isFields(data) && isFields(data['providers']) ? Object.values(data['providers']) : [];
  return new Set(
    providers.filter((provider) => isFields(provider) && lacksKey(provider, env)).map((provider) => String((provider as Fields)['kind'])),
  );
}

const accessFields: ReadonlySet<string> = new Set(['baseUrl', 'caFile', 'credentials', ...credentialNames]);

const withoutAccess = (provider: Fields): Fields => Object.fromEntries(Object.entries(provider).filter(([name]) => !accessFields.has(name)));

/** Files that secrets come from, by their whole path. */
const withAbsoluteSecrets = (provider: Fields, folder: string): Fields =>
  Object.fromEntries(
    Object.entries(provider).map(([name, value]) => {
      if (Array.isArray(value)) return [name, value.map((entry: unknown) => (isFields(entry) ? withAbsoluteSecrets(entry, folder) : entry))];
      const isFile = credentialNames.some((field) => field === name) && typeof value === 'string' && value.startsWith(filePrefix);
      return [name, isFile ? filePrefix + absolute(value.slice(filePrefix.length), folder) : value];
    }),
  );

/** Whether a provider's credential names a variable that is not set, or there is none and the vendor's own address asks for one. */
function lacksKey(provider: Fields, env: Variables): boolean {
  const entries = Array.isArray(provider['credentials']) ? (provider['credentials'] as unknown[]).filter(isFields) : [provider];
  const given = entries.flatMap((entry) => credentialNames.flatMap((name) => (typeof entry[name] === 'string' ? [entry[name]] : [])));
  if (given.length > 0) return given.some((text) => unsetVariables(text, env).length > 0);
  const kind = providerKinds.get(String(provider['kind']));
  return provider['baseUrl'] === undefined && kind !== undefined && kind.credentials.some((fields) => fields.length > 0);
}

const demoTenant = (keyHash: string): Fields => ({
  keys: [{ name: 'demo', hash: keyHash }],
  budget: { amount: 5, per: 'month' },
  privacy: { redact: [...personalDataTypes], restore: true },
});

/** `demo`, or a name like it that no tenant has. */
function freeName(tenants: Fields): string {
  let name = 'demo';
  for (let number = 2; Object.hasOwn(tenants, name); number += 1) name = `demo-${number}`;
  return name;
}

function toDemoStore(store: unknown, folder: string): unknown {
  if (store === 'embedded') return { embedded: { path: resolve(folder, defaultStorePath) } };
  if (!isFields(store) || !isFields(store['embedded'])) return store;
  const { path } = store['embedded'];
  return { ...store, embedded: { ...store['embedded'], ...(typeof path === 'string' && { path: absolute(path, folder) }) } };
}

// What begins with a variable is taken to be absolute.
const absolute = (path: string, folder: string): string => (path.startsWith('${') ? path : resolve(folder, path));

const mapFields = (fields: Fields, map: (value: unknown) => unknown): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, map(value)]));
