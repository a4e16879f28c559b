import { expect, test } from 'vitest';
import { createHabits } from '../../pricing/habits.ts';
import { createPrices } from '../../pricing/prices.ts';
import { ClientRequest } from '../../protocols/client-request.ts';
import { openaiChat } from '../../protocols/openai-chat/index.ts';
import { FakeQuotas } from '../../quotas/quotas.fixture.ts';
import { isShortage } from '../../quotas/quotas.ts';
import { deployment } from '../../routing/deployment.fixture.ts';
import type { Quota } from '../../stores/quota.ts';
import { chargesOf, countedAt } from '../charges.ts';
import { budget, identity, limit, tenant, terms } from '../tenant.fixture.ts';
import type { Terms } from '../terms.ts';
import { createFairShares } from './fair-share.ts';
import { hasLeft } from './provider-limits.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const at = (name: string) => deployment(name, 'llama-4', { price: { input: 1, output: 2 } }); // 1,000 and 2,000 nano-dollars per token

/** Of 30 tokens by our estimate, with an answer of at most 70. */
const text = JSON.stringify({ model: 'fast', max_tokens: 70, messages: [{ role: 'user', content: 'Hello' }] });
const request = new ClientRequest(openaiChat, Buffer.from(text.padEnd(90)));

/** What is left for a request at the provider `house`, and at another, where so much of each quota is used. */
function look(of: { shared?: Terms; own?: Terms }, used: { nanos?: number; tokens?: number }, { isKnown = true } = {}) {
  const quotas = new FakeQuotas();
  const payer = tenant('marketing', { terms: of.own === undefined ? [] : [of.own] });
  const shared = { models: new Map(), providers: new Map(of.shared === undefined ? [] : [['house', of.shared]]) };
  const counted = countedAt({ terms: payer.terms, shared }, 'house');
  const taken = quotas.reserve(chargesOf(counted, { nanos: 0, tokens: 0, ...used }, noon));
  if (taken instanceof Promise || isShortage(taken)) throw new Error('so much cannot be used');
  const parts = { quotas, prices: createPrices({ now: () => noon }), habits: createHabits({ maxPairs: 10 }), now: () => noon };
  const asking = { opening: { identity: identity(payer), shared }, request: isKnown ? request : undefined, startedAt: noon };
  const left = (name: string): boolean => hasLeft(at(name), asking, { ...parts, fairShares: createFairShares({ now: () => noon }) });
  return [left('house'), left('other')];
}

const provider = 'house';

test.each<[string, Parameters<typeof look>[0], Parameters<typeof look>[1], boolean]>([
  ['nobody counts', {}, {}, true],
  [
    'a limit of tokens has as many as it takes',
    { shared: terms('provider:house', { limits: [limit({ of: 'tokens', amount: 1000 })] }) },
    { tokens: 900 },
    true,
  ],
  [
    'a limit of tokens has some, but too few',
    { shared: terms('provider:house', { limits: [limit({ of: 'tokens', amount: 1000 })] }) },
    { tokens: 901 },
    false,
  ],
  ['a limit of requests has one', { shared: terms('provider:house', { limits: [limit({ amount: 2 })] }) }, {}, true],
  ['a limit of requests has none', { shared: terms('provider:house', { limits: [limit({ amount: 1 })] }) }, {}, false],
  ['all places are taken', { shared: terms('provider:house', { limits: [limit({ of: 'concurrent', amount: 1, per: undefined })] }) }, {}, false],
  ['the tenant’s own limit there has none', { own: terms('tenant:marketing', { limits: [limit({ amount: 1, provider })] }) }, {}, false],
  [
    'the tenant’s own budget there has enough',
    { own: terms('tenant:marketing', { budgets: [budget({ amount: 270_000n, provider })] }) },
    { nanos: 100_000 },
    true,
  ],
  [
    'the tenant’s own budget there has too little',
    { own: terms('tenant:marketing', { budgets: [budget({ amount: 270_000n, provider })] }) },
    { nanos: 100_001 },
    false,
  ],
  ['what counts everything has too little', { own: terms('tenant:marketing', { budgets: [budget({ amount: 1n })] }) }, {}, true],
  ['what counts one model there has none', { own: terms('tenant:marketing', { limits: [limit({ amount: 1, provider, model: 'fast' })] }) }, {}, true],
])('a provider may be called: %s', (_, of, used, may) => {
  expect(look(of, used)).toEqual([may, true]);
});

test('of a request that is not known yet, one token is enough', () => {
  const shared = terms('provider:house', { limits: [limit({ of: 'tokens', amount: 1000 })] });
  expect(look({ shared }, { tokens: 999 }, { isKnown: false })).toEqual([true, true]);
  expect(look({ shared }, { tokens: 1000 }, { isKnown: false })).toEqual([false, true]);
});

test('what has too little left is asked after, since nobody else would', () => {
  const shared = {
    models: new Map(),
    providers: new Map([['house', terms('provider:house', { limits: [limit({ of: 'concurrent', amount: 1, per: undefined })] })]]),
  };
  const looked: string[] = [];
  const standing = { limit: 1, extra: 0, spent: 0, held: 1, left: 1, fullInMs: 0 };
  const quotas = Object.assign(new FakeQuotas(), {
    standing: () => standing,
    know: (all: readonly Quota[]) => void looked.push(...all.map(({ id }) => id)),
  });
  const parts = { quotas, prices: createPrices({ now: () => noon }), habits: createHabits({ maxPairs: 10 }), now: () => noon };
  const asking = { opening: { identity: identity(tenant('marketing')), shared }, request, startedAt: noon };
  const isFree = (): boolean => hasLeft(at('house'), asking, { ...parts, fairShares: createFairShares({ now: () => noon }) });
  expect([isFree(), looked]).toEqual([true, []]);
  standing.left = 0;
  expect([isFree(), looked]).toEqual([false, ['slots|provider:house']]);
});
