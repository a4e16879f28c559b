import { resolve } from 'node:path';
import type { Terms } from '../policies/terms.ts';
import { compileCondition } from '../routing/rules/expression.ts';
import type { Rule } from '../routing/rules/rule.ts';
import { toIdentityRules } from './compile-identity.ts';
import { toModel } from './compile-model.ts';
import { toPool } from './compile-provider.ts';
import { toKeys, toTenants } from './compile-tenant.ts';
import { toTerms, type TermsConfig } from './compile-terms.ts';
import { toNanos } from './nanos.ts';
import type { Config, RuleConfig } from './schema.ts';
import type { Resilience, Snapshot, StoreConfig } from './snapshot.ts';

/** Where `store: embedded` keeps its file, relative to the config's folder. */
export const defaultStorePath = '.remora/remora.db';

/** A checked config as exchanges use it. Relative paths in it start from `folder`. */
export function toSnapshot(config: Config, folder: string): Snapshot {
  const { breaker } = config.resilience;
  const endpoints = mapEntries(config.providers, (name, provider) => toPool(name, provider, { folder, breaker }));
  return Object.freeze({
    listen: config.listen,
    admin: { ...config.admin.listen, token: config.admin.token },
    endpoints,
    models: mapEntries(config.models, (name, model) => toModel(name, model, endpoints, config)),
    tenants: toTenants(config.tenants),
    keys: toKeys(config.tenants),
    identity: toIdentityRules(config.identity),
    shared: {
      models: mapEntries(config.models, (name, model) => sharedTerms(`model:${name}`, model)),
      providers: mapEntries(config.providers, (name, provider) => sharedTerms(`provider:${name}`, provider)),
    },
    store: toStore(config.store, folder),
    alerts: config.alerts && { webhook: config.alerts.webhook, token: config.alerts.token },
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

const sharedTerms = (owner: string, { limits }: Pick<TermsConfig, 'limits'>): Terms => toTerms(owner, { limits, budgets: [] }, 'UTC');

function toStore(store: Config['store'], folder: string): StoreConfig {
  if (store === 'embedded') return { kind: 'embedded', path: resolve(folder, defaultStorePath), whenGone: 'refuse', keepEntriesMs: undefined };
  const { redis, embedded, whenGone, keepEntries: keepEntriesMs } = store;
  if (redis !== undefined) return { kind: 'redis', url: redis, whenGone, keepEntriesMs };
  return { kind: 'embedded', path: resolve(folder, embedded?.path ?? defaultStorePath), whenGone, keepEntriesMs };
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

const mapEntries = <In, Out>(entries: Readonly<Record<string, In>>, map: (name: string, entry: In) => Out): Map<string, Out> =>
  new Map(Object.entries(entries).map(([name, entry]) => [name, map(name, entry)]));

/** The entry of a name that was checked before. */
function found<Value>(entries: ReadonlyMap<string, Value>, name: string): Value {
  const value = entries.get(name);
  if (value === undefined) throw new Error(`"${name}" was not checked before the config was compiled`);
  return value;
}
