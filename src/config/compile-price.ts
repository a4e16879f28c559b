import type { Deployment } from '../routing/deployment.ts';
import type { PricesConfig } from './schema-price.ts';

/** What the config says of the price of a deployment. */
export type PriceTerms = Required<Pick<Deployment, 'price' | 'discount' | 'serviceTiers'>>;

/** Where prices may be set, beside the target itself. */
export interface PriceSources {
  prices: PricesConfig;
  providers: Readonly<Record<string, { discount?: number | undefined }>>;
}

/**
 * The price and the discount of a provider's model: each from the most particular place that has one, so that a model's own price keeps its provider's discount.
 * The target itself (`own`) comes first, then `prices` by the model's name, `prices` for all of the provider's, and for discounts the provider. Of tiers of service each comes from the first place that names it.
 */
export function priceTerms(provider: string, model: string, { prices, providers }: PriceSources, own: Partial<PriceTerms> = {}): PriceTerms {
  const named = entryOf(prices, `${provider}/${model}`);
  const all = entryOf(prices, `${provider}/*`);
  return {
    price: own.price ?? named?.price ?? all?.price,
    discount: own.discount ?? named?.discount ?? all?.discount ?? entryOf(providers, provider)?.discount,
    serviceTiers: { ...all?.serviceTiers, ...named?.serviceTiers, ...own.serviceTiers },
  };
}

const entryOf = <Value>(entries: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(entries, name) ? entries[name] : undefined;
