import { resolve } from 'node:path';
import type { Identity, Tenant } from '../policies/tenant.ts';
import { providerKinds } from '../providers/registry.ts';
import type { Credential, CredentialField, Provider, SettingName, Settings } from '../providers/provider.ts';
import type { Endpoint, EndpointCredential, Model } from '../routing/deployment.ts';
import type { Config, ModelConfig, ProviderConfig, TenantConfig } from './schema.ts';
import type { Snapshot } from './snapshot.ts';

/** Where `store: embedded` keeps its file, relative to the config's folder. */
export const defaultStorePath = '.remora/remora.db';

/** A checked config as exchanges use it. Relative paths in it start from `folder`. */
export function toSnapshot(config: Config, folder: string): Snapshot {
  const endpoints = mapEntries(config.providers, (name, provider) => toEndpoint(name, provider, folder));
  const tenants = mapEntries(config.tenants, toTenant);
  const keys = Object.entries(config.tenants).flatMap(([name, { keys: own }]) =>
    own.map(({ name: key, hash }) => [hash, { tenant: found(tenants, name), key }] as const),
  );
  return Object.freeze({
    listen: config.listen,
    admin: config.admin.listen,
    endpoints,
    models: mapEntries(config.models, (name, model) => toModel(name, model, endpoints)),
    tenants,
    keys: new Map<string, Identity>(keys),
    store: { kind: 'embedded', path: resolve(folder, config.store === 'embedded' ? defaultStorePath : config.store.embedded.path) },
    passThrough: config.passThrough && {
      deployment: Object.freeze({ endpoint: found(endpoints, config.passThrough.provider), model: 'pass-through', price: undefined }),
      costNanos: new Map(Object.entries(config.passThrough.prices).map(([group, price]) => [group, Number(toNanos(price))])),
    },
    secrets: config.secrets as [string, ...string[]] | undefined, // the schema wants one at least
    cors: config.cors,
    telemetry: { otlp: config.telemetry.otlp, sampling: config.telemetry.sampling },
  } satisfies Snapshot);
}

function toEndpoint(name: string, config: ProviderConfig, folder: string): Endpoint {
  const { kind, baseUrl, caFile, timeouts } = config;
  const provider = found(providerKinds, kind);
  const settings = settingsOf(config, provider);
  return Object.freeze({
    name,
    provider,
    baseUrl: baseUrl ?? new URL(provider.defaultBaseUrl(settings) ?? ''),
    settings,
    credentials: credentialsOf(config, provider, settings),
    caFile: caFile === undefined ? undefined : resolve(folder, caFile),
    connectTimeoutMs: timeouts.connect,
  });
}

/** What of a provider's config is its kind's to know. */
export function settingsOf(config: ProviderConfig, { settings: { required, optional } }: Provider): Settings {
  const named = [...required, ...optional].flatMap((name): [SettingName, string][] => (config[name] === undefined ? [] : [[name, config[name]]]));
  return Object.freeze(Object.fromEntries(named));
}

function credentialsOf(config: ProviderConfig, provider: Provider, settings: Settings): Endpoint['credentials'] {
  const written = config.credentials ?? [{ name: 'default', ...config }];
  const connected = written.map((entry): EndpointCredential => ({
    name: entry.name,
    authorize: provider.connect(credentialIn(entry, provider), settings),
  }));
  const [first, ...more] = connected;
  if (first === undefined) throw new Error('a provider has no credentials');
  return [first, ...more];
}

function credentialIn(entry: Partial<Record<CredentialField, string | undefined>>, { credentials }: Provider): Credential {
  const fields = new Set(credentials.flat());
  return Object.fromEntries([...fields].flatMap((field) => (entry[field] === undefined ? [] : [[field, entry[field]]])));
}

function toModel(name: string, { targets, fallback, strict, timeouts }: ModelConfig, endpoints: ReadonlyMap<string, Endpoint>): Model {
  return Object.freeze({
    name,
    targets: targets.map(({ provider, model, price, weight }) => ({
      deployment: Object.freeze({ endpoint: found(endpoints, provider), model, price }),
      weight,
    })),
    fallback,
    strict,
    headersTimeoutMs: timeouts.headers,
  });
}

function toTenant(name: string, { models, budget, privacy, passThrough }: TenantConfig): Tenant {
  return Object.freeze({
    name,
    models: models && new Set(models),
    budget: budget && { amountNanos: toNanos(budget.amount), per: budget.per },
    passThrough,
    privacy: privacy && { redact: new Set(privacy.redact), restore: privacy.restore },
  });
}

// Nine decimals are all there are, and the text of a double has them exactly where a product would round.
const toNanos = (dollars: number): bigint => BigInt(dollars.toFixed(9).replace('.', ''));

const mapEntries = <In, Out>(entries: Readonly<Record<string, In>>, map: (name: string, entry: In) => Out): Map<string, Out> =>
  new Map(Object.entries(entries).map(([name, entry]) => [name, map(name, entry)]));

/** The entry of a name that was checked before. */
function found<Value>(entries: ReadonlyMap<string, Value>, name: string): Value {
  const value = entries.get(name);
  if (value === undefined) throw new Error(`"${name}" was not checked before the config was compiled`);
  return value;
}
