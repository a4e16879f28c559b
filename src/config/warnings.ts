import { providerKinds } from '../providers/registry.ts';
import { identityWarnings } from './compile-identity.ts';
import { reachable } from './check-model.ts';
import { priceTerms } from './compile-price.ts';
import type { Finding } from './problem.ts';
import type { Config, ModelConfig } from './schema.ts';
import { isLoopback } from './values.ts';

/** What works, but is probably not what was meant. */
export function warningsOf(config: Config): Finding[] {
  const models = new Map(Object.entries(config.models));
  return [
    ...providerWarnings(config),
    ...modelWarnings(config, models),
    ...choosingWarnings(models),
    ...priceWarnings(config, models),
    ...listWarnings(config, models),
    ...placeWarnings(config),
    ...tenantWarnings(config),
    ...stepWarnings(config),
    ...identityWarnings(config.identity),
  ];
}

function providerWarnings({ providers, models }: Config): Finding[] {
  const used = new Set(Object.values(models).flatMap(({ targets = [] }) => targets.map(({ provider }) => provider)));
  return Object.entries(providers).flatMap(([name, { kind, baseUrl, caFile, ...rest }]) => {
    const path = ['providers', name];
    const findings: Finding[] = [];
    if (!used.has(name)) findings.push({ path, message: 'is used by no model' });
    const vendor = URL.parse(providerKinds.get(kind)?.defaultBaseUrl({}) ?? '');
    if (vendor !== null && vendor.host === baseUrl?.host && vendor.pathname !== baseUrl.pathname) {
      findings.push({ path: [...path, 'baseUrl'], message: `differs from the vendor's own, ${vendor.href}, in its path` });
    }
    if (baseUrl?.protocol === 'http:') {
      if (caFile !== undefined) findings.push({ path: [...path, 'caFile'], message: 'has no effect: the address is http, without TLS' });
      if (hasSecret(rest) && !isLoopback({ host: baseUrl.hostname }))
        findings.push({ path: [...path, 'baseUrl'], message: 'is http, so the key crosses the network unencrypted' });
    }
    return findings;
  });
}

const hasSecret = ({ apiKey, accessToken, credentials }: Partial<Config['providers'][string]>): boolean =>
  apiKey !== undefined || accessToken !== undefined || credentials !== undefined;

function modelWarnings({ tenants }: Config, models: ReadonlyMap<string, ModelConfig>): Finding[] {
  const allowed = Object.values(tenants).flatMap((tenant) => tenant.models ?? [...models.keys()]);
  const used = Object.keys(tenants).length === 0 ? new Set(models.keys()) : new Set(allowed);
  for (const { mirror } of models.values()) if (mirror !== undefined) used.add(mirror.model);
  return [...models].flatMap(([name, { targets = [], fallback }]) => {
    const path = ['models', name];
    const findings: Finding[] = used.has(name) ? [] : [{ path, message: 'is allowed to no tenant' }];
    for (const [index, { weight }] of targets.entries()) {
      if (weight === 0) findings.push({ path: [...path, 'targets', index, 'weight'], message: 'is 0, so this target is never tried' });
    }
    for (const [index, next] of fallback.entries()) {
      const earlier = reachable(fallback.slice(0, index), models);
      if (earlier.has(next)) findings.push({ path: [...path, 'fallback', index], message: 'has no effect: an earlier fallback leads to it' });
    }
    return findings;
  });
}

/** What a model that chooses another one says of itself is said in vain: the chosen one goes by its own. */
function choosingWarnings(models: ReadonlyMap<string, ModelConfig>): Finding[] {
  return [...models].flatMap(([name, model]) => {
    if (model.targets !== undefined) return [];
    const vain = (['sticky', 'commit', 'mirror'] as const).filter((field) => model[field] !== undefined);
    return vain.map((field) => ({ path: ['models', name, field], message: 'has no effect on a model that chooses another one; say it there' }));
  });
}

/** Models without a price where the catalogue has none for their kind, and someone with a budget may ask for them. */
function priceWarnings({ tenants, providers, prices }: Config, models: ReadonlyMap<string, ModelConfig>): Finding[] {
  const budgeted = Object.values(tenants).filter(({ budget, budgets }) => [budget, ...budgets].some((each) => each?.amount !== undefined));
  const asked = reachable(
    budgeted.flatMap((tenant) => tenant.models ?? [...models.keys()]),
    models,
  );
  return [...asked].flatMap((name) =>
    (models.get(name)?.targets ?? []).flatMap(({ provider, model, price }, index) => {
      const isPriced =
        priceTerms(provider, model, { prices, providers }, { price }).price !== undefined ||
        providerKinds.get(providers[provider]?.kind ?? '')?.pricedAs !== undefined;
      return isPriced ? [] : [{ path: ['models', name, 'targets', index], message: 'has no price, so tenants with a budget are refused; add price' }];
    }),
  );
}

/** What a tenant's list cuts off: its requests never reach a model that is not on it, however they are led there. */
function listWarnings({ tenants }: Config, models: ReadonlyMap<string, ModelConfig>): Finding[] {
  return Object.entries(tenants).flatMap(([name, { models: list }]) =>
    (list ?? []).flatMap((asked, index) => {
      const cut = [...reachable([asked], models)].filter((next) => list?.includes(next) === false);
      const [first] = cut;
      return first === undefined
        ? []
        : [
            {
              path: ['tenants', name, 'models', index],
              message: `leads to ${cut.join(', ')}, which is not on the list, so this tenant's requests never go there; add it`,
            },
          ];
    }),
  );
}

/** Places that no provider is in: whoever is held to them reaches nobody. */
function placeWarnings({ tenants, providers }: Config): Finding[] {
  const known = {
    residency: new Set(Object.values(providers).map(({ residency }) => residency)),
    regions: new Set(Object.values(providers).map(({ region, location }) => region ?? location)),
  };
  return Object.entries(tenants).flatMap(([name, tenant]) =>
    (['residency', 'regions'] as const).flatMap((field) => {
      const places = tenant[field];
      return places === undefined || places.some((place) => known[field].has(place))
        ? []
        : [{ path: ['tenants', name, field], message: 'is where no provider is, so every request is refused; say of a provider that it is there' }];
    }),
  );
}

function tenantWarnings({ tenants }: Config): Finding[] {
  return Object.keys(tenants).length === 0 ? [{ path: ['tenants'], message: 'is empty, so every request is refused; add a tenant' }] : [];
}

/** Steps that never come to act: the model they name is not on the tenant's list. */
function stepWarnings({ tenants }: Config): Finding[] {
  return Object.entries(tenants).flatMap(([name, { models, budget, budgets }]) => {
    const all = [
      ...(budget === undefined ? [] : [{ path: ['budget'], budget }]),
      ...budgets.map((each, index) => ({ path: ['budgets', index], budget: each })),
    ];
    return all.flatMap(({ path, budget: { ladder } }) =>
      ladder.flatMap(({ use }, index) =>
        use === undefined || models === undefined || models.includes(use)
          ? []
          : [
              {
                path: ['tenants', name, ...path, 'ladder', index, 'use'],
                message: `is not on this tenant's list of models, so its requests never go there; add it`,
              },
            ],
      ),
    );
  });
}
