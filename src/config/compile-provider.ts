import { hash } from 'node:crypto';
import { resolve } from 'node:path';
import { providerKinds } from '../providers/registry.ts';
import type { Credential, CredentialField, Provider, SettingName, Settings } from '../providers/provider.ts';
import type { Endpoint, Pool } from '../routing/deployment.ts';
import type { BreakerOptions } from '../routing/health/breaker-options.ts';
import type { BreakerConfig, ProviderConfig } from './schema.ts';

/** The accounts of a provider. Relative paths start from `folder`; `breaker` is for those that have none of their own. */
export function toPool(name: string, config: ProviderConfig, { folder, breaker }: { folder: string; breaker: BreakerConfig }): Pool {
  const provider = providerKinds.get(config.kind);
  if (provider === undefined) throw new Error(`the kind "${config.kind}" was not checked before the config was compiled`);
  const settings = settingsOf(config, provider);
  const shared = {
    name,
    provider,
    settings,
    caFile: config.caFile === undefined ? undefined : resolve(folder, config.caFile),
    connectTimeoutMs: config.timeouts.connect,
    region: config.region ?? config.location,
    residency: config.residency,
    selfHosted: config.selfHosted,
    maxConcurrent: config.maxConcurrent,
    breaker: toBreaker(config.breaker ?? breaker),
  };
  const written = config.credentials ?? [{ ...config, name: 'default', weight: 1 }];
  const accounts = written.map((entry): Endpoint => {
    const baseUrl = entry.baseUrl ?? config.baseUrl ?? new URL(provider.defaultBaseUrl(settings) ?? '');
    const credential = credentialIn(entry, provider);
    return Object.freeze({
      ...shared,
      baseUrl,
      credential: Object.freeze({ name: entry.name, weight: entry.weight, authorize: provider.connect(credential, settings) }),
      fingerprint: hash('sha256', JSON.stringify([config.kind, baseUrl.href, settings, credential])),
    });
  });
  const [first, ...more] = accounts;
  if (first === undefined) throw new Error('a provider has no credentials');
  return [first, ...more];
}

/** What of a provider's config is its kind's to know. */
export function settingsOf(config: ProviderConfig, { settings: { required, optional } }: Provider): Settings {
  const named = [...required, ...optional].flatMap((name): [SettingName, string][] => (config[name] === undefined ? [] : [[name, config[name]]]));
  return Object.freeze(Object.fromEntries(named));
}

function credentialIn(entry: Partial<Record<CredentialField, string | undefined>>, { credentials }: Provider): Credential {
  const fields = new Set(credentials.flat());
  return Object.fromEntries([...fields].flatMap((field) => (entry[field] === undefined ? [] : [[field, entry[field]]])));
}

function toBreaker(config: BreakerConfig): BreakerOptions | undefined {
  if (config === false) return undefined;
  return Object.freeze({
    consecutiveFailures: config.failures,
    failureRate: config.failureRate,
    slowMs: config.slow,
    slowRate: config.slowRate,
    windowMs: config.window,
    minRequests: config.minRequests,
    openMs: config.rest,
    longestOpenMs: Math.max(config.rest, config.longestRest),
  });
}
