import { describe, expect, test } from 'vitest';
import type { Policy } from '../../src/policies/policy.ts';
import {
  envoyHeaders,
  passed,
  playExchange,
  refusal,
  requestBody,
  requestHeaders,
  responseBody,
  responseHeaders,
  setStage,
  openExchange,
  clusters,
} from './play.ts';

const ask = { model: 'gpt', messages: [{ role: 'user', content: 'hi' }] };
const stream = { ...ask, stream: true };
const completion = {
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-5-mini-2025',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello', refusal: null }, finish_reason: 'stop', logprobs: null }],
  usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 },
};
const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

describe('a JSON exchange', () => {
  test('writes the first attempt in the reply to the body, and the chain into metadata', async () => {
    const stage = setStage();
    const [, reply] = await playExchange(stage, requestHeaders('open'), requestBody({ ...ask, model: 'fast' }));
    const { set, removeHeaders, metadata, text, clearRouteCache } = passed(reply);
    expect(JSON.parse(text ?? '')).toEqual({ model: 'gpt-5-mini', messages: ask.messages });
    expect(Object.fromEntries(set)).toMatchObject({
      ':path': '/v1/chat/completions',
      'content-length': String(Buffer.byteLength(text ?? '')),
      authorization: 'Bearer key-of-openai',
      'x-envoy-max-retries': '1',
      'x-envoy-upstream-rq-per-try-timeout-ms': '600000',
    });
    expect(removeHeaders).toContain('cookie');
    expect(clearRouteCache).toBe(true);
    expect(metadata).toEqual({
      remora: { exchange_id: 'exchange-1', session: 'sidecar-0_0', content_length: Buffer.byteLength(text ?? '') },
      'remora.chain': {
        priority_groups: [
          { name: '1', clusters: [{ cluster_name: clusters.openai, weight: 1 }] },
          { name: '2', clusters: [{ cluster_name: clusters.anthropic, weight: 1 }] },
        ],
      },
    });
  });

  test('passes the provider’s own bytes and settles once with its usage', async () => {
    const stage = setStage();
    const replies = await playExchange(
      stage,
      requestHeaders('open'),
      requestBody(ask),
      responseHeaders(200, { more: { 'x-request-id': 'req_provider', 'openai-organization': 'org-ours', 'x-ratelimit-remaining-requests': '9' } }),
      responseBody(JSON.stringify(completion)),
    );
    const headers = passed(replies[2]);
    expect(headers.responseBody).toBe('buffered');
    expect(headers.set.get('x-remora-provider-request-id')).toBe('req_provider');
    expect(headers.set.get('x-remora-deployment')).toBe('openai/gpt-5-mini');
    expect(headers.removeHeaders).toEqual(['openai-organization', 'x-ratelimit-remaining-requests']);
    expect(replies[3]).toEqual({ type: 'proceed' });
    expect(stage.outcomes).toMatchObject([
      { end: 'complete', status: 200, attempts: 1, usage: { inputTokens: 9, outputTokens: 1 }, deliveredBytes: 5 },
    ]);
    expect(stage.deps.registry.size).toBe(0);
  });

  test('an answer that cannot be read is the provider’s error', async () => {
    const stage = setStage();
    const replies = await playExchange(stage, requestHeaders('open'), requestBody(ask), responseHeaders(200), responseBody('<html>'));
    expect(refusal(replies[3])).toMatchObject({ status: 502, body: { error: { code: 'provider-error' } } });
    expect(stage.outcomes).toMatchObject([{ end: 'failed' }]);
  });

  test('an error inside a 200 of another protocol is the provider’s error, with its message', async () => {
    const stage = setStage();
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    const replies = await playExchange(
      stage,
      requestHeaders('open'),
      requestBody({ ...ask, model: 'smart' }),
      responseHeaders(200),
      responseBody(JSON.stringify(error)),
    );
    expect(refusal(replies[3])).toMatchObject({
      status: 502,
      body: { error: { code: 'provider-error', message: 'anthropic answered with an error: Overloaded' } },
    });
    expect(stage.outcomes).toMatchObject([{ end: 'failed' }]);
  });

  test('an error inside a 200 of the same protocol is none for the client to take for an answer', async () => {
    const stage = setStage();
    const body = JSON.stringify({ error: { message: 'Overloaded', type: 'server_error', param: null, code: null } });
    const replies = await playExchange(stage, requestHeaders('open'), requestBody(ask), responseHeaders(200), responseBody(body));
    expect(refusal(replies[3])).toMatchObject({
      status: 502,
      body: { error: { code: 'provider-error', message: 'openai answered with an error: Overloaded' } },
    });
    expect(stage.outcomes).toMatchObject([{ end: 'failed', status: 502 }]);
  });

  test('an empty 200 is the provider’s error', async () => {
    const stage = setStage();
    const replies = await playExchange(stage, requestHeaders('open'), requestBody(ask), responseHeaders(200, { endOfStream: true }));
    expect(refusal(replies[2])).toMatchObject({ status: 502, body: { error: { code: 'provider-error' } } });
  });
});

