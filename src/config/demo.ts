import { dirname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { personalDataTypes } from '../policies/tenant.ts';
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
  /** Built-in demo providers by the kind they stand in for. */
  providers: Readonly<Record<string, { baseUrl: string; apiKey: string }>>;
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
  const { baseUrl: _, apiKey, caFile, ...rest } = provider;
  const standIn = Object.hasOwn(providers, String(provider['kind'])) ? providers[String(provider['kind'])] : undefined;
  if (standIn !== undefined && lacksKey(provider, env)) return { ...rest, ...standIn };
  return {
    ...provider,
    ...(typeof apiKey === 'string' && apiKey.startsWith(filePrefix) && { apiKey: filePrefix + absolute(apiKey.slice(filePrefix.length), folder) }),
    ...(typeof caFile === 'string' && { caFile: absolute(caFile, folder) }),
  };
}

function lacksKey({ kind, baseUrl, apiKey }: Fields, env: Variables): boolean {
  if (typeof apiKey === 'string') return unsetVariables(apiKey, env).length > 0;
  return apiKey === undefined && baseUrl === undefined && providerKinds.get(String(kind))?.defaultBaseUrl({}) !== undefined;
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
