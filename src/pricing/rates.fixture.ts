import type { Rates } from './quote.ts';

/** No kind of token has a price. */
export const noRates: Rates = {
  input: undefined,
  cacheRead: undefined,
  cacheWrite: undefined,
  cacheWrite1h: undefined,
  inputAudio: undefined,
  output: undefined,
  reasoning: undefined,
  outputAudio: undefined,
};
