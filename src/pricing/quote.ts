import type { Usage } from '../llm/usage.ts';
import { rateFor, type Rate } from './rate.ts';

/** Kinds of tokens that may have prices of their own. */
export const tokenKinds = ['input', 'cacheRead', 'cacheWrite', 'inputAudio', 'output', 'reasoning', 'outputAudio'] as const;
export type TokenKind = (typeof tokenKinds)[number];

/** A price, and who says so. */
export interface SourcedPrice {
  /** Rates by kind of token; a kind without one is charged as the kind it is part of. */
  rates: Readonly<Record<TokenKind, Rate | undefined>>;
  /** Charged once where any token was used. */
  requestFemtos: bigint;
  /** Such as `catalogue 0.1.8`. */
  source: string;
}

/** What one deployment costs at one time, exactly. */
export interface Price extends Omit<SourcedPrice, 'source'> {
  /** What is paid of it after discounts, in millionths; 1,000,000 without any. */
  paidMillionths: number;
  /** Where it comes from, such as `catalogue 0.1.8` or `config 2026-12-01 -10%`. */
  version: string;
}

/** A price as an exchange keeps it: it stays what it was when the exchange began. */
export interface Quote {
  /** Where the price comes from, such as `catalogue 0.1.8`, `config` or `config 2026-12-01 -10%`. */
  readonly version: string;
  /** Cost in whole nano-dollars, rounded up once; undefined where a kind of token was used that has no price. Takes a few nanoseconds. */
  costNanos(usage: Usage): number | undefined;
  /** Whether tokens of a kind have a price, be it that of the kind they are part of. */
  hasRate(kind: TokenKind): boolean;
}

/** Millionths of a femto-dollar in a nano-dollar: what a rate is counted in once a discount is taken off. */
const partsPerNano = 1_000_000_000_000n;
const largestCost = BigInt(Number.MAX_SAFE_INTEGER);

/** The quote of a price; undefined where neither input nor output has one. */
export function quoteOf(price: Price): Quote | undefined {
  const { rates, version } = price;
  if (rates.input === undefined && rates.output === undefined) return undefined;
  const bands = bandsOf(price);
  const [base] = bands;
  return {
    version,
    costNanos(usage) {
      const { inputTokens } = usage;
      let band = base;
      for (let index = 1; index < bands.length; index += 1) {
        const next = bands[index];
        if (next === undefined || inputTokens <= next.above) break;
        band = next;
      }
      return costIn(band, usage);
    },
    hasRate: (kind) => !Number.isNaN(base.share[kind]),
  };
}

/** What holds for requests of more than so many input tokens, until the next band does. */
interface Band {
  above: number;
  /** What a token costs, in nano-dollars times `perNano`: whole numbers. NaN where there is no price; infinite where the number is too large to be exact. */
  share: Record<TokenKind, number>;
  requestShare: number;
  /** At most 1e12. A power of ten's divisor, as small as the rates allow, so that costs of everyday requests are exact as floats. */
  perNano: number;
  exact: { parts: Record<TokenKind, bigint | undefined>; requestParts: bigint };
}

function bandsOf({ rates, requestFemtos, paidMillionths }: Price): [Band, ...Band[]] {
  const paid = BigInt(paidMillionths);
  const starts = new Set(tokenKinds.flatMap((kind) => rates[kind]?.steps.map(({ above }) => above) ?? []));
  const bandFrom = (above: number, inputTokens: number): Band => {
    const own = (kind: TokenKind): bigint | undefined => {
      const rate = rates[kind];
      return rate && rateFor(rate, inputTokens) * paid;
    };
    const input = own('input');
    const output = own('output');
    return toBand(above, {
      parts: {
        input,
        cacheRead: own('cacheRead') ?? input,
        cacheWrite: own('cacheWrite') ?? input,
        inputAudio: own('inputAudio') ?? input,
        output,
        reasoning: own('reasoning') ?? output,
        outputAudio: own('outputAudio') ?? output,
      },
      requestParts: requestFemtos * paid,
    });
  };
  const above = [...starts].toSorted((a, b) => a - b);
  return [bandFrom(0, 0), ...above.map((start) => bandFrom(start, start + 1))];
}

