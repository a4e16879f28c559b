/**
 * Price of one token in whole femto-dollars (1e-15 dollars): a price in dollars per million tokens has nine decimals' room, so catalogue prices are exact.
 * `steps`, ascending: with more than `above` input tokens in the request, the step's price holds for all tokens of the rate, not only for those beyond.
 */
export interface Rate {
  femtos: bigint;
  steps: readonly { above: number; femtos: bigint }[];
}

/** A price in US dollars per million tokens, alone or stepped by the length of the input. */
export type DollarsPerMillion = number | { base: number; tiers: readonly { start: number; price: number }[] };

/** The exact rate of a price; undefined for none. */
export function rateOf(price: DollarsPerMillion | undefined): Rate | undefined {
  if (price === undefined) return undefined;
  if (typeof price === 'number') return { femtos: femtosPerToken(price), steps: [] };
  const steps = price.tiers.map(({ start, price: stepPrice }) => ({ above: start, femtos: femtosPerToken(stepPrice) }));
  return { femtos: femtosPerToken(price.base), steps: steps.toSorted((a, b) => a.above - b.above) };
}

/** Femto-dollars per token in a request of so many input tokens. */
export const rateFor = ({ femtos, steps }: Rate, inputTokens: number): bigint => steps.findLast(({ above }) => inputTokens > above)?.femtos ?? femtos;

/** Femto-dollars of a fee in dollars, to the nano-dollar. */
export const toFemtos = (dollars: number): bigint => billionths(dollars) * 1_000_000n;

/** Dollars per million tokens in billionths are femto-dollars per token. */
const femtosPerToken = (dollarsPerMillion: number): bigint => billionths(dollarsPerMillion);

/**
 * A float stands for the decimal its author wrote, so the nearest integer is meant where it lies within the float's own error (0.025 is 25,000,000, not one more).
 * Anything further off has more than nine decimals and is rounded up.
 */
function billionths(value: number): bigint {
  const scaled = value * 1e9;
  const nearest = Math.round(scaled);
  return BigInt(Math.abs(scaled - nearest) <= scaled * 2 ** -50 ? nearest : Math.ceil(scaled));
}
