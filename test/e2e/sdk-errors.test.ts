import { describe, expect, test } from 'vitest';
import { hashOf, keys } from './gateway.ts';
import { openaiSdk, pairs, rejection, say, sdks, type ClientOptions } from './sdks.ts';
import { extended, setStage } from './stage.ts';

const stage = setStage((world) => extended(world, { tenants: { narrow: { keys: [{ name: 'test', hash: hashOf('rk-narrow') }], models: ['gpt'] } } }));

/** Options of a client that would retry, and the statuses it got. */
function patient(options: ClientOptions = {}): ClientOptions & { statuses: number[] } {
  const statuses: number[] = [];
  return { maxRetries: 2, ...options, statuses, onResponse: ({ status }) => void statuses.push(status) };
}

describe.each(sdks)('$name', (sdk) => {
  const isOpenAI = sdk === openaiSdk;
  const { AuthenticationError, PermissionDeniedError, NotFoundError, BadRequestError, RateLimitError, InternalServerError } = sdk.errors;

  /** What an SDK's error says of ours: Anthropic's keeps the whole body. */
  function told(error: Record<string, unknown>): Record<string, unknown> {
    return (isOpenAI ? error['error'] : (error['error'] as Record<string, unknown>)['error']) as Record<string, unknown>;
  }

  test.each([
    {
      name: 'a key that is not known',
      error: AuthenticationError,
      key: 'rk-wrong',
      question: say('gpt'),
      code: 'invalid-key',
      type: 'authentication_error',
    },
    {
      name: "a provider's own key",
      error: AuthenticationError,
      key: 'sk-real-openai',
      question: say('gpt'),
      code: 'invalid-key',
      type: 'authentication_error',
    },
    {
      name: 'a model that nobody declared',
      error: NotFoundError,
      key: keys.open,
      question: say('gtp'),
      code: 'model-not-found',
      type: isOpenAI ? 'invalid_request_error' : 'not_found_error',
    },
    {
      name: 'a model that the tenant may not use',
      error: PermissionDeniedError,
      key: 'rk-narrow',
      question: say('claude'),
      code: 'model-not-allowed',
      type: 'permission_error',
    },
    {
      name: 'no messages',
      error: BadRequestError,
      key: keys.open,
      question: { model: 'gpt', turns: [] },
      code: 'invalid-request',
      type: 'invalid_request_error',
      field: 'messages',
    },
    {
      name: 'a field of the wrong type',
      error: BadRequestError,
      key: keys.open,
      question: say('gpt', 'Hello', { more: { stream: 'yes' } }),
      code: 'invalid-request',
      type: 'invalid_request_error',
      field: 'stream',
    },
    {
      name: 'a message without a role',
      error: BadRequestError,
      key: keys.open,
      question: say('gpt', 'Hello', { more: { messages: [{ role: 'user', content: 'Hello' }, { content: 'Hello' }] } }),
      code: 'invalid-request',
      type: 'invalid_request_error',
      field: 'messages[1].role',
    },
    {
      name: 'a role that does not exist, where it must be translated',
      error: BadRequestError,
      key: keys.open,
      question: say(isOpenAI ? 'claude' : 'gpt', 'Hello', { more: { messages: [{ role: 'human', content: 'Hello' }] } }),
      code: 'invalid-request',
      type: 'invalid_request_error',
      field: 'messages[0].role',
    },
    {
      name: 'a budget that is spent',
      error: RateLimitError,
      key: keys.poor,
      question: say('gpt', 'Hello', { maxTokens: 100_000 }),
      code: 'budget-exceeded',
      type: isOpenAI ? 'insufficient_quota' : 'rate_limit_error',
    },
  ])('$name is a typed error that is not retried', async ({ error, key, question, code, type, field }) => {
    for (const stream of question.more && 'stream' in question.more ? [false] : [false, true]) {
      const options = patient({ key });
      const thrown = await rejection(sdk.ask(stage.gateway, { ...question, stream }, options));
      expect(thrown).toBeInstanceOf(error);
      expect(told(thrown)).toMatchObject({ code, type, message: expect.stringMatching(/.{10}/) });
      expect(told(thrown)[isOpenAI ? 'param' : 'field'] ?? undefined).toBe(field ?? (code.startsWith('model-') ? 'model' : undefined));
      expect(options.statuses).toHaveLength(1);
      expect((thrown['headers'] as Headers).get('x-should-retry')).toBe('false');
      expect((thrown['headers'] as Headers).get('x-remora-error')).toBe(code);
      expect(thrown['requestID']).toBe((thrown['headers'] as Headers).get('x-remora-request-id'));
      expect(thrown['requestID']).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(stage.world.openai.requests).toEqual([]);
    expect(stage.world.anthropic.requests).toEqual([]);
  });

  test('a request without any key is refused', async () => {
    const thrown = await rejection(sdk.ask(stage.gateway, say('gpt'), patient({ headers: { authorization: null } })));
    expect(thrown).toBeInstanceOf(AuthenticationError);
    expect(told(thrown)).toMatchObject({ code: 'missing-key' });
  });

  test.each([
    '<html>',
    '[]',
    '{}',
    '',
    '{"error":{"message":"Overloaded"}}',
    '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
  ])('a 200 that is no answer is a retryable 502: %s', async (body) => {
    stage.world.openai.behaveAlways({ raw: { chunks: [body] } });
    stage.world.anthropic.behaveAlways({ raw: { chunks: [body] } });
    for (const model of ['gpt', 'claude']) {
      const thrown = await rejection(sdk.ask(stage.gateway, say(model)));
      expect(thrown).toBeInstanceOf(InternalServerError);
      expect(thrown['status']).toBe(502);
      expect(told(thrown)).toMatchObject({ code: 'provider-error' });
      expect((thrown['headers'] as Headers).has('x-should-retry')).toBe(false);
    }
  });
});

describe.each(pairs)('$client to $provider', ({ sdk, provider, model }) => {
  const isOpenAI = sdk === openaiSdk;
  const { BadRequestError, NotFoundError, RateLimitError, InternalServerError, APIError } = sdk.errors;

  describe.each([{ stream: false }, { stream: true }])('stream: $stream', ({ stream }) => {
    test.each([
      { status: 400, error: BadRequestError },
      { status: 404, error: NotFoundError },
      { status: 413, error: APIError },
      { status: 422, error: APIError },
    ])("the provider's $status is the client's", async ({ status, error }) => {
      stage.world[provider].behave({ refuse: { status } });
      const options = patient();
      const thrown = await rejection(sdk.ask(stage.gateway, say(model, 'Hello', { stream }), options));
      expect(thrown).toBeInstanceOf(error);
      expect(thrown['status']).toBe(status);
      expect(options.statuses).toEqual([status]);
      expect((thrown['headers'] as Headers).get('x-remora-deployment')).toMatch(new RegExp(`^${provider}/`));
      expect((thrown['headers'] as Headers).get('x-remora-provider-request-id')).toMatch(/^req_demo_/);
      expect(thrown['requestID']).toBe((thrown['headers'] as Headers).get('x-remora-request-id'));
    });

    test("the provider's own words reach the client in its own shape", async () => {
      // A name that no provider takes: a fault that we leave to it.
      const tools = [{ name: 'not a name', parameters: { type: 'object', properties: {} } as const }];
      const thrown = await rejection(sdk.ask(stage.gateway, say(model, 'Hello', { stream, tools })));
      expect(thrown).toBeInstanceOf(BadRequestError);
      const body = thrown['error'] as Record<string, unknown>;
      const inner = (isOpenAI ? body : body['error']) as Record<string, unknown>;
      expect(inner).toMatchObject({ type: 'invalid_request_error', message: expect.stringMatching(/tools/) });
      if (!isOpenAI) expect(body['type']).toBe('error');
    });

    test.each([401, 402, 403])('a %i about our credential is a 502 that is not retried', async (status) => {
      stage.world[provider].behaveAlways({ refuse: { status } });
      const options = patient();
      const thrown = await rejection(sdk.ask(stage.gateway, say(model, 'Hello', { stream }), options));
      expect(thrown).toBeInstanceOf(InternalServerError);
      expect(options.statuses).toEqual([502]);
      expect((thrown['headers'] as Headers).get('x-remora-error')).toBe('provider-credential');
      expect(thrown.message).toContain(`${provider} refused the gateway's credential (${status})`);
      expect(thrown.message).not.toContain('sk-');
    });

    test('a limit is a RateLimitError, and retried when the provider says', async () => {
      stage.world[provider].behave({ refuse: { status: 429, headers: { 'retry-after': '0.01' } } });
      const options = patient();
      const { text } = await sdk.ask(stage.gateway, say(model, 'Hello', { stream }), options);
      expect(text).toContain('You said: "Hello"');
      expect(options.statuses).toEqual([429, 200]);

      stage.world[provider].behave({ refuse: { status: 429, headers: { 'retry-after': '7' } } });
      const thrown = await rejection(sdk.ask(stage.gateway, say(model, 'Hello', { stream })));
      expect(thrown).toBeInstanceOf(RateLimitError);
      expect((thrown['headers'] as Headers).get('retry-after')).toBe('7');
      expect((thrown['headers'] as Headers).has('x-should-retry')).toBe(false);
    });

    test.each([500, 503, 529])('a %i is an InternalServerError', async (status) => {
      stage.world[provider].behaveAlways({ refuse: { status } });
      const thrown = await rejection(sdk.ask(stage.gateway, say(model, 'Hello', { stream })));
      expect(thrown).toBeInstanceOf(InternalServerError);
      // 529 is Anthropic's own word.
      expect(thrown['status']).toBe(status === 529 && isOpenAI !== (provider === 'openai') ? 503 : status);
    });

    test('an error page of a proxy becomes an error of the protocol', async () => {
      stage.world[provider].behaveAlways({ refuse: { status: 503, body: '<html><h1>Service unavailable</h1></html>' } });
      const thrown = await rejection(sdk.ask(stage.gateway, say(model, 'Hello', { stream })));
      expect(thrown).toBeInstanceOf(InternalServerError);
      const body = thrown['error'] as Record<string, unknown>;
      expect(isOpenAI ? body : body['error']).toMatchObject({
        type: isOpenAI ? 'server_error' : 'api_error',
        message: expect.stringContaining('Service unavailable'),
      });
    });
  });
});
