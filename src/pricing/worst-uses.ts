import { JsonFieldError } from '../framing/json.ts';
import { serviceTierOf } from '../llm/service-tier.ts';
import { noUsage, type Usage } from '../llm/usage.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { Quote } from './quote.ts';

/** What of a request decides how dear it may become. */
export interface WorstCase {
  inputTokens: number;
  outputTokens: number;
  /** Whether input may be written to the provider's prompt cache, and whether for an hour. */
  mayWriteCache: boolean;
  mayWriteCacheFor1h: boolean;
  /** As `askedTier` has it. */
  askedTier: string;
}

/** Uses of so many tokens one of which is the dearest: as they are, and with kinds of tokens that may have a higher price, at each tier that they may be served at. */
export function worstUses(quote: Quote, worst: WorstCase): Usage[] {
  const { inputTokens, outputTokens, mayWriteCache, mayWriteCacheFor1h } = worst;
  const uses: Usage[] = [];
  for (const serviceTier of tiersOf(quote, worst)) {
    const plain: Usage = { ...noUsage, inputTokens, outputTokens, serviceTier };
    uses.push(plain);
    if (mayWriteCache && quote.hasRate('cacheWrite')) uses.push({ ...plain, cacheWriteTokens: inputTokens });
    if (mayWriteCacheFor1h && quote.hasRate('cacheWrite1h')) uses.push({ ...plain, cacheWriteTokens: inputTokens, cacheWrite1hTokens: inputTokens });
    if (quote.hasRate('reasoning')) uses.push({ ...plain, reasoningTokens: outputTokens });
  }
  return uses;
}

/** The tiers of service that a request may be served at and that have a price, the usual one first. A provider may serve at another tier than was asked for. */
const tiersOf = ({ serviceTiers }: Quote, { askedTier: asked }: Pick<WorstCase, 'askedTier'>): readonly string[] =>
  asked === '' ? usualTier : ['', ...serviceTiers];

const usualTier: readonly string[] = [''];

/** The one of them at which so many tokens cost most; empty for the usual one. */
export function dearestTier(quote: Quote, worst: Pick<WorstCase, 'inputTokens' | 'outputTokens' | 'askedTier'>): string {
  const { inputTokens, outputTokens } = worst;
  const cost = (serviceTier: string): number => quote.costNanos({ ...noUsage, inputTokens, outputTokens, serviceTier }) ?? 0;
  return tiersOf(quote, worst).reduce((dearest, tier) => (cost(tier) > cost(dearest) ? tier : dearest));
}

/** Fields in which the protocols name a tier of service, or Anthropic a speed. */
const fields = ['service_tier', 'serviceTier', 'speed'];

/**
 * The tier of service that a request asks for; `auto` where the provider is to choose, also because it is named twice; empty where it is not named, or the usual one is.
 */
export function askedTier({ body }: Pick<ClientRequest, 'body'>): string {
  if (body.type !== 'object') return '';
  try {
    for (const name of fields) {
      const field = body.get(name);
      const value = field?.type === 'object' ? field.get('type') : field; // Bedrock has `{"type": "flex"}`
      const word = value?.type === 'string' ? value.string() : '';
      const tier = word === 'auto' ? word : serviceTierOf(word);
      if (tier !== '') return tier;
    }
  } catch (error) {
    if (error instanceof JsonFieldError) return 'auto';
    throw error;
  }
  return '';
}
