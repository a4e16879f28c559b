import { expect, test } from 'vitest';
import { GatewayError } from '../../src/errors.ts';
import type { Message } from '../../src/extproc/message.ts';
import type { Policy } from '../../src/policies/policy.ts';
import { openExchange, passed, requestBody, requestHeaders, responseBody, responseHeaders, setStage, type Stage } from './play.ts';

const chunk = (choices: object[], more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}\n\n`;
const say = (content: string): string => chunk([{ index: 0, delta: { content }, finish_reason: null }]);
const usage = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 };
const rest = [chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]), chunk([], { usage }), 'data: [DONE]\n\n'];

/** A policy that ends streams at the word STOP. */
const stopper = (error: Error = new GatewayError('budget-exceeded', 'The budget of tenant "open" is spent.')): Policy => ({
  name: 'stopper',
  open: () => ({
    observer: () => (part) => {
      if (part.type === 'text' && part.text.includes('STOP')) throw error;
    },
  }),
});

/** An exchange that streams, up to the headers of its answer; `send` gives the reply to a chunk. */
async function streaming(stage: Stage) {
  const first = requestHeaders('open');
  const conversation = openExchange(stage, first);
  const tell = async (message: Message) => (await conversation.next(message)).value ?? undefined;
  await tell(first);
  await tell(requestBody({ model: 'gpt', stream: true, stream_options: { include_usage: true }, messages: [{ role: 'user', content: 'Hi' }] }));
  await tell(responseHeaders(200, { contentType: 'text/event-stream' }));
  return { conversation, tell, send: async (text: string, last = false) => passed(await tell(responseBody(text, last))) };
}

test('a stream that a policy ends has its end at once, is swallowed from then on, and is to be over within two seconds', async () => {
  const stage = setStage(stopper());
  const { conversation, send } = await streaming(stage);
  expect((await send(say('one'))).deadlineMs).toBeUndefined();
  const ending = await send(say('STOP') + say('more'));
  expect(ending.text).toContain('"code":"budget-exceeded"');
  expect(ending.text).toContain('"usage":{"prompt_tokens":');
  expect(ending.deadlineMs).toBe(2000);
  const after = await send(say('STOP still'));
  expect([after.text, after.deadlineMs]).toEqual(['', undefined]); // the deadline is not put off
  await conversation.return();
  expect(stage.outcomes).toMatchObject([{ end: 'failed', status: 200, usage: undefined, deliveredBytes: 'oneSTOPmoreSTOP still'.length }]);
  expect(stage.failures).toEqual([]);
});

test('the usage that comes behind the end is booked', async () => {
  const stage = setStage(stopper());
  const { conversation, send } = await streaming(stage);
  await send(say('STOP'));
  for (const [index, event] of rest.entries()) expect((await send(event, index === rest.length - 1)).text).toBe('');
  await conversation.return();
  expect(stage.outcomes).toMatchObject([{ end: 'failed', status: 200, usage: { inputTokens: 9, outputTokens: 12 } }]);
});

test('whoever has not left by the deadline is cut off, and the exchange settles once', async () => {
  const stage = setStage(stopper());
  const { conversation, tell, send } = await streaming(stage);
  await send(say('STOP'));
  expect(await tell({ type: 'stalled' })).toMatchObject({ type: 'immediate', status: 429, details: expect.stringContaining('budget_exceeded') });
  expect(await conversation.next(responseBody(say('more'), false))).toEqual({ done: true, value: undefined });
  await conversation.return();
  expect(stage.outcomes).toMatchObject([{ end: 'failed', status: 200 }]);
});

test('a bug in a policy that watches ends the stream as a bug does', async () => {
  const stage = setStage(stopper(new TypeError('oops')));
  const { conversation, send } = await streaming(stage);
  const { text, deadlineMs } = await send(say('STOP'));
  expect(text).toContain('"code":"internal"');
  expect(text).not.toContain('oops');
  expect(deadlineMs).toBe(2000);
  await conversation.return();
  expect(stage.failures).toMatchObject([{ code: 'internal' }]);
});

test('a JSON answer was reserved in full: nobody ends it', async () => {
  const stage = setStage(stopper());
  const first = requestHeaders('open');
  const conversation = openExchange(stage, first);
  const answer = {
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'STOP' }, finish_reason: 'stop' }],
    usage,
  };
  await conversation.next(first);
  await conversation.next(requestBody({ model: 'gpt', messages: [{ role: 'user', content: 'Hi' }] }));
  await conversation.next(responseHeaders(200));
  passed((await conversation.next(responseBody(JSON.stringify(answer)))).value ?? undefined);
  await conversation.return();
  expect(stage.outcomes).toMatchObject([{ end: 'complete', usage: { outputTokens: 12 } }]);
});
