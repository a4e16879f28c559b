import { describe, expect, test } from 'vitest';
import { guard } from './guard.ts';
import type { Message, Reply, ResponseHeaders } from './message.ts';
import { answer, body, repliesOf, setStage, verdictIn, type StageOptions } from './watched.fixture.ts';

const stream = answer(200, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;
const delta = (content: string): string =>
  event({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] });
const overloaded = event({ error: { message: 'Overloaded', type: 'server_error', code: 'overloaded' } });

const play = (options: StageOptions, first: ResponseHeaders, ...rest: Message[]): Promise<Reply[]> =>
  repliesOf(guard(first, setStage(options)), [first, ...rest]);

/** What was said before the end, and what the end was. */
function ending(replies: readonly Reply[]): { held: string[]; verdict: ReturnType<typeof verdictIn>; answered: number } {
  const last = replies.at(-1);
  if (last?.type !== 'release') throw new Error(`it ended with ${last?.type}`);
  return { held: replies.slice(0, -1).map(({ type }) => type), verdict: verdictIn(last.replies[0]), answered: last.replies.length };
}

describe('a stream', () => {
  test('is held back until its first content, then let go unchanged', async () => {
    const replies = await play({}, stream, body(': ping\n\n', false), body(delta(''), false), body(delta('Hi'), false));
    expect(ending(replies)).toEqual({ held: ['wait', 'hold', 'wait', 'hold', 'wait', 'hold'], verdict: {}, answered: 4 });
    expect(replies.at(-1)).toEqual({ type: 'release', replies: Array.from({ length: 4 }, () => ({ type: 'proceed' })) });
  });

  test('asks Envoy for more time with each message that is held: the next one begins its time anew', async () => {
    const replies = await play({}, stream, body(': ping\n\n', false), body(delta('Hi'), false));
    expect(replies.filter(({ type }) => type === 'wait').length).toBe(2);
  });

  test.each([
    ['an error before its first content', [body(overloaded, false)], { why: 'overloaded', status: '502' }],
    ['an error in pieces', [body(overloaded.slice(0, 20), false), body(overloaded.slice(20), false)], { why: 'overloaded', status: '502' }],
    ['nothing', [body('')], { why: 'empty', status: '502' }],
    ['nothing but its opening', [body(delta(''), false), body('')], { why: 'empty', status: '502' }],
    ['something that cannot be read', [body('data: {nope\n\n', false)], { why: '502', status: '502' }],
  ])('with %s fails', async (_, messages, expected) => {
    const { verdict, answered } = ending(await play({}, stream, ...messages));
    expect([verdict, answered]).toEqual([expected, 1 + messages.length]);
  });

  test('without any body fails', async () => {
    expect(ending(await play({}, { ...stream, endOfStream: true }))).toEqual({ held: [], verdict: { why: 'empty', status: '502' }, answered: 1 });
  });

  test('is let go with its error where nothing follows', async () => {
    expect(ending(await play({ number: 2 }, stream, body(overloaded, false))).verdict).toEqual({});
  });

  test('is let go once 256 KiB of it are held', async () => {
    const pings = Array.from({ length: 5 }, () => body(`: ${'x'.repeat(64 << 10)}\n\n`, false));
    expect(ending(await play({}, stream, ...pings))).toMatchObject({ verdict: {}, answered: 5 });
  });
});

describe('an error status', () => {
  test('of a deployment that is not inspected goes by its status, at once', async () => {
    expect(ending(await play({ inspect: false }, answer(503)))).toEqual({ held: [], verdict: { why: '503' }, answered: 1 });
  });

  test('of one that is inspected goes by its body, once that is here', async () => {
    const text = JSON.stringify({ error: { message: 'long', code: 'context_length_exceeded' } });
    const replies = await play(
      { rerouted: { 'context-length': ['long'] } },
      answer(400),
      body(text.slice(0, 9), false),
      body(text.slice(9), false),
      body(''),
    );
    expect(ending(replies)).toEqual({
      held: ['wait', 'hold', 'wait', 'hold', 'wait', 'hold'],
      verdict: { why: 'context-length', chain: ['p_a', 'p_long', 'p_none'] },
      answered: 4,
    });
  });

  test('with a body longer than any error goes by its status', async () => {
    const { verdict } = ending(await play({}, answer(503), body('x'.repeat(300 << 10), false)));
    expect(verdict).toEqual({ why: '503' });
  });
});

describe('a JSON answer where a stream was asked for', () => {
  const chat = (content: string): string =>
    JSON.stringify({
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    });

  test('passes with content, and fails without', async () => {
    expect(ending(await play({}, answer(200), body(chat('Hi')))).verdict).toEqual({});
    expect(ending(await play({}, answer(200), body(chat('')))).verdict).toEqual({ why: 'empty', status: '502' });
  });

  test('longer than what can be held passes', async () => {
    expect(ending(await play({}, answer(200), body(chat('x'.repeat(300 << 10)), false))).verdict).toEqual({});
  });
});
