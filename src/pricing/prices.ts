import type { Usage } from '../llm/usage.ts';
import type { ConfiguredPrice, ConfiguredTier, DatedPrice, Deployment } from '../routing/deployment.ts';
import { cataloguePrice, vendorOf } from './catalogue.ts';
import { quoteOf, type Price, type Quote, type SourcedPrice, type TierPrice, type TokenKind } from './quote.ts';
import { rateOf, toFemtos, type Rate } from './rate.ts';
import { vendorTiers } from './vendor-tiers.ts';

/** What usage costs. */
export interface Prices {
  /** The price of a deployment that is in force at `at`, in milliseconds since 1970; undefined where it has none. An exchange keeps the one it began with. */
  quote(deployment: Deployment, at: number): Quote | undefined;
  /**
   * Cost now in whole nano-dollars, rounded up once; undefined where the deployment, or a kind of token that was used, has no known price.
   * Counts what `Usage` counts: fees per web search are not in it.
   */
  costNanos(deployment: Deployment, usage: Usage): number | undefined;
}

/**
 * Prices from the config, else from the catalogue of `@pydantic/genai-prices`. `now` in milliseconds: some prices change with the date or the time of day.
 * A look-up in the catalogue takes about 20 us, so its rates are kept for the minute; changes of price fall on full minutes.
 */
export function createPrices({ now }: { now: () => number }): Prices {
  const known = new WeakMap<Deployment, { minute: number; quote: Quote | undefined }>();
  const quote = (deployment: Deployment, at: number): Quote | undefined => {
    const minute = Math.floor(at / 60_000);
    let entry = known.get(deployment);
    if (entry?.minute !== minute) {
      entry = { minute, quote: quoteOf(priceOf(deployment, minute * 60_000)) };
      known.set(deployment, entry);
    }
    return entry.quote;
  };
  return { quote, costNanos: (deployment, usage) => quote(deployment, now())?.costNanos(usage) };
}

/** Millionths of a whole: what a discount is counted in, so that `12.3456%` is exact. */
const whole = 1_000_000;

function priceOf(deployment: Deployment, at: number): Price {
  const { price, discount = 0, serviceTiers: configured = {} } = deployment;
  const usual = (price && configuredPrice(price, at)) ?? cataloguePrice(deployment, at);
  const { rates, requestFemtos, source } = usual;
  const discountMillionths = Math.round(discount * whole);
  const tiers = { ...vendorTiers(vendorOf(deployment)), ...configured };
  const serviceTiers = new Map(Object.entries(tiers).map(([name, tier]) => [name, tierPrice(tier, usual)]));
  const version = discountMillionths === 0 ? source : `${source} -${discountMillionths / 10_000}%`;
  return { rates, requestFemtos, paidMillionths: whole - discountMillionths, version, serviceTiers };
}

function tierPrice(tier: ConfiguredTier, { rates, requestFemtos }: SourcedPrice): TierPrice {
  if ('factor' in tier) return { rates, requestFemtos, factorMillionths: Math.round(tier.factor * whole) };
  return { ...ownPrice(tier, ''), factorMillionths: whole };
}

/** The config's price at an instant; undefined before its first version. */
function configuredPrice(price: ConfiguredPrice | readonly DatedPrice[], at: number): SourcedPrice | undefined {
  if ('input' in price) return ownPrice(price, 'config');
  const current = price.findLast(({ from }) => from <= at);
  return current && ownPrice(current, `config ${new Date(current.from).toISOString().slice(0, 10)}`);
}

function ownPrice(price: ConfiguredPrice, source: string): SourcedPrice {
  const { tiers = [] } = price;
  /** The price of a kind in the first so many tiers. */
  const within = (kind: TokenKind, count: number): number | undefined =>
    tiers.slice(0, count).findLast((tier) => tier[kind] !== undefined)?.[kind] ?? price[kind];
  const rate = (kind: TokenKind, partOf: 'input' | 'output', likeFirst: TokenKind = partOf): Rate | undefined => {
    const after = (count: number): number => within(kind, count) ?? within(likeFirst, count) ?? within(partOf, count) ?? price[partOf];
    return rateOf({ base: after(0), tiers: tiers.map(({ above }, index) => ({ start: above, price: after(index + 1) })) });
  };
  return {
    rates: {
      input: rate('input', 'input'),
      cacheRead: rate('cacheRead', 'input'),
      cacheWrite: rate('cacheWrite', 'input'),
      cacheWrite1h: rate('cacheWrite1h', 'input', 'cacheWrite'),
      inputAudio: rate('inputAudio', 'input'),
      output: rate('output', 'output'),
      reasoning: rate('reasoning', 'output'),
      outputAudio: rate('outputAudio', 'output'),
    },
    requestFemtos: toFemtos(price.perRequest ?? 0),
    source,
  };
}
