import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noUsage, type Usage } from '../llm/usage.ts';
import { chargedUsage, deliveredTokens, type EndedAnswer } from './charge.ts';

const tokens = (inputTokens: number, outputTokens: number): Usage => ({ ...noUsage, inputTokens, outputTokens });

const ended = (fields: Partial<EndedAnswer>): EndedAnswer => ({
  end: 'complete',
  status: 200,
  usage: undefined,
  requestBytes: 300,
  deliveredBytes: 0,
  ...fields,
});

describe('what an answer is charged', () => {
  test("is the provider's own usage where the answer is complete", () => {
    const answer = ended({ usage: tokens(90, 20), deliveredBytes: 3000 });
    expect(chargedUsage(answer)).toEqual({ usage: tokens(90, 20), estimated: false });
  });

  test('counts what was delivered where an answer stopped midway with the count of its beginning', () => {
    const answer = ended({ end: 'left', usage: tokens(90, 1), deliveredBytes: 60 });
    expect(chargedUsage(answer)).toEqual({ usage: tokens(90, 20), estimated: true });
    expect(chargedUsage({ ...answer, usage: tokens(90, 25) })).toEqual({ usage: tokens(90, 25), estimated: true });
    expect(chargedUsage({ ...answer, end: 'failed', usage: tokens(90, 25) })).toEqual({ usage: tokens(90, 25), estimated: false });
  });

  test('without usage is what was sent and delivered, by what is known of both', () => {
    const answer = ended({ end: 'cut', deliveredBytes: 60 });
    expect(chargedUsage(answer)).toEqual({ usage: tokens(100, 20), estimated: true });
    expect(chargedUsage({ ...answer, inputTokens: 42, tokensPerByte: 0.25 })).toEqual({ usage: tokens(42, 15), estimated: true });
  });

  test('is nothing where an error came instead of an answer', () => {
    expect(chargedUsage(ended({ end: 'failed', status: 500 }))).toEqual({ usage: noUsage, estimated: false });
  });

  test('is never estimated beyond what was asked for or delivered, however the stream failed', () => {
    const answers = fc.record({
      end: fc.constantFrom('failed', 'cut', 'left'),
      usage: fc.option(
        fc.nat(50).map((output) => tokens(10, output)),
        { nil: undefined },
      ),
      deliveredBytes: fc.nat(100_000),
      maxOutputTokens: fc.integer({ min: 50, max: 10_000 }),
      tokensPerByte: fc.double({ min: 0, max: 10, noNaN: true }),
    });
    fc.assert(
      fc.property(answers, (answer) => {
        const { outputTokens } = chargedUsage(ended(answer)).usage;
        expect(outputTokens).toBeLessThanOrEqual(answer.maxOutputTokens);
        expect(outputTokens).toBeLessThanOrEqual(Math.max(answer.deliveredBytes, answer.usage?.outputTokens ?? 0));
      }),
    );
  });
});

test('what was delivered counts in whole tokens, a part of one as one', () => {
  expect(deliveredTokens({ deliveredBytes: 100 })).toBe(34);
  expect(deliveredTokens({ deliveredBytes: 0 })).toBe(0);
  expect(deliveredTokens({ deliveredBytes: 9, tokensPerByte: 0.5, maxOutputTokens: 4 })).toBe(4);
});

test.each([
  ['none, though something was delivered', { inputTokens: 0, outputTokens: 0 }],
  ['less than none', { inputTokens: 10, outputTokens: -5 }],
  ['more than any answer has', { inputTokens: 10, outputTokens: 1e18 }],
])('usage of %s is no usage', (_, said) => {
  const usage = { ...noUsage, ...said };
  expect(chargedUsage(ended({ usage, deliveredBytes: 30, requestBytes: 60 }))).toEqual({
    usage: { ...noUsage, inputTokens: 20, outputTokens: 10 },
    estimated: true,
  });
});