test.each([ask, stream])('tells the client what policies could not take, with the answer and with an error', async (asked) => {
  const picky: Policy = { name: 'picky', open: () => ({ warnings: () => [{ field: 'x-remora-label-Team', detail: 'is dropped' }] }) };
  for (const status of [200, 503]) {
    const replies = await playExchange(setStage(picky), requestHeaders('open'), requestBody(asked), responseHeaders(status));
    expect(passed(replies[2]).set.get('x-remora-warnings')).toBe('x-remora-label-Team (is dropped)');
  }
});

describe('a stream', () => {
  const opening = [requestHeaders('open'), requestBody(stream), responseHeaders(200, { contentType: 'text/event-stream' })] as const;

  test('passes chunk by chunk as it came, but for usage that the client did not ask for', async () => {
    const stage = setStage();
    const usage = `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: completion.usage })}\n\n`;
    const replies = await playExchange(
      stage,
      ...opening,
      responseBody(chunk({ role: 'assistant', content: '' }) + chunk({ content: 'Hel' }), false),
      responseBody(chunk({ content: 'lo' }) + chunk({}, 'stop') + usage, false),
      responseBody('data: [DONE]\n\n', false),
      responseBody('', true),
    );
    expect(passed(replies[2]).responseBody).toBe('streamed');
    expect(replies[3]).toEqual({ type: 'proceed' });
    expect(passed(replies[4]).text).toBe(chunk({ content: 'lo' }) + chunk({}, 'stop'));
    expect(replies[5]).toEqual({ type: 'proceed' });
    expect(stage.outcomes).toMatchObject([{ end: 'complete', usage: { inputTokens: 9, outputTokens: 1 }, deliveredBytes: 5 }]);
  });

  test('that ends cleanly before it is complete gets the protocol’s error event', async () => {
    const stage = setStage();
    const replies = await playExchange(stage, ...opening, responseBody(chunk({ content: 'Hel' }), false), responseBody('', true));
    expect(passed(replies[4]).text).toContain('"code":"provider-cut"');
    expect(stage.outcomes).toMatchObject([{ end: 'cut', deliveredBytes: 3 }]);
  });

  test('that ends with one of two choices unfinished is cut', async () => {
    const stage = setStage();
    const other = chunk({ content: 'Bye' }).replace('"index":0', '"index":1');
    const replies = await playExchange(
      stage,
      ...opening,
      responseBody(chunk({ content: 'Hel' }) + other + chunk({}, 'stop'), false),
      responseBody('', true),
    );
    expect(passed(replies[4]).text).toContain('"code":"provider-cut"');
    expect(stage.outcomes).toMatchObject([{ end: 'cut' }]);
  });

  test('is complete once it has said so, not when one choice has finished', async () => {
    const finished = responseBody(chunk({ content: 'Hello' }) + chunk({}, 'stop'), false);
    const left = setStage();
    await playExchange(left, ...opening, finished);
    expect(left.outcomes).toMatchObject([{ end: 'left', deliveredBytes: 5 }]);
    const complete = setStage();
    await playExchange(complete, ...opening, finished, responseBody('data: [DONE]\n\n', false));
    expect(complete.outcomes).toMatchObject([{ end: 'complete', deliveredBytes: 5 }]);
  });

  test('that fails has failed, whatever the provider says after it', async () => {
    const stage = setStage();
    const error = 'data: {"error":{"message":"Overloaded"}}\n\n';
    await playExchange(stage, ...opening, responseBody(chunk({ content: 'Hel' }) + error + chunk({}, 'stop') + 'data: [DONE]\n\n', true));
    expect(stage.outcomes).toMatchObject([{ end: 'failed' }]);
  });

  test('whose client hangs up settles once, with what was delivered', async () => {
    const stage = setStage();
    await playExchange(stage, ...opening, responseBody(chunk({ content: 'Hello' }), false));
    expect(stage.outcomes).toMatchObject([{ end: 'left', status: 200, usage: undefined, deliveredBytes: 5 }]);
  });
});

