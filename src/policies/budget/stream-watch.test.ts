import { describe, expect, test } from 'vitest';
import { noUsage } from '../../llm/usage.ts';
import type { Quote } from '../../pricing/quote.ts';
import { StreamWatch, type StreamHold } from './stream-watch.ts';

/** A nano-dollar for each token of input, ten for each of output. */
const quote: Quote = {
  serviceTiers: ['priority'],
  versionFor: () => 'test',
  costNanos: ({ inputTokens, outputTokens, serviceTier }) => (inputTokens + 10 * outputTokens) * (serviceTier === 'priority' ? 2 : 1),
  hasRate: () => true,
};

class Stop extends Error {}

interface Purse {
  nanos: number;
  purse: number;
  outputTokens?: number;
  serviceTier?: string;
  isLate?: boolean;
}

/** Grants from a purse; late where `isLate`, when `answer` is called. */
function open({ nanos, purse, outputTokens = 512, serviceTier = '', isLate = false }: Purse) {
  const late: (() => void)[] = [];
  const asked: number[] = [];
  const money = { left: purse };
  const hold: StreamHold = {
    nanos,
    tokens: Number.POSITIVE_INFINITY,
    more(more) {
      asked.push(more);
      const grant = (): boolean => {
        if (more > money.left) return false;
        money.left -= more;
        hold.nanos += more;
        return true;
      };
      if (!isLate) return grant();
      const { promise, resolve } = Promise.withResolvers<boolean>();
      late.push(() => resolve(grant()));
      return promise;
    },
  };
  const watch = new StreamWatch({
    hold,
    quote,
    serviceTier,
    inputTokens: 100,
    tokensPerByte: 1,
    outputTokens,
    stop: () => {
      throw new Stop();
    },
  });
  const say = (bytes: number): void => watch.see({ type: 'text', choice: 0, block: 0, text: 'x'.repeat(bytes) });
  const sayUntilStopped = (piece: number, most: number): number => {
    let said = 0;
    try {
      for (; said < most; said += piece) say(piece);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      return said + piece;
    }
    return said;
  };
  return { watch, hold, asked, money, say, sayUntilStopped, answer: async () => (late.shift()?.(), await Promise.resolve()) };
}

describe('an answer that costs more than was held', () => {
  test('goes on as long as more can be had, which is asked for before it is used', () => {
    const { hold, sayUntilStopped, watch } = open({ nanos: 5220, purse: 1_000_000 });
    expect(sayUntilStopped(100, 20_000)).toBe(20_000);
    expect(hold.nanos).toBeGreaterThanOrEqual(quote.costNanos(watch.soFar()) ?? 0);
  });

  test('ends where nothing more can be had, less than a look beyond what is held', () => {
    const { hold, sayUntilStopped, watch } = open({ nanos: 5220, purse: 0 });
    expect(sayUntilStopped(10, 20_000)).toBeLessThan(1000);
    const cost = quote.costNanos(watch.soFar()) ?? 0;
    expect(cost).toBeGreaterThan(hold.nanos);
    expect(cost - hold.nanos).toBeLessThanOrEqual(10 * 266);
  });

  test('takes a part where a whole step is too much', () => {
    const { money, sayUntilStopped } = open({ nanos: 5220, purse: 900 });
    sayUntilStopped(10, 20_000);
    expect(money.left).toBeLessThan(900);
  });

  test('goes on for one step at most while the store is asked', () => {
    const { sayUntilStopped, watch, hold, asked } = open({ nanos: 5220, purse: 1_000_000, isLate: true });
    sayUntilStopped(10, 20_000);
    const cost = quote.costNanos(watch.soFar()) ?? 0;
    expect(asked).toHaveLength(1);
    expect(cost - hold.nanos).toBeLessThanOrEqual((asked[0] ?? 0) + 10 * 266);
  });

  test('goes on once the store has said yes', async () => {
    const { say, sayUntilStopped, answer } = open({ nanos: 5220, purse: 1_000_000, isLate: true });
    say(400);
    await answer();
    expect(sayUntilStopped(10, 200)).toBe(200);
  });
});

test("the provider's own count replaces the estimate, and what it is short of is asked for with the next step", () => {
  const { watch, hold, asked } = open({ nanos: 5220, purse: 1_000_000 });
  watch.see({ type: 'usage', usage: { ...noUsage, inputTokens: 50_000, outputTokens: 1 } });
  expect(asked).toHaveLength(1);
  expect(hold.nanos).toBeGreaterThan(50_010);
});

test('what it costs so far is reckoned at the tier of service that is paid for', () => {
  const { watch, say, asked } = open({ nanos: 20_000, purse: 1_000_000, serviceTier: 'priority' });
  say(900);
  expect(quote.costNanos(watch.soFar())).toBe(2 * (100 + 10 * 900));
  expect(asked).toHaveLength(1);
});

test('a short answer asks for nothing', () => {
  const { say, asked } = open({ nanos: 5220, purse: 0 });
  say(200);
  expect(asked).toEqual([]);
});

test('a count beyond all measure is none: what was delivered goes on counting', () => {
  const { watch, say, asked } = open({ nanos: 5220, purse: 1_000_000 });
  watch.see({ type: 'usage', usage: { ...noUsage, inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: Number.MAX_SAFE_INTEGER } });
  expect(asked).toEqual([]);
  say(300);
  expect(watch.soFar()).toMatchObject({ inputTokens: 100, outputTokens: 300 });
});
