import { personalDataTypes } from '../policies/tenant.ts';
import { providerKinds } from '../providers/registry.ts';
import { credentialNames, type CredentialField, type Provider, type SettingName, type Settings } from '../providers/provider.ts';
import { settingsOf } from './compile-provider.ts';
import { checkRules } from '../routing/rules/check.ts';
import { checkHaveTargets, checkModels } from './check-model.ts';
import { checkPrices } from './check-price.ts';
import { checkTwice, unknownName } from './check-names.ts';
import { checkShared, checkTenants } from './check-tenant.ts';
import type { Declared } from './declared.ts';
import type { Finding, Path } from './problem.ts';
import type { ProviderConfig } from './schema.ts';

/** Everything wrong that one field alone does not show: names that lead nowhere, loops, duplicates, addresses and keys that do not fit the kind. */
export function checkConfig(declared: Declared): Finding[] {
  return [
    ...checkNotEmpty(declared),
    ...[...declared.providers].flatMap(([name, provider]) => checkProvider(name, provider)),
    ...checkModels(declared),
    ...checkTenants(declared),
    ...checkShared(declared),
    ...checkRuleList(declared),
    ...checkPassThrough(declared),
    ...checkPrices(declared.priceNames, declared.providerNames),
  ];
}

function checkNotEmpty({ providerNames, modelNames }: Declared): Finding[] {
  const findings: Finding[] = [];
  if (providerNames.size === 0)
    findings.push({ path: ['providers'], message: 'is empty; add a provider, such as openai: { kind: openai, apiKey: "${OPENAI_API_KEY}" }' });
  if (modelNames.size === 0)
    findings.push({ path: ['models'], message: 'is empty; add a model, such as fast: { targets: [{ provider: openai, model: gpt-5-mini }] }' });
  return findings;
}

function checkProvider(name: string, config: ProviderConfig): Finding[] {
  const provider = providerKinds.get(config.kind);
  if (provider === undefined) return [];
  const path = ['providers', name];
  const findings = [...checkFields(path, config, provider), ...checkCredentials(path, config, provider)];
  if (findings.length > 0) return findings;
  const settings = settingsOf(config, provider);
  const vendorUrl = provider.defaultBaseUrl(settings);
  if (config.baseUrl !== undefined) return checkPath(path, config.baseUrl.pathname, provider, settings);
  if (vendorUrl !== undefined) return [];
  return [{ path: [...path, 'baseUrl'], message: `is missing; the kind ${config.kind} has no address of its own, so write the server's` }];
}

/** Settings and credential fields that the kind must have, or does not know. */
function checkFields(path: Path, config: ProviderConfig, { kind, settings, credentials }: Provider): Finding[] {
  const known = new Set<string>([...settings.required, ...settings.optional, ...credentials.flat()]);
  const unknown = [...settingNames, ...credentialNames].filter((field) => field !== 'region' && config[field] !== undefined && !known.has(field));
  const missing = settings.required.filter((field) => config[field] === undefined);
  return [
    ...unknown.map((field) => ({ path: [...path, field], message: `means nothing to the kind ${kind}; ${knownFields(known)}` })),
    ...missing.map((field) => ({ path: [...path, field], message: `is missing; the kind ${kind} needs it` })),
  ];
}

const knownFields = (known: ReadonlySet<string>): string => (known.size === 0 ? 'take it out' : `it knows ${[...known].join(', ')}`);

/** A vendor's own address wants a credential that is whole; another one may want none. */
function checkCredentials(path: Path, config: ProviderConfig, provider: Provider): Finding[] {
  if (config.credentials === undefined) return checkCredential(path, config, config, provider);
  const beside = credentialNames.filter((field) => config[field] !== undefined);
  return [
    ...beside.map((field) => ({ path: [...path, field], message: 'stands beside credentials; put it into the list' })),
    ...checkTwice(
      [...path, 'credentials'],
      config.credentials.map((entry) => entry.name),
      'a name that an earlier credential has; give each its own',
      'name',
    ),
    ...config.credentials.flatMap((entry, index) => checkCredential([...path, 'credentials', index], entry, config, provider)),
  ];
}