describe('Envoy goes away', () => {
  for (const [after, messages, outcome] of [
    ['the request headers', [requestHeaders('open')], { end: 'left', attempts: 0 }],
    ['the request body', [requestHeaders('open'), requestBody(ask)], { end: 'left', attempts: 1 }],
    ['the response headers', [requestHeaders('open'), requestBody(ask), responseHeaders(200)], { end: 'left', attempts: 1, status: 200 }],
  ] as const) {
    test(`after ${after}: settled once, nothing kept`, async () => {
      const stage = setStage();
      const [first, ...rest] = messages;
      await playExchange(stage, first, ...rest);
      expect(stage.outcomes).toMatchObject([outcome]);
      expect(stage.outcomes).toHaveLength(1);
      expect(stage.deps.registry.size).toBe(0);
    });
  }
});

describe('Envoy answers itself', () => {
  test('before the body reached us: too large', async () => {
    const stage = setStage();
    const replies = await playExchange(
      stage,
      requestHeaders('open'),
      envoyHeaders(413, 'request_payload_too_large'),
      responseBody('Payload Too Large'),
    );
    expect(passed(replies[1]).set.get(':status')).toBe('413');
    expect(JSON.parse(passed(replies[2]).text ?? '')).toMatchObject({ error: { code: 'body-too-large' } });
    expect(stage.outcomes).toMatchObject([{ end: 'refused', status: 413, attempts: 0 }]);
  });

  for (const [details, status, code] of [
    ['upstream_reset_before_response_started{connection_failure}', 503, 'provider-unreachable'],
    ['response_timeout', 504, 'provider-timeout'],
    ['upstream_per_try_timeout', 504, 'provider-timeout'],
    ['cluster_not_found', 503, 'provider-unreachable'],
  ] as const) {
    test(`after the last attempt: ${details}`, async () => {
      const stage = setStage();
      const replies = await playExchange(
        stage,
        requestHeaders('open', { path: '/v1/messages' }),
        requestBody({ ...ask, model: 'smart', max_tokens: 5 }),
        envoyHeaders(status, details),
        responseBody('no'),
      );
      const body = passed(replies[3]);
      expect(JSON.parse(body.text ?? '')).toMatchObject({ type: 'error', error: { code } });
      expect(body.set.get('content-length')).toBe(String(body.body?.length));
      expect(stage.outcomes).toMatchObject([{ end: 'failed', status, attempts: 1 }]);
    });
  }

  test('without a body', async () => {
    const replies = await playExchange(setStage(), requestHeaders('open'), requestBody(ask), envoyHeaders(503, 'no_healthy_upstream', true));
    expect(refusal(replies[2])).toMatchObject({ status: 503, body: { error: { code: 'provider-unreachable' } } });
  });
});

