import { describe, expect, test } from 'vitest';
import type { Conversation, Message } from '../../src/extproc/message.ts';
import {
  attemptHeaders,
  passed,
  playAttempt,
  refusal,
  requestBody,
  requestHeaders,
  responseBody,
  responseHeaders,
  setStage,
  type Stage,
  openExchange,
  clusters,
} from './play.ts';

/** An exchange whose first attempt is under way: model `fast` goes to OpenAI and then to Anthropic. */
async function underWay(stage: Stage): Promise<Conversation> {
  const first = requestHeaders('open');
  const conversation = openExchange(stage, first);
  await conversation.next(first);
  await conversation.next(requestBody({ model: 'fast', messages: [{ role: 'user', content: 'hi' }] }));
  return conversation;
}

test('writes the request of the deployment whose turn it is, and takes the first one’s credential away', async () => {
  const stage = setStage();
  const conversation = await underWay(stage);
  const reply = passed((await playAttempt(stage, attemptHeaders('exchange-1', 2, clusters.anthropic)))[0]);
  expect(reply.replacesRequest).toBe(true);
  expect(JSON.parse(reply.text ?? '')).toMatchObject({ model: 'claude-haiku-4-5', max_tokens: 4096 });
  expect(Object.fromEntries(reply.set)).toMatchObject({
    ':path': '/v1/messages',
    'x-api-key': 'key-of-anthropic',
    'content-length': String(reply.body?.length),
  });
  expect(reply.removeHeaders).toContain('authorization');
  expect(reply.removeHeaders).not.toContain('x-request-id');
  expect(reply.metadata).toEqual({ remora: { content_length: reply.body?.length } });
  await conversation.return();
});

test('the answer is read in the protocol of the attempt that gave it', async () => {
  const stage = setStage();
  const conversation = await underWay(stage);
  await playAttempt(stage, attemptHeaders('exchange-1', 2, clusters.anthropic));
  const next = async (message: Message) => (await conversation.next(message)).value ?? undefined;
  const headers = passed(await next(responseHeaders(200, { attempts: 2 })));
  expect([headers.set.get('x-remora-deployment'), headers.set.get('x-remora-attempts')]).toEqual(['anthropic/claude-haiku-4-5', '2']);
  const answer = {
    id: 'm1',
    type: 'message',
    role: 'assistant',
    model: 'claude',
    content: [{ type: 'text', text: 'Hello' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 2 },
  };
  const body = passed(await next(responseBody(JSON.stringify(answer))));
  expect(JSON.parse(body.text ?? '')).toMatchObject({
    object: 'chat.completion',
    choices: [{ message: { content: 'Hello' }, finish_reason: 'stop' }],
  });
  await conversation.return();
  expect(stage.outcomes).toMatchObject([{ end: 'complete', attempts: 2, usage: { inputTokens: 3, outputTokens: 2 } }]);
});

describe('refuses, rather than guess,', () => {
  test.each([
    ['an exchange that is not known', attemptHeaders('exchange-9', 2, clusters.anthropic)],
    ['an attempt without an exchange', { ...attemptHeaders('', 2, clusters.anthropic), metadata: new Map<string, string>() }],
    ['a cluster that is not the chain’s', attemptHeaders('exchange-1', 2, clusters.openai)],
    ['an attempt beyond the chain', attemptHeaders('exchange-1', 3, clusters.anthropic)],
    ['an attempt without a number', attemptHeaders('exchange-1', Number.NaN, clusters.anthropic)],
  ])('%s', async (_, headers) => {
    const stage = setStage();
    const conversation = await underWay(stage);
    const { status, body } = refusal((await playAttempt(stage, headers))[0]);
    expect([status, body.error?.['code']]).toEqual([503, 'gateway-unavailable']);
    expect(JSON.stringify(body)).not.toContain('key-of');
    await conversation.return();
  });

  test('an exchange that is over', async () => {
    const stage = setStage();
    await (await underWay(stage)).return();
    expect(refusal((await playAttempt(stage, attemptHeaders('exchange-1', 2, clusters.anthropic)))[0]).status).toBe(503);
  });
});