function checkCredential(
  path: Path,
  entry: Partial<Record<CredentialField, string | undefined>>,
  { baseUrl, kind }: ProviderConfig,
  { credentials, defaultBaseUrl }: Provider,
): Finding[] {
  const given = credentialNames.filter((field) => entry[field] !== undefined);
  const unknown = given.filter((field) => !credentials.flat().includes(field));
  if (unknown.length > 0) return unknown.map((field) => ({ path: [...path, field], message: `means nothing to the kind ${kind}` }));
  if (given.length === 0 && (baseUrl !== undefined || credentials.some((fields) => fields.length === 0))) return [];
  const fitting = credentials.filter((fields) => given.every((field) => fields.includes(field)));
  if (fitting.some((fields) => fields.every((field) => given.includes(field)))) return [];
  const [nearest] = fitting.length > 0 ? fitting : credentials;
  const missing = nearest?.find((field) => !given.includes(field));
  if (missing === undefined)
    return [{ path: [...path, given[0] ?? 'apiKey'], message: `does not go with ${given.slice(1).join(', ')}; keep one way to show who you are` }];
  const host = URL.parse(defaultBaseUrl({}) ?? '')?.host ?? `the kind ${kind}`;
  return [{ path: [...path, missing], message: `is missing; ${host} asks for ${missing === 'apiKey' ? 'a key' : `it beside ${given.join(', ')}`}` }];
}

const settingNames: readonly SettingName[] = ['region', 'project', 'location', 'resource', 'apiVersion'];

function checkPath(path: Path, basePath: string, { apis }: Provider, settings: Settings): Finding[] {
  const paths = apis.map((api) => api.path({ model: 'm', stream: false }, settings).split('?', 1)[0] ?? '');
  const overlapping = paths.find((endpoint) => overlapOf(basePath, endpoint) !== '');
  if (overlapping === undefined) return [];
  return [{ path: [...path, 'baseUrl'], message: `must not end in ${overlapOf(basePath, overlapping)}: calls go to ${overlapping} below it` }];
}

/** What a base path has at its end though the endpoint's path has it too: all of that, or the beginning that ends with its version. */
function overlapOf(basePath: string, endpointPath: string): string {
  const version = /^(?:\/[a-z]+)?\/v\d+[a-z]*(?=\/)/.exec(endpointPath)?.[0] ?? '';
  return [endpointPath, version].find((part) => basePath.endsWith(part)) ?? '';
}

function checkPassThrough({ passThroughProvider: name, providers, providerNames, written }: Declared): Finding[] {
  if (name === undefined) return [];
  const path = ['passThrough', 'provider'];
  if (!providerNames.has(name)) return [{ path, message: unknownName('provider', written(path), providerNames) }];
  const kind = providers.get(name)?.kind;
  const canPass = kind === undefined || providerKinds.get(kind)?.passThroughPath !== undefined;
  return canPass ? [] : [{ path, message: `is of the kind ${kind}, which has none of OpenAI's other endpoints; name one that has` }];
}

/** Conditions that cannot be read or never hold, and names that lead nowhere. */
function checkRuleList({ rules, tenants, models, modelNames, providerNames }: Declared): Finding[] {
  const known = rules.flatMap((rule, index) => (rule === undefined ? [] : [{ rule, index }]));
  const keys = [...tenants.values()].flatMap(({ keys: own = [] }) => own.map(({ name }) => name));
  const deployments = [...models.values()].flatMap(({ targets = [] }) =>
    targets.flatMap(({ provider, model }) => (provider === undefined || model === undefined ? [] : [`${provider}/${model}`])),
  );
  const names = { tenants: tenants.keys(), keys, models: modelNames, providers: providerNames, dataClasses: personalDataTypes, deployments };
  const findings = checkRules(
    known.map(({ rule }) => rule),
    names,
    unknownName,
  );
  const place = (index: string | number | undefined): number => known[Number(index)]?.index ?? 0;
  return [
    ...findings.map(({ path: [top = 'rules', index, ...rest], message }) => ({ path: [top, place(index), ...rest], message })),
    ...known.flatMap(({ rule, index }) => checkHaveTargets(['rules', index, 'fallback'], rule.fallback, { models })),
    ...checkTwice(
      ['rules'],
      rules.map((rule) => rule?.name),
      'a name that an earlier rule has; give each its own',
      'name',
    ),
  ];
}