function toBand(above: number, exact: Band['exact']): Band {
  const { parts, requestParts } = exact;
  const divisor = tokenKinds.reduce(
    (common, kind) => greatestCommonDivisor(common, parts[kind] ?? 0n),
    greatestCommonDivisor(partsPerNano, requestParts),
  );
  const shareOf = (amount: bigint): number => (amount / divisor <= largestCost ? Number(amount / divisor) : Infinity);
  const share = (kind: TokenKind): number => {
    const amount = parts[kind];
    return amount === undefined ? NaN : shareOf(amount);
  };
  return {
    above,
    share: {
      input: share('input'),
      cacheRead: share('cacheRead'),
      cacheWrite: share('cacheWrite'),
      inputAudio: share('inputAudio'),
      output: share('output'),
      reasoning: share('reasoning'),
      outputAudio: share('outputAudio'),
    },
    requestShare: shareOf(requestParts),
    perNano: Number(partsPerNano / divisor),
    exact,
  };
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [a, b];
  while (smaller > 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

/**
 * As long as the sum is below 2^53, each product and sum of it is a whole number that a float holds, and so is the quotient's ceiling exact:
 * a quotient that is no whole number is at least 1 / perNano away from one, and its rounding error less than half of that.
 */
function costIn({ share, requestShare, perNano, exact }: Band, usage: Usage): number | undefined {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, inputAudioTokens, outputTokens, reasoningTokens, outputAudioTokens } = usage;
  const plainInput = inputTokens - cacheReadTokens - cacheWriteTokens - inputAudioTokens;
  const plainOutput = outputTokens - reasoningTokens - outputAudioTokens;
  let sum = inputTokens > 0 || outputTokens > 0 ? requestShare : 0;
  if (plainInput > 0) sum += plainInput * share.input;
  if (cacheReadTokens > 0) sum += cacheReadTokens * share.cacheRead;
  if (cacheWriteTokens > 0) sum += cacheWriteTokens * share.cacheWrite;
  if (inputAudioTokens > 0) sum += inputAudioTokens * share.inputAudio;
  if (plainOutput > 0) sum += plainOutput * share.output;
  if (reasoningTokens > 0) sum += reasoningTokens * share.reasoning;
  if (outputAudioTokens > 0) sum += outputAudioTokens * share.outputAudio;
  if (sum <= Number.MAX_SAFE_INTEGER) return Math.ceil(sum / perNano);
  return Number.isNaN(sum) ? undefined : costOfMuch(exact, usage);
}

/** The same in integers of any size, for costs that a float would not hold. */
function costOfMuch({ parts, requestParts }: Band['exact'], usage: Usage): number {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, inputAudioTokens, outputTokens, reasoningTokens, outputAudioTokens } = usage;
  const amount = (tokens: number, part: bigint | undefined): bigint => (tokens > 0 ? BigInt(tokens) * (part ?? 0n) : 0n);
  const sum =
    (inputTokens > 0 || outputTokens > 0 ? requestParts : 0n) +
    amount(inputTokens - cacheReadTokens - cacheWriteTokens - inputAudioTokens, parts.input) +
    amount(cacheReadTokens, parts.cacheRead) +
    amount(cacheWriteTokens, parts.cacheWrite) +
    amount(inputAudioTokens, parts.inputAudio) +
    amount(outputTokens - reasoningTokens - outputAudioTokens, parts.output) +
    amount(reasoningTokens, parts.reasoning) +
    amount(outputAudioTokens, parts.outputAudio);
  const nanos = (sum + partsPerNano - 1n) / partsPerNano;
  return Number(nanos < largestCost ? nanos : largestCost);
}
