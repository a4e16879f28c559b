import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import type { Deployment } from '../routing/deployment.ts';
import type { SourcedPrice } from './quote.ts';
import { rateOf, toFemtos } from './rate.ts';

/** Version of `@pydantic/genai-prices`: the ledger says which prices a cost was reckoned with. */
export const catalogueVersion = '0.1.8';

/**
 * The catalogue's price of a deployment at an instant in milliseconds since 1970: its rates themselves rather than its sums, which are floats.
 * It resolves dated model ids, aliases, and prices that depend on the time. Without rates where it has none.
 */
export function cataloguePrice({ endpoint, model }: Deployment, at: number): SourcedPrice {
  const { pricedAs } = endpoint.provider;
  const providerId = typeof pricedAs === 'function' ? pricedAs(model) : pricedAs;
  const found = providerId === undefined ? null : calcPrice({}, model, { providerId, timestamp: new Date(at) });
  const prices = found?.model_price ?? {};
  return {
    rates: {
      input: rateOf(prices['input_mtok']),
      cacheRead: rateOf(prices['cache_read_mtok']),
      cacheWrite: rateOf(prices['cache_write_mtok']),
      inputAudio: rateOf(prices['input_audio_mtok']),
      output: rateOf(prices['output_mtok']),
      reasoning: rateOf(prices['output_reasoning_mtok']),
      outputAudio: rateOf(prices['output_audio_mtok']),
    },
    requestFemtos: requestFemtos(prices),
    source: `catalogue ${catalogueVersion}`,
  };
}

/** Some vendors ask a fee per request, which the catalogue has per thousand. */
function requestFemtos(prices: ModelPrice): bigint {
  const perThousand = prices['requests_kcount'];
  return typeof perThousand === 'number' ? toFemtos(perThousand) / 1000n : 0n;
}
