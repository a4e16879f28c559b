import { GatewayError } from '../../errors.ts';
import { defaultMaxTokens } from '../../protocols/protocol.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import { mostUsage } from '../../pricing/charge.ts';
import type { Habits } from '../../pricing/habits.ts';
import type { Prices } from '../../pricing/prices.ts';
import { askedTier, worstUses, type WorstCase } from '../../pricing/worst-uses.ts';
import { capabilitiesOf } from '../../routing/capability.ts';
import { deploymentName, type Deployment } from '../../routing/deployment.ts';
import { featuresOf } from '../../routing/features-of.ts';
import { tokensAt } from '../../routing/tokens/scale.ts';

/** What is expected of a request, for reserving. */
export interface Estimate {
  /** Whose habits it goes by. */
  key: string;
  /** By a tokenizer, before habits; undefined where the bytes alone told. */
  countedTokens: number | undefined;
  inputTokens: number;
  /** Output that is reserved at first. */
  outputTokens: number;
  /** Input and output as they usually are. */
  likelyTokens: number;
  /** Whether the input may be written to the provider's prompt cache, which may cost more. */
  mayWriteCache: boolean;
  /** Whether that may be for an hour. */
  mayWriteCacheFor1h: boolean;
  /** The tier of service that it asks for; `auto` where the provider is to choose, empty for the usual one. */
  askedTier: string;
  /** Most tokens that one answer may have, to be set where the client set no maximum; undefined where nothing is to be set. */
  cap: number | undefined;
}

/** All marks for the prompt cache have this in their names. As bytes, since it is looked for in every request. */
const cacheMark = Buffer.from('cache');

/** Without a time of its own nothing is kept there for an hour. */
const cacheTimeMark = Buffer.from('"ttl"');

/** Most output of a request whose output cannot be seen while it runs, where neither the client nor the model's catalogue says less. */
const hiddenOutputCap = 16_384;

/** Longest body whose tokens are taken from its bytes alone: to count them would cost more than it tells. */
const shortBytes = 16_384;

/** What is expected of a request at the first deployment of its chain. Output that can be watched is reserved as it usually is; all else in full, and capped. */
export function estimate(request: ClientRequest, chain: readonly Deployment[], tenant: string, habits: Habits): Estimate {
  const [first] = chain;
  const key = `${tenant} ${first === undefined ? '' : deploymentName(first)}`;
  const countedTokens = isShort(request) ? undefined : countInput(request, chain);
  const inputTokens = countedTokens === undefined ? Math.ceil(request.bytes.length / 3) : Math.ceil(countedTokens * habits.inputFactor(key));
  const { maxTokens, choices } = request.facts;
  const mayWriteCache = request.bytes.includes(cacheMark);
  const dearer = { mayWriteCache, mayWriteCacheFor1h: mayWriteCache && request.bytes.includes(cacheTimeMark), askedTier: askedTier(request) };
  const usual = request.protocol.operation === 'chat' ? habits.usualOutput(key) : 0;
  const likelyTokens = inputTokens + Math.min(maxTokens ?? usual, usual);
  if (request.protocol.operation !== 'chat')
    return { key, countedTokens, inputTokens, outputTokens: maxTokens ?? 0, likelyTokens, ...dearer, cap: undefined };
  if (isWatched(request, chain)) {
    return { key, countedTokens, inputTokens, outputTokens: Math.min(maxTokens ?? usual, usual), likelyTokens, ...dearer, cap: undefined };
  }
  const cap = maxTokens === undefined ? capOf(request, chain) : undefined;
  return { key, countedTokens, inputTokens, outputTokens: maxTokens ?? (cap ?? defaultMaxTokens) * choices, likelyTokens, ...dearer, cap };
}

/** Whether a third of the bytes stands for the tokens: more than usual text has. */
const isShort = (request: ClientRequest): boolean => request.bytes.length <= shortBytes;

/** Tokens of the input at the deployment of the chain that makes most of it. */
function countInput(request: ClientRequest, chain: readonly Deployment[]): number {
  const { inputTokens } = featuresOf(request, { headers: new Map() });
  return Math.max(...chain.map((deployment) => tokensAt(deployment, inputTokens)));
}

/** Whether the whole output can be seen while it runs: it streams, and nothing is thought in secret. */
function isWatched(request: ClientRequest, chain: readonly Deployment[]): boolean {
  if (!request.facts.stream) return false;
  return chain.every((deployment) => capabilitiesOf(deployment).reasoning !== true) && !request.bytes.includes('"reasoning');
}

/** What the request lets the model think comes on top, within what each deployment can. */
function capOf(request: ClientRequest, chain: readonly Deployment[]): number {
  const isThinking = request.bytes.includes('"reasoning') || request.bytes.includes('"thinking');
  const thinking = isThinking ? mostUsage(request).outputTokens / request.facts.choices - defaultMaxTokens : 0;
  const wanted = hiddenOutputCap + thinking;
  return Math.min(wanted, ...chain.map((each) => capabilitiesOf(each).outputTokens ?? wanted));
}

/** What an estimate costs at the dearest of some deployments, in nano-dollars. Throws GatewayError where one has no price: no budget can pay for that. */
export function mostNanos(expected: WorstCase, chain: readonly Deployment[], prices: Pick<Prices, 'quote'>, at: number): number {
  let most = 0;
  for (const deployment of chain) {
    const quote = prices.quote(deployment, at);
    if (quote === undefined) throw unpriced(deployment);
    for (const usage of worstUses(quote, expected)) {
      const cost = quote.costNanos(usage);
      if (cost === undefined) throw unpriced(deployment);
      if (cost > most) most = cost;
    }
  }
  return most;
}

const unpriced = (deployment: Deployment): GatewayError =>
  new GatewayError(
    'unpriced-model',
    `The price of "${deploymentName(deployment)}" is not known, so no budget can pay for it. Give its target a "price" in the config.`,
  );
