import { describe, expect, test } from 'vitest';
import type { Message, Proceed, ResponseHeaders } from './message.ts';
import { watch } from './watch.ts';
import { answer, body, repliesOf, setStage, verdictIn, type StageOptions } from './watched.fixture.ts';

async function play(options: StageOptions, first: ResponseHeaders, ...rest: Message[]): Promise<Proceed[]> {
  const replies = await repliesOf(watch(first, setStage(options)), [first, ...rest]);
  return replies.map((reply) => {
    if (reply.type !== 'proceed') throw new Error(`it said ${reply.type}`);
    return reply;
  });
}

const overloaded = { error: { message: 'Overloaded', type: 'server_error', code: 'overloaded' } };
const chat = (content: string): object => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
});

describe('an error', () => {
  test('of a deployment that is inspected is read whole before its headers are let go', async () => {
    const [headers, decided] = await play({}, answer(400), body(overloaded));
    expect(headers).toEqual({ type: 'proceed', requestBody: 'none', responseBody: 'buffered' });
    expect(verdictIn(decided)).toEqual({ why: 'overloaded' });
  });

  test('that is the client’s own passes as it is', async () => {
    const [, decided] = await play({}, answer(400), body({ error: { message: 'no', type: 'invalid_request_error' } }));
    expect(decided).toEqual({ type: 'proceed' });
  });

  test.each<[string, StageOptions, ResponseHeaders]>([
    ['of a deployment that is not inspected', { inspect: false }, answer(503)],
    ['without a body', {}, answer(503, { endOfStream: true })],
    ['with a body longer than any error', {}, answer(503, { headers: { 'content-length': String(2 << 20) } })],
    ['of an attempt that nobody has written', { watch: { apiOf: () => undefined } }, answer(503)],
  ])('%s goes by its status, at once', async (_, options, first) => {
    const replies = await play(options, first);
    expect(replies.map(verdictIn)).toEqual([{ why: '503' }]);
    expect(replies[0]?.responseBody).toBeUndefined();
  });
});

describe('a JSON answer', () => {
  test('passes unread where nobody asks for content', async () => {
    expect(await play({ watch: { needsContent: false } }, answer(200))).toEqual([{ type: 'proceed' }]);
  });

  test('passes as it is with content', async () => {
    const replies = await play({}, answer(200), body(chat('Hi')));
    expect(replies).toEqual([{ type: 'proceed', requestBody: 'none', responseBody: 'buffered' }, { type: 'proceed' }]);
  });

  test.each([
    ['without content', body(chat('')), { why: 'empty', status: '502' }],
    ['that is an error', body(overloaded), { why: 'overloaded', status: '502' }],
    ['that cannot be read', body('<html>'), { why: '502', status: '502' }],
  ])('%s fails', async (_, message, expected) => {
    expect(verdictIn((await play({}, answer(200), message))[1])).toEqual(expected);
  });

  test('of nothing at all fails', async () => {
    expect((await play({}, answer(200, { endOfStream: true }))).map(verdictIn)).toEqual([{ why: 'empty', status: '502' }]);
  });

  test('that says it is long passes unread', async () => {
    expect(await play({}, answer(200, { headers: { 'content-length': String(9 << 20) } }))).toEqual([{ type: 'proceed' }]);
  });

  test('in whose place something else comes, such as a page of HTML, fails', async () => {
    const [, decided] = await play({}, answer(200, { headers: { 'content-type': 'text/html' } }), body('<html>'));
    expect(verdictIn(decided)).toEqual({ why: '502', status: '502' });
  });
});
