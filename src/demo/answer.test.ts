import fc from 'fast-check';
import { expect, test } from 'vitest';
import { composeAnswer, countPieces, maxEchoCharacters, toPieces } from './answer.ts';
import type { Answer, Prompt } from './answer.ts';

const prompt: Prompt = {
  model: 'm',
  userText: '',
  toolResults: [],
  tools: [],
  toolChoice: { type: 'auto' },
  parallelToolCalls: true,
  stop: [],
  maxTokens: undefined,
};
const speaker = { vendor: 'V', toolCallId: (index: number) => `call_${index}` };
const compose = (fields: Partial<Prompt>): Answer => composeAnswer({ ...prompt, ...fields }, speaker);
const textOf = ({ segments }: Answer): string => segments.flatMap(({ pieces }) => pieces).join('');

test('pieces are the text, cut, and never within a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const pieces = toPieces(text);
      expect(pieces.join('')).toBe(text);
      expect(pieces.every((piece) => piece !== '' && piece.isWellFormed())).toBe(true);
    }),
  );
});

test('a placeholder and an e-mail address are cut across pieces', () => {
  expect(toPieces('[EMAIL_1] a@example.org')).toEqual(['[EMA', 'IL_1', ']', ' a@ex', 'ampl', 'e.or', 'g']);
});

test('white space is cut in linear time', () => {
  expect(toPieces(' '.repeat(1_000_000))).toHaveLength(1);
});

test('what the user said comes back exactly', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (userText) => {
      expect(textOf(compose({ userText }))).toBe(`Hello from the demo V (m). You said: "${userText}"`);
    }),
  );
});

test('a very long text is cut, and its length said', () => {
  const answer = textOf(compose({ userText: 'x'.repeat(maxEchoCharacters + 1) }));
  expect(answer.endsWith(`x… (${maxEchoCharacters + 1} characters)"`)).toBe(true);
});

test('never gives more tokens than it may, and says when it gave less than it had', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(40), fc.boolean(), (userText, maxTokens, callsTool) => {
      const fields = {
        userText,
        tools: [{ name: 'f', schema: { type: 'object', required: ['a', 'b'], properties: {} } }],
        toolChoice: { type: callsTool ? 'required' : 'none' },
      } as const;
      const whole = countPieces(compose(fields));
      const limited = compose({ ...fields, maxTokens });
      expect(countPieces(limited)).toBe(Math.min(whole, maxTokens));
      expect(limited.finish === 'length').toBe(whole > maxTokens);
    }),
  );
});

test('ends before the stop sequence that comes first', () => {
  expect(compose({ userText: 'one two three', stop: ['three', 'two', 'four'] })).toMatchObject({ finish: 'stop-sequence', stopSequence: 'two' });
  expect(textOf(compose({ userText: 'one two three', stop: ['two'] }))).toMatch(/"one $/);
});

test.each([
  ['use get_weather now', ['get_weather']],
  ['use (get_weather), then get_time', ['get_weather', 'get_time']],
  ['get_time before get_weather', ['get_time', 'get_weather']],
  ['use get_weather2 and forget_time', []],
  ['what is the weather?', []],
])('hears in "%s" the tools %j', (userText, names) => {
  const tools = [
    { name: 'get_weather', schema: {} },
    { name: 'get_time', schema: {} },
  ];
  expect(compose({ userText, tools }).segments.flatMap((segment) => (segment.kind === 'tool-call' ? [segment.name] : []))).toEqual(names);
});

test('does not call a tool again for its own result', () => {
  const answer = compose({ userText: 'use f', tools: [{ name: 'f', schema: {} }], toolResults: [{ name: 'f', text: 'use f' }] });
  expect(answer.finish).toBe('stop');
});
