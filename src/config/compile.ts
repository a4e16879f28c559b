import { resolve } from 'node:path';
import type { Identity, PersonalDataType, Privacy, Tenant } from '../policies/tenant.ts';
import { compileCondition } from '../routing/rules/expression.ts';
import type { Rule } from '../routing/rules/rule.ts';
import { toModel } from './compile-model.ts';
import { toPool } from './compile-provider.ts';
import type { Config, RuleConfig, TenantConfig } from './schema.ts';
import type { Resilience, Snapshot } from './snapshot.ts';

/** Where `store: embedded` keeps its file, relative to the config's folder. */
export const defaultStorePath = '.remora/remora.db';

/** A checked config as exchanges use it. Relative paths in it start from `folder`. */
export function toSnapshot(config: Config, folder: string): Snapshot {
  const { breaker } = config.resilience;
  const endpoints = mapEntries(config.providers, (name, provider) => toPool(name, provider, { folder, breaker }));
  const tenants = mapEntries(config.tenants, toTenant);
  const keys = Object.entries(config.tenants).flatMap(([name, { keys: own }]) =>
    own.map(({ name: key, hash }) => [hash, { tenant: found(tenants, name), key }] as const),
  );
  return Object.freeze({
    listen: config.listen,
    admin: config.admin.listen,
    endpoints,
    models: mapEntries(config.models, (name, model) => toModel(name, model, endpoints, config.providers)),
    tenants,
    keys: new Map<string, Identity>(keys),
    store: { kind: 'embedded', path: resolve(folder, config.store === 'embedded' ? defaultStorePath : config.store.embedded.path) },
    rules: config.rules.map(toRule),
    resilience: Object.freeze({
      whenAllRest: config.resilience.whenAllRest,
      retryBudget: config.resilience.retryBudget,
      maxConcurrent: config.resilience.maxConcurrent,
      queue: config.resilience.queue && { max: config.resilience.queue.max, waitMs: config.resilience.queue.wait },
      maxBodyBytes: config.resilience.maxBodyMemory,
      share: toShare(config.resilience.share, folder),
    }),
    passThrough: config.passThrough && {
      deployment: Object.freeze({
        endpoint: found(endpoints, config.passThrough.provider)[0],
        model: 'pass-through',
        price: undefined,
        capabilities: {},
        inspect: false,
      }),
      costNanos: new Map(Object.entries(config.passThrough.prices).map(([group, price]) => [group, Number(toNanos(price))])),
    },
    secrets: config.secrets as [string, ...string[]] | undefined, // the schema wants one at least
    cors: config.cors,
    telemetry: { otlp: config.telemetry.otlp, sampling: config.telemetry.sampling },
  } satisfies Snapshot);
}

function toShare(share: Config['resilience']['share'], folder: string): Resilience['share'] {
  if (share === undefined || 'redis' in share) return share;
  return { path: resolve(folder, share.embedded.path) };
}

function toRule({ name, when, use, fallback, without, set }: RuleConfig): Rule {
  const compiled = compileCondition(when);
  if (!compiled.ok) throw new Error(`rule "${name}" was not checked before the config was compiled`);
  return Object.freeze({ name, condition: compiled.condition, use, fallback, without, set });
}

function toTenant(name: string, { models, budget, privacy, passThrough, residency, regions, priority }: TenantConfig): Tenant {
  return Object.freeze({
    name,
    models: models && new Set(models),
    budget: budget && { amountNanos: toNanos(budget.amount), per: budget.per },
    passThrough,
    privacy: privacy && toPrivacy(privacy),
    residency: residency && new Set(residency),
    regions: regions && new Set(regions),
    priority,
  });
}

const toPrivacy = ({ redact, restore, keepInHouse, keepIn }: NonNullable<TenantConfig['privacy']>): Privacy => ({
  redact: new Set(redact),
  keepInHouse: new Set(keepInHouse),
  keepIn: new Map(Object.entries(keepIn).map(([type, places]) => [type as PersonalDataType, new Set(places)])),
  restore,
});

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
