import { expect, test } from 'vitest';
import { GatewayError } from '../errors.ts';
import { FakeQuotas } from '../quotas/quotas.fixture.ts';
import { createLimits } from './limits.ts';
import { opening, outcome } from './opening.fixture.ts';
import type { PolicyRun } from './policy.ts';
import { limit, tenant, terms } from './tenant.fixture.ts';
import type { Limit } from './terms.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const concurrent = limit({ of: 'concurrent', amount: 2, per: undefined });

function open(limits: readonly Limit[], quotas = new FakeQuotas()) {
  const limited: string[] = [];
  const policy = createLimits({ quotas, now: () => noon, onLimited: (owner, of) => void limited.push(`${owner} ${of}`) });
  const of = tenant('marketing', { terms: [terms('tenant:marketing', { limits })] });
  const begin = (): PolicyRun | undefined => policy.open(opening(of));
  return { quotas, limited, begin };
}

test('a request is counted for good, its place only while it is under way', () => {
  const { quotas, begin } = open([limit({ amount: 2 }), concurrent]);
  const run = begin();
  expect(run?.onCaller?.()).toBeUndefined(); // at once
  expect(new Map(run?.headers?.('openai-chat')).get('x-ratelimit-remaining-requests')).toBe('1');
  run?.onSettled?.(outcome());
  expect(quotas.open).toBe(0);
  const [requests, places] = quotas.asked[0] ?? [];
  expect([requests, places].map((charge) => charge && quotas.standing(charge.quota).left)).toEqual([1, 2]);
});

test('whoever is at a limit is refused before anything is read, and counted', () => {
  const { limited, begin } = open([limit({ amount: 1 })]);
  void begin()?.onCaller?.();
  expect(() => begin()?.onCaller?.()).toThrow(GatewayError);
  expect(limited).toEqual(['tenant:marketing requests']);
});

test('of several limits of one thing clients are told of the tightest, Anthropic ones by its names too', () => {
  const run = open([limit({ amount: 100 }), limit({ amount: 10, per: 'second' }), limit({ of: 'tokens', amount: 5000 })]).begin();
  void run?.onCaller?.();
  const told = new Map(run?.headers?.('anthropic-messages'));
  expect([told.get('x-ratelimit-limit-requests'), told.get('x-ratelimit-remaining-requests')]).toEqual(['10', '9']);
  expect(told.get('x-ratelimit-limit-tokens')).toBe('5000');
  expect(told.get('anthropic-ratelimit-requests-remaining')).toBe('9');
  expect(told.get('anthropic-ratelimit-tokens-reset')).toBe(new Date(noon).toISOString());
});

test('limits of places alone, of tokens alone, of one model alone: only what is told or counted early has a part', () => {
  expect(open([concurrent]).begin()).toBeDefined();
  expect(open([limit({ of: 'tokens' })]).begin()).toBeDefined();
  expect(open([limit({ model: 'fast' })]).begin()).toBeUndefined();
  expect(open([]).begin()).toBeUndefined();
});
