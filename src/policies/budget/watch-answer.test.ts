import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { cheap, marketing, open, request } from './budget.fixture.ts';

describe('a stream', () => {
  test('is ended where the budget has nothing more for it', async () => {
    const of = marketing(2_300_000n);
    const { run, chain } = open({ of });
    await chain(request({ stream: true }), [cheap]);
    const observe = run.observer?.(cheap);
    let seen = 0;
    const read = (): void => {
      for (; seen < 100; seen += 1) observe?.({ type: 'text', choice: 0, block: 0, text: 'x'.repeat(90) });
    };
    expect(read).toThrow(GatewayError);
    expect(seen * 30).toBeLessThan(1300); // tokens
  });

  test('goes on, with more held for it, where there is enough', async () => {
    const { run, reserved, chain } = open();
    await chain(request({ stream: true }), [cheap]);
    const observe = run.observer?.(cheap);
    for (let index = 0; index < 100; index += 1) observe?.({ type: 'text', choice: 0, block: 0, text: 'x'.repeat(90) });
    expect(reserved()).toBeGreaterThan(3000 * 2000);
  });

  test('without a budget is not watched', async () => {
    const { run, chain } = open({ of: marketing(undefined) });
    await chain(request({ stream: true }), [cheap]);
    expect(run.observer?.(cheap)).toBeUndefined();
  });
});
