import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';
import type { Deployment } from '../routing/deployment.ts';
import type { SourcedPrice } from './quote.ts';
import { rateOf, toFemtos, type Rate } from './rate.ts';

/** Version of `@pydantic/genai-prices`: the ledger says which prices a cost was reckoned with. */
export const catalogueVersion = '0.1.8';

/**
 * The catalogue's price of a deployment at an instant in milliseconds since 1970: its rates themselves rather than its sums, which are floats.
 * It resolves dated model ids, aliases, and prices that depend on the time. Without rates where it has none.
 */
export function cataloguePrice(deployment: Deployment, at: number): SourcedPrice {
  const { model } = deployment;
  const providerId = vendorOf(deployment);
  const found = providerId === undefined ? null : calcPrice({}, model, { providerId, timestamp: new Date(at) });
  const prices = found?.model_price ?? {};
  return {
    rates: {
      input: rateOf(prices['input_mtok']),
      cacheRead: rateOf(prices['cache_read_mtok']),
      cacheWrite: rateOf(prices['cache_write_mtok']),
      cacheWrite1h: rateOf(prices['cache_write_1h_mtok']) ?? longWriteRate(model, prices),
      inputAudio: rateOf(prices['input_audio_mtok']),
      output: rateOf(prices['output_mtok']),
      reasoning: rateOf(prices['output_reasoning_mtok']),
      outputAudio: rateOf(prices['output_audio_mtok']),
    },
    requestFemtos: requestFemtos(prices),
    source: `catalogue ${catalogueVersion}`,
  };
}

/** Who is paid, as the catalogue names them; undefined for those that it does not know. */
export function vendorOf({ endpoint, model }: Deployment): string | undefined {
  const { pricedAs } = endpoint.provider;
  return typeof pricedAs === 'function' ? pricedAs(model) : pricedAs;
}

/**
 * Claude's one-hour cache writes cost twice its input, wherever it is sold (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing);
 * the catalogue has that price for Anthropic alone.
 */
function longWriteRate(model: string, prices: ModelPrice): Rate | undefined {
  const input = model.includes('claude') && prices['cache_write_mtok'] !== undefined ? rateOf(prices['input_mtok']) : undefined;
  return input && { femtos: 2n * input.femtos, steps: input.steps.map(({ above, femtos }) => ({ above, femtos: 2n * femtos })) };
}

/** Some vendors ask a fee per request, which the catalogue has per thousand. */
function requestFemtos(prices: ModelPrice): bigint {
  const perThousand = prices['requests_kcount'];
  return typeof perThousand === 'number' ? toFemtos(perThousand) / 1000n : 0n;
}
