import type { Deployment, ErrorClass, Model, Pool, Target } from '../routing/deployment.ts';
import { priceTerms } from './compile-price.ts';
import type { Config, ModelConfig } from './schema.ts';

/** A model with its targets at every account of their providers. */
export function toModel(name: string, config: ModelConfig, pools: ReadonlyMap<string, Pool>, all: Pick<Config, 'providers' | 'prices'>): Model {
  const { timeouts, auto, experiment } = config;
  return Object.freeze({
    name,
    targets: (config.targets ?? []).map((target) => toTarget(target, pools, all)),
    strategy: config.strategy,
    sticky: config.sticky,
    auto: auto && Object.freeze({ ...auto, classifier: auto.classifier && toClassifier(auto.classifier) }),
    experiment: experiment && Object.freeze(experiment),
    fallback: config.fallback,
    fallbackFor: new Map(Object.entries(config.fallbackFor) as [ErrorClass, string[]][]),
    fallbackOn: config.fallbackOn,
    retries: config.retries,
    commitAtFirstToken: config.commit === 'first-token' || timeouts.firstToken !== undefined,
    strict: config.strict,
    timeouts: Object.freeze({
      headersMs: timeouts.headers,
      firstTokenMs: timeouts.firstToken,
      betweenTokensMs: timeouts.betweenTokens,
      totalMs: timeouts.total,
    }),
    mirror: config.mirror && Object.freeze(config.mirror),
  });
}

type TargetConfig = NonNullable<ModelConfig['targets']>[number];

function toTarget(
  { provider, model, price, discount, serviceTiers, capabilities, weight }: TargetConfig,
  pools: ReadonlyMap<string, Pool>,
  all: Pick<Config, 'providers' | 'prices'>,
): Target {
  const pool = pools.get(provider);
  if (pool === undefined) throw new Error(`"${provider}" was not checked before the config was compiled`);
  const inspect = all.providers[provider]?.inspect === 'errors';
  const terms = priceTerms(provider, model, all, { price, discount, serviceTiers });
  const known = Object.fromEntries(Object.entries(capabilities ?? {}).filter(([, value]) => value !== undefined));
  const [first, ...more] = pool.map((endpoint): Deployment =>
    Object.freeze({ endpoint, model, ...terms, capabilities: Object.freeze(known), inspect }),
  );
  if (first === undefined) throw new Error(`"${provider}" has no account`);
  return Object.freeze({ deployments: [first, ...more] as const, weight });
}

const toClassifier = ({ url, apiKey, model, timeout }: NonNullable<NonNullable<ModelConfig['auto']>['classifier']>) =>
  Object.freeze({ url, apiKey, model, timeoutMs: timeout });