describe('a provider’s error', () => {
  test('in the client’s own protocol passes as it came', async () => {
    const stage = setStage();
    const replies = await playExchange(stage, requestHeaders('open'), requestBody(ask), responseHeaders(429, { more: { 'retry-after': '7' } }));
    const headers = passed(replies[2]);
    expect(headers.responseBody).toBe('none');
    expect(headers.removeHeaders).not.toContain('retry-after');
    expect(stage.outcomes).toMatchObject([{ end: 'failed', status: 429 }]);
  });

  test('that is a page of a proxy on the way becomes one of the client’s protocol', async () => {
    const stage = setStage();
    const replies = await playExchange(
      stage,
      requestHeaders('open'),
      requestBody(ask),
      responseHeaders(503, { contentType: 'text/html' }),
      responseBody('<h1>Down for maintenance</h1>'),
    );
    expect(passed(replies[2]).set.get('content-type')).toBe('application/json');
    expect(JSON.parse(passed(replies[3]).text ?? '')).toMatchObject({ error: { type: 'server_error', message: '<h1>Down for maintenance</h1>' } });
    expect(stage.outcomes).toMatchObject([{ end: 'failed', status: 503 }]);
  });

  test('in another protocol is translated, Anthropic’s 529 to 503', async () => {
    const stage = setStage();
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    const replies = await playExchange(
      stage,
      requestHeaders('open'),
      requestBody({ ...ask, model: 'smart' }),
      responseHeaders(529),
      responseBody(JSON.stringify(error)),
    );
    expect(passed(replies[2]).set.get(':status')).toBe('503');
    expect(JSON.parse(passed(replies[3]).text ?? '')).toMatchObject({ error: { message: 'Overloaded', code: 'overloaded_error' } });
  });

  test.each([401, 402, 403])('about our credential (%i) is ours, never "your key is bad"', async (status) => {
    const replies = await playExchange(setStage(), requestHeaders('open'), requestBody(ask), responseHeaders(status));
    const { status: told, body, headers } = refusal(replies[2]);
    expect([told, body.error?.['code'], headers.get('x-should-retry')]).toEqual([502, 'provider-credential', 'false']);
  });

  test('without a body still has one for the client', async () => {
    const replies = await playExchange(setStage(), requestHeaders('open'), requestBody(ask), responseHeaders(500, { endOfStream: true }));
    expect(refusal(replies[2])).toMatchObject({ status: 500, body: { error: {} } });
  });
});

describe('refuses, in the client’s protocol,', () => {
  test.each([
    ['a path it does not serve', requestHeaders('open', { path: '/v1/audio' }), 404, 'unknown-endpoint'],
    ['another method', requestHeaders('open', { method: 'GET', endOfStream: true }), 405, 'method-not-allowed'],
    ['a request without a key', requestHeaders(undefined), 401, 'missing-key'],
    ['an unknown key', requestHeaders('nobody'), 401, 'invalid-key'],
    ['a request without a body', requestHeaders('open', { endOfStream: true }), 400, 'invalid-request'],
  ])('%s, at its headers', async (_, headers, status, code) => {
    const stage = setStage();
    expect(refusal((await playExchange(stage, headers))[0])).toMatchObject({ status, body: { error: { code } } });
    expect(stage.outcomes.every(({ end }) => end === 'refused')).toBe(true);
  });

  test.each([
    ['no JSON', '{nope', 400, 'invalid-json', undefined],
    ['nesting without end', '['.repeat(200_000), 400, 'invalid-json', undefined],
    ['a model that is not declared', { ...ask, model: 'gtp' }, 404, 'model-not-found', 'model'],
    ['no model', { messages: ask.messages }, 400, 'invalid-request', 'model'],
    ['no messages', { model: 'gpt' }, 400, 'invalid-request', 'messages'],
    [
      'a message without role',
      { model: 'gpt', messages: [{ role: 'user', content: 'a' }, { content: 'b' }] },
      400,
      'invalid-request',
      'messages[1].role',
    ],
    ['two models in one body', '{"model":"gpt","model":"smart","messages":[{"role":"user","content":"a"}]}', 400, 'invalid-request', 'model'],
  ])('%s', async (_, body, status, code, field) => {
    const stage = setStage();
    const replies = await playExchange(stage, requestHeaders('open'), requestBody(body));
    const { body: error } = refusal(replies[1]);
    expect(refusal(replies[1]).status).toBe(status);
    expect(error.error).toMatchObject({ code, ...(field === undefined ? {} : { param: field }) });
    expect(stage.outcomes).toMatchObject([{ end: 'refused', status, attempts: 0 }]);
  });

  test('a model that the tenant may not use', async () => {
    const replies = await playExchange(setStage(), requestHeaders('narrow'), requestBody(ask));
    expect(refusal(replies[1])).toMatchObject({ status: 403, body: { error: { code: 'model-not-allowed' } } });
  });

  test('in Anthropic’s shape on Anthropic’s path', async () => {
    const replies = await playExchange(
      setStage(),
      requestHeaders('open', { path: '/v1/messages' }),
      requestBody({ model: 'smart', messages: [{ role: 'user', content: 'x' }] }),
    );
    expect(refusal(replies[1])).toMatchObject({ status: 400, body: { type: 'error', error: { type: 'invalid_request_error' } } });
    expect(JSON.stringify(refusal(replies[1]).body)).toContain('max_tokens');
  });
});

