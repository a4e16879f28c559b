import type { Usage } from '../llm/usage.ts';
import { rateFor, type Rate } from './rate.ts';

/** Kinds of tokens that may have prices of their own. */
export const tokenKinds = ['input', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'inputAudio', 'output', 'reasoning', 'outputAudio'] as const;
export type TokenKind = (typeof tokenKinds)[number];

/** What a token of each kind costs. */
export type Rates = Readonly<Record<TokenKind, Rate | undefined>>;

/** A price, and who says so. */
export interface SourcedPrice {
  /** Rates by kind of token; a kind without one is charged as the kind it is part of. */
  rates: Rates;
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
  /** What tiers of service cost, by name; one without a price is charged as the usual one. */
  serviceTiers: ReadonlyMap<string, TierPrice>;
}

/** What a tier of service costs: a share of some rates. */
export interface TierPrice extends Pick<SourcedPrice, 'rates' | 'requestFemtos'> {
  /** Share of the rates in millionths; the fee per request is no part of it. */
  factorMillionths: number;
}

/** A price as an exchange keeps it: it stays what it was when the exchange began. */
export interface Quote {
  /** The tiers of service that have a price of their own. */
  readonly serviceTiers: readonly string[];
  /** Where the price comes from, such as `catalogue 0.1.8` or `config 2026-12-01 -10%`; for a tier of service other than the usual one (empty) it stands behind that, and where it has no price of its own, that it was charged as the usual one. */
  versionFor(serviceTier: string): string;
  /** Cost in whole nano-dollars, rounded up once; undefined where a kind of token was used that has no price. Takes a few nanoseconds. */
  costNanos(usage: Usage): number | undefined;
  /** Whether tokens of a kind have a price, be it that of the kind they are part of. */
  hasRate(kind: TokenKind): boolean;
}

const whole = 1_000_000;
/** Millionths of millionths of a femto-dollar in a nano-dollar: what a rate is counted in once a tier's factor and a discount are taken off. */
const partsPerNano = 1_000_000_000_000_000_000n;
const largestCost = BigInt(Number.MAX_SAFE_INTEGER);

/** The quote of a price; undefined where neither input nor output has one. */
export function quoteOf(price: Price): Quote | undefined {
  const { rates, requestFemtos, paidMillionths, version, serviceTiers } = price;
  if (rates.input === undefined && rates.output === undefined) return undefined;
  const usual = bandsOf({ rates, requestFemtos, factorMillionths: whole }, paidMillionths);
  const bandsFor = bandsOfTiers(serviceTiers, paidMillionths);
  return {
    serviceTiers: [...serviceTiers.keys()],
    versionFor(serviceTier) {
      if (serviceTier === '') return version;
      return serviceTiers.has(serviceTier) ? `${version} ${serviceTier}` : `${version} (usual price for ${serviceTier})`;
    },
    costNanos(usage) {
      const { inputTokens, serviceTier } = usage;
      const bands = serviceTier === '' ? usual : (bandsFor(serviceTier) ?? usual);
      let band = bands[0];
      for (let index = 1; index < bands.length; index += 1) {
        const next = bands[index];
        if (next === undefined || inputTokens <= next.above) break;
        band = next;
      }
      return costIn(band, usage);
    },
    hasRate: (kind) => !Number.isNaN(usual[0].share[kind]),
  };
}

/** The bands of each tier that has a price, made when they are first asked for: few answers have a tier. */
function bandsOfTiers(serviceTiers: Price['serviceTiers'], paidMillionths: number): (serviceTier: string) => Bands | undefined {
  const known = new Map<string, Bands>();
  return (serviceTier) => {
    const price = serviceTiers.get(serviceTier);
    if (price === undefined) return undefined;
    const bands = known.get(serviceTier) ?? bandsOf(price, paidMillionths);
    known.set(serviceTier, bands);
    return bands;
  };
}

type Bands = readonly [Band, ...Band[]];

