import { noUsage, type Usage } from '../../llm/usage.ts';
import { defaultMaxTokens } from '../../protocols/protocol.ts';
import type { ClientRequest } from '../../protocols/client-request.ts';
import { mostUsage } from '../../pricing/charge.ts';
import type { Habits } from '../../pricing/habits.ts';
import type { Prices } from '../../pricing/prices.ts';
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
  /** Most tokens that one answer may have, to be set where the client set no maximum; undefined where nothing is to be set. */
  cap: number | undefined;
}

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
  const mayWriteCache = request.bytes.includes('cache'); // all marks for it have that in their names
  const usual = request.protocol.operation === 'chat' ? habits.usualOutput(key) : 0;
  const likelyTokens = inputTokens + Math.min(maxTokens ?? usual, usual);
  if (request.protocol.operation !== 'chat')
    return { key, countedTokens, inputTokens, outputTokens: maxTokens ?? 0, likelyTokens, mayWriteCache, cap: undefined };
  if (isWatched(request, chain)) {
    return { key, countedTokens, inputTokens, outputTokens: Math.min(maxTokens ?? usual, usual), likelyTokens, mayWriteCache, cap: undefined };
  }
  const cap = maxTokens === undefined ? capOf(request, chain) : undefined;
  return { key, countedTokens, inputTokens, outputTokens: maxTokens ?? (cap ?? defaultMaxTokens) * choices, likelyTokens, mayWriteCache, cap };
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

/** What an estimate costs at the dearest of some deployments; the first of which no price is known in place of it. */
export function dearest(
  { inputTokens, outputTokens, mayWriteCache }: Pick<Estimate, 'inputTokens' | 'outputTokens' | 'mayWriteCache'>,
  chain: readonly Deployment[],
  prices: Pick<Prices, 'quote'>,
  at: number,
): number | { unpriced: Deployment } {
  let most = 0;
  for (const deployment of chain) {
    const quote = prices.quote(deployment, at);
    const costs =
      quote &&
      worstUses(inputTokens, outputTokens, { cacheWrite: mayWriteCache && quote.hasRate('cacheWrite'), reasoning: quote.hasRate('reasoning') }).map(
        (usage) => quote.costNanos(usage),
      );
    if (costs === undefined || costs.includes(undefined)) return { unpriced: deployment };
    for (const cost of costs) if (cost !== undefined && cost > most) most = cost;
  }
  return most;
}

/** Uses of so many tokens that may be the dearest: as they are, and with kinds of tokens that may have a higher price. */
function worstUses(inputTokens: number, outputTokens: number, mayBe: { cacheWrite: boolean; reasoning: boolean }): Usage[] {
  const plain: Usage = { ...noUsage, inputTokens, outputTokens };
  const uses = [plain];
  if (mayBe.cacheWrite) uses.push({ ...plain, cacheWriteTokens: inputTokens });
  if (mayBe.reasoning) uses.push({ ...plain, reasoningTokens: outputTokens });
  return uses;
}
