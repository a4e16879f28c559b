import { calcPrice } from '@pydantic/genai-prices';
import type { Usage } from '../llm/usage.ts';
import type { ConfiguredPrice, Deployment } from '../routing/deployment.ts';
import { rateOf, rateFor, type Rate } from './rate.ts';

/** What usage costs. */
export interface Prices {
  /**
   * Cost in whole nano-dollars, rounded up once; undefined where the deployment, or a kind of token that was used, has no known price.
   * Counts what `Usage` counts: fees per request, per web search and for one-hour cache writes beyond the usual ones are not in it.
   */
  costNanos(deployment: Deployment, usage: Usage): number | undefined;
}

/** Rates by kind of token; a kind without one is charged as the kind it is part of. */
interface Price {
  input: Rate | undefined;
  cacheRead: Rate | undefined;
  cacheWrite: Rate | undefined;
  inputAudio: Rate | undefined;
  output: Rate | undefined;
  reasoning: Rate | undefined;
  outputAudio: Rate | undefined;
}

const femtosPerNano = 1_000_000n;
const largestCost = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * Prices from the config, else from the catalogue of `@pydantic/genai-prices`. `now` in milliseconds: some prices change with the date or the time of day.
 * A look-up in the catalogue takes about 20 us, so its rates are kept for the minute; changes of price fall on full minutes.
 */
export function createPrices({ now }: { now: () => number }): Prices {
  const known = new WeakMap<Deployment, { minute: number; price: Price }>();
  return {
    costNanos(deployment, usage) {
      const minute = Math.floor(now() / 60_000);
      let entry = known.get(deployment);
      if (entry?.minute !== minute) {
        entry = { minute, price: priceOf(deployment, new Date(minute * 60_000)) };
        known.set(deployment, entry);
      }
      return cost(entry.price, usage);
    },
  };
}

function cost(price: Price, usage: Usage): number | undefined {
  if (price.input === undefined && price.output === undefined) return undefined;
  const { inputTokens, cacheReadTokens, cacheWriteTokens, inputAudioTokens, outputTokens, reasoningTokens, outputAudioTokens } = usage;
  const kinds: [tokens: number, rate: Rate | undefined][] = [
    [inputTokens - cacheReadTokens - cacheWriteTokens - inputAudioTokens, price.input],
    [cacheReadTokens, price.cacheRead ?? price.input],
    [cacheWriteTokens, price.cacheWrite ?? price.input],
    [inputAudioTokens, price.inputAudio ?? price.input],
    [outputTokens - reasoningTokens - outputAudioTokens, price.output],
    [reasoningTokens, price.reasoning ?? price.output],
    [outputAudioTokens, price.outputAudio ?? price.output],
  ];
  let femtos = 0n;
  for (const [tokens, rate] of kinds) {
    if (tokens <= 0) continue;
    if (rate === undefined) return undefined;
    femtos += BigInt(tokens) * rateFor(rate, inputTokens);
  }
  const nanos = (femtos + femtosPerNano - 1n) / femtosPerNano;
  return Number(nanos < largestCost ? nanos : largestCost);
}

const priceOf = ({ endpoint, model, price }: Deployment, at: Date): Price =>
  price === undefined ? cataloguePrice(catalogueId(endpoint.provider.pricedAs, model), model, at) : configuredPrice(price);

const catalogueId = (pricedAs: Deployment['endpoint']['provider']['pricedAs'], model: string): string | undefined =>
  typeof pricedAs === 'function' ? pricedAs(model) : pricedAs;

const configuredPrice = ({ input, output, cacheRead, cacheWrite }: ConfiguredPrice): Price => ({
  input: rateOf(input),
  cacheRead: rateOf(cacheRead),
  cacheWrite: rateOf(cacheWrite),
  inputAudio: undefined,
  output: rateOf(output),
  reasoning: undefined,
  outputAudio: undefined,
});

/** The catalogue's rates themselves rather than its sums, which are floats. It resolves dated model ids, aliases, and prices that depend on the time. */
function cataloguePrice(providerId: string | undefined, model: string, timestamp: Date): Price {
  const found = providerId === undefined ? null : calcPrice({}, model, { providerId, timestamp });
  const rates = found?.model_price ?? {};
  return {
    input: rateOf(rates['input_mtok']),
    cacheRead: rateOf(rates['cache_read_mtok']),
    cacheWrite: rateOf(rates['cache_write_mtok']),
    inputAudio: rateOf(rates['input_audio_mtok']),
    output: rateOf(rates['output_mtok']),
    reasoning: rateOf(rates['output_reasoning_mtok']),
    outputAudio: rateOf(rates['output_audio_mtok']),
  };
}