describe('a policy that throws', () => {
  const failing = (hook: 'onRequest' | 'onChain' | 'onPart' | 'onSettled'): Policy => ({
    name: 'failing',
    open: () => ({
      [hook]: () => {
        throw new Error('policy bug with a secret');
      },
    }),
  });

  test.each(['onRequest', 'onChain'] as const)('in %s refuses the request: closed, and its message stays ours', async (hook) => {
    const stage = setStage(failing(hook));
    const replies = await playExchange(stage, requestHeaders('open'), requestBody(ask));
    expect(refusal(replies[1]).status).toBe(500);
    expect(JSON.stringify(refusal(replies[1]).body)).not.toContain('secret');
    expect(stage.failures).toHaveLength(1);
    expect(stage.outcomes).toHaveLength(1);
  });

  test('in onPart lets nothing more of the answer through', async () => {
    const stage = setStage(failing('onPart'));
    const replies = await playExchange(
      stage,
      requestHeaders('open'),
      requestBody(stream),
      responseHeaders(200, { contentType: 'text/event-stream' }),
      responseBody(chunk({ content: 'a' }), false),
      responseBody(chunk({ content: 'b' }), true),
    );
    expect(passed(replies[3]).text).toContain('"code":"internal"');
    expect(passed(replies[4]).text).toBe('');
    expect(stage.failures).toHaveLength(1);
  });

  test('in onSettled keeps no other policy from settling', async () => {
    const stage = setStage(failing('onSettled'));
    await playExchange(stage, requestHeaders('open'), requestBody(ask));
    expect(stage.outcomes).toHaveLength(1);
    expect(stage.failures).toHaveLength(1);
  });
});

test('redacts before anything leaves, and restores what comes back', async () => {
  const stage = setStage();
  const [, reply, , answer] = await playExchange(
    stage,
    requestHeaders('private'),
    requestBody({ model: 'gpt', messages: [{ role: 'user', content: 'I am bob@example.com' }] }),
    responseHeaders(200),
    responseBody(
      JSON.stringify({ ...completion, choices: [{ ...completion.choices[0], message: { role: 'assistant', content: 'Hi [EMAIL_1]!' } }] }),
    ),
  );
  expect(passed(reply).text).toContain('I am [EMAIL_1]');
  expect(passed(reply).text).not.toContain('bob@example.com');
  expect(passed(answer).text).toContain('Hi bob@example.com!');
});

test('two exchanges know nothing of each other', async () => {
  const stage = setStage();
  const first = requestHeaders('private');
  const ours = openExchange(stage, first);
  await ours.next(first);
  await ours.next(requestBody({ model: 'gpt', messages: [{ role: 'user', content: 'a@example.com' }] }));
  const theirs = await playExchange(
    stage,
    requestHeaders('private'),
    requestBody({ model: 'gpt', messages: [{ role: 'user', content: 'what is [EMAIL_1]?' }] }),
    responseHeaders(200),
    responseBody(JSON.stringify({ ...completion, choices: [{ ...completion.choices[0], message: { role: 'assistant', content: '[EMAIL_1]' } }] })),
  );
  expect(JSON.stringify(theirs)).not.toContain('a@example.com');
  await ours.return();
});