/** What holds for requests of more than so many input tokens, until the next band does. */
interface Band {
  above: number;
  /** What a token costs, in nano-dollars times `perNano`: whole numbers. NaN where there is no price; infinite where the number is too large to be exact. */
  share: Record<TokenKind, number>;
  requestShare: number;
  /** At most 1e18. A power of ten's divisor, as small as the rates allow, so that costs of everyday requests are exact as floats. */
  perNano: number;
  exact: { parts: Record<TokenKind, bigint | undefined>; requestParts: bigint };
}

function bandsOf({ rates, requestFemtos, factorMillionths }: TierPrice, paidMillionths: number): Bands {
  const paid = BigInt(paidMillionths);
  const share = paid * BigInt(factorMillionths);
  const starts = new Set(tokenKinds.flatMap((kind) => rates[kind]?.steps.map(({ above }) => above) ?? []));
  const bandFrom = (above: number, inputTokens: number): Band => {
    const own = (kind: TokenKind): bigint | undefined => {
      const rate = rates[kind];
      return rate && rateFor(rate, inputTokens) * share;
    };
    const input = own('input');
    const cacheWrite = own('cacheWrite') ?? input;
    const output = own('output');
    return toBand(above, {
      parts: {
        input,
        cacheRead: own('cacheRead') ?? input,
        cacheWrite,
        cacheWrite1h: own('cacheWrite1h') ?? cacheWrite,
        inputAudio: own('inputAudio') ?? input,
        output,
        reasoning: own('reasoning') ?? output,
        outputAudio: own('outputAudio') ?? output,
      },
      requestParts: requestFemtos * paid * BigInt(whole),
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
      cacheWrite1h: share('cacheWrite1h'),
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
  const { inputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens } = usage;
  const { inputAudioTokens, outputTokens, reasoningTokens, outputAudioTokens } = usage;
  const plainInput = inputTokens - cacheReadTokens - cacheWriteTokens - inputAudioTokens;
  const plainOutput = outputTokens - reasoningTokens - outputAudioTokens;
  let sum = inputTokens > 0 || outputTokens > 0 ? requestShare : 0;
  if (plainInput > 0) sum += plainInput * share.input;
  if (cacheReadTokens > 0) sum += cacheReadTokens * share.cacheRead;
  if (cacheWriteTokens > cacheWrite1hTokens) sum += (cacheWriteTokens - cacheWrite1hTokens) * share.cacheWrite;
  if (cacheWrite1hTokens > 0) sum += cacheWrite1hTokens * share.cacheWrite1h;
  if (inputAudioTokens > 0) sum += inputAudioTokens * share.inputAudio;
  if (plainOutput > 0) sum += plainOutput * share.output;
  if (reasoningTokens > 0) sum += reasoningTokens * share.reasoning;
  if (outputAudioTokens > 0) sum += outputAudioTokens * share.outputAudio;
  if (sum <= Number.MAX_SAFE_INTEGER) return Math.ceil(sum / perNano);
  return Number.isNaN(sum) ? undefined : costOfMuch(exact, usage);
}

/** The same in integers of any size, for costs that a float would not hold. */
function costOfMuch({ parts, requestParts }: Band['exact'], usage: Usage): number {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens } = usage;
  const { inputAudioTokens, outputTokens, reasoningTokens, outputAudioTokens } = usage;
  const amount = (tokens: number, part: bigint | undefined): bigint => (tokens > 0 ? BigInt(tokens) * (part ?? 0n) : 0n);
  const sum =
    (inputTokens > 0 || outputTokens > 0 ? requestParts : 0n) +
    amount(inputTokens - cacheReadTokens - cacheWriteTokens - inputAudioTokens, parts.input) +
    amount(cacheReadTokens, parts.cacheRead) +
    amount(cacheWriteTokens - cacheWrite1hTokens, parts.cacheWrite) +
    amount(cacheWrite1hTokens, parts.cacheWrite1h) +
    amount(inputAudioTokens, parts.inputAudio) +
    amount(outputTokens - reasoningTokens - outputAudioTokens, parts.output) +
    amount(reasoningTokens, parts.reasoning) +
    amount(outputAudioTokens, parts.outputAudio);
  const nanos = (sum + partsPerNano - 1n) / partsPerNano;
  return Number(nanos < largestCost ? nanos : largestCost);
}
