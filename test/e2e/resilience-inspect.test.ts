import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { hashOf } from './gateway.ts';
import { anthropicSdk, openaiSdk, rejection, say, sdks } from './sdks.ts';
import { answeredBy, ask, places, setTrio, type Place } from './trio.ts';

/** What each vendor says of a request that is too long, and of one that its filter stops: both with the status of any request that is wrong. */
const words = {
  openai: {
    'context-length': {
      error: {
        message: "This model's maximum context length is 128000 tokens.",
        type: 'invalid_request_error',
        param: 'messages',
        code: 'context_length_exceeded',
      },
    },
    'content-filter': { error: { message: 'The prompt was flagged.', type: 'invalid_request_error', param: 'prompt', code: 'content_filter' } },
  },
  anthropic: {
    'context-length': { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' } },
    'content-filter': { type: 'error', error: { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' } },
  },
} as const;
const kinds = { one: 'openai', two: 'anthropic', three: 'openai' } as const;
const classes = ['context-length', 'content-filter'] as const;
type Class = (typeof classes)[number];

const refusal = (place: Place, found: Class): Behaviour => ({ refuse: { status: 400, body: words[kinds[place]][found] } });
const unavailable: Behaviour = { refuse: { status: 503 } };

/** Where requests end up that are too long, or that a filter stops; `spare` where the first place of those fails too. */
const ends = { 'context-length': 'long/gpt-4.1', 'content-filter': 'lenient/claude-sonnet-4-6' } as const;

const trio = setTrio(({ provider, target }) => {
  const inspected = Object.fromEntries(places.map((place) => [`read-${place}`, provider(place, { inspect: 'errors' })]));
  const fallbackFor = { 'context-length': ['long', 'spare'], 'content-filter': ['lenient', 'spare'] };
  return {
    providers: { ...inspected, long: provider('one'), lenient: provider('two'), spare: provider('three') },
    models: {
      long: { targets: [{ provider: 'long', model: 'gpt-4.1' }] },
      lenient: { targets: [{ provider: 'lenient', model: 'claude-sonnet-4-6' }] },
      spare: { targets: [{ provider: 'spare', model: 'gpt-4.1' }] },
      ...Object.fromEntries(places.map((place) => [`read-${place}`, { targets: [target(place, { provider: `read-${place}` })] }])),
      read: { targets: [target('one', { provider: 'read-one' })], fallback: ['read-two', 'read-three'], fallbackFor },
      'read-only-filter': { targets: [target('one', { provider: 'read-one' })], fallback: ['two'], fallbackFor: { 'content-filter': ['lenient'] } },
      'read-committed': {
        targets: [target('one', { provider: 'read-one' })],
        fallback: ['read-two', 'read-three'],
        fallbackFor,
        commit: 'first-token',
      },
      unread: { targets: [target('one')], fallback: ['two', 'three'], fallbackFor },
      'only-429': { targets: [target('one')], fallback: ['two'], fallbackOn: [429] },
      'and-404': { targets: [target('one')], fallback: ['two'], fallbackOn: ['5xx', 404] },
      'only-429-committed': { targets: [target('one')], fallback: ['two'], fallbackOn: [429], commit: 'first-token' },
      'and-404-committed': { targets: [target('one')], fallback: ['two'], fallbackOn: ['5xx', 404], commit: 'first-token' },
    },
    tenants: {
      some: { keys: [{ name: 'test', hash: hashOf('rk-some') }], models: ['read', 'read-two', 'read-three', 'spare'] },
      none: { keys: [{ name: 'test', hash: hashOf('rk-none') }], models: ['read', 'read-two', 'read-three'] },
    },
  };
});

/** Makes one place after the other say what is given for it. Each is asked once per SDK. */
function behave(behaviours: readonly Behaviour[]): void {
  for (const place of places) trio.at[place].clear();
  for (const [index, behaviour] of behaviours.entries()) trio.at[places[index] ?? 'one'].behave(behaviour);
}

describe.each([{ stream: false }, { stream: true }])('stream: $stream', ({ stream }) => {
  describe.each(sdks)('$name', (sdk) => {
    test.each(['read', 'read-committed'])(
      'an error that only its body tells leads to what is there for it, wherever in the chain of %s it is',
      async (model) => {
        for (const found of classes) {
          for (const [index, place] of places.entries()) {
            behave([...Array.from({ length: index }, () => unavailable), refusal(place, found)]);
            const answer = await ask(trio.gateway, model, { stream }, { sdk });
            expect(answer.headers.get('x-remora-deployment')).toBe(ends[found]);
            expect(answer.headers.get('x-remora-attempts')).toBe(String(index + 2));
            expect(answer.text).toContain('You said: "Hello"');
          }
        }
      },
    );

    test('what is there for it has a chain of its own', async () => {
      for (const found of classes) {
        const at = found === 'context-length' ? 'one' : 'two';
        behave([refusal('one', found)]);
        trio.at[at].behave(unavailable); // the first of that chain is at a fake that may have been asked before
        const { headers } = await ask(trio.gateway, 'read', { stream }, { sdk });
        expect([headers.get('x-remora-deployment'), headers.get('x-remora-attempts')]).toEqual(['spare/gpt-4.1', '3']);
      }
    });

    test('without `inspect` it reaches the client as the provider said it', async () => {
      for (const found of classes) {
        behave([refusal('one', found)]);
        const thrown = await rejection(ask(trio.gateway, 'unread', { stream }, { sdk }));
        expect(thrown).toBeInstanceOf(sdk.errors.BadRequestError);
        expect(thrown.message).toContain(words.openai[found].error.message);
        if (sdk === openaiSdk) expect(thrown['error']).toEqual(words.openai[found].error);
        expect(trio.asked()).toEqual([1, 0, 0]);
      }
    });

    test('a kind of failure that the model has nothing for reaches the client, read or not', async () => {
      behave([refusal('one', 'context-length')]);
      const thrown = await rejection(ask(trio.gateway, 'read-only-filter', { stream }, { sdk }));
      expect(thrown).toBeInstanceOf(sdk.errors.BadRequestError);
      expect(thrown.message).toContain('maximum context length');
      expect(trio.asked()).toEqual([1, 0, 0]);
    });

    test('any other error whose body is read goes the usual way: the client’s own fault to the client, the rest to the next provider', async () => {
      const body = {
        error: { message: 'messages[0].role is wrong', type: 'invalid_request_error', param: 'messages[0].role', code: 'invalid_value' },
      };
      behave([{ refuse: { status: 400, body } }]);
      const thrown = await rejection(ask(trio.gateway, 'read', { stream }, { sdk }));
      expect([thrown['status'], thrown.message]).toEqual([400, expect.stringContaining(body.error.message)]);
      expect(trio.asked()).toEqual([1, 0, 0]);
      for (const status of [500, 529, 429, 401]) {
        behave([{ refuse: { status } }]);
        expect(answeredBy(await ask(trio.gateway, 'read', { stream }, { sdk }))).toEqual(['read-two', 2]);
      }
    });
  });

  test('what is there for it and the tenant may not use is passed over', async () => {
    for (const found of classes) {
      behave([refusal('one', found)]);
      expect(answeredBy(await ask(trio.gateway, 'read', { stream }, { key: 'rk-some' }))).toEqual(['spare', 2]);
      behave([refusal('one', found)]);
      const thrown = await rejection(ask(trio.gateway, 'read', { stream }, { key: 'rk-none' }));
      expect(thrown.message).toContain(words.openai[found].error.message);
    }
  });

  test.each(['', '-committed'])('the statuses that the config names decide, and no others%s', async (form) => {
    const asked = async (model: string, status: number): Promise<string> => {
      behave([{ refuse: { status } }]);
      const outcome = ask(trio.gateway, `${model}${form}`, { stream }).then((answer) => answeredBy(answer).join(' after '));
      return await outcome.catch((error: unknown) => String((error as { status: number }).status));
    };
    expect([await asked('only-429', 429), await asked('only-429', 503), await asked('only-429', 500)]).toEqual(['two after 2', '503', '500']);
    expect([await asked('and-404', 404), await asked('and-404', 502), await asked('and-404', 429)]).toEqual(['two after 2', 'two after 2', '429']);
  });
});

test('a refusal inside a good answer counts as filtered where the answer is looked at', async () => {
  trio.at.one.behave({ say: { text: '', finish: 'content_filter' } });
  const answer = await ask(trio.gateway, 'read-committed', { stream: true });
  expect(answer.headers.get('x-remora-deployment')).toBe(ends['content-filter']);
  trio.at.one.behave({ say: { text: '', finish: 'content_filter' } });
  expect((await anthropicSdk.ask(trio.gateway, say('read-committed'))).headers.get('x-remora-deployment')).toBe(ends['content-filter']);
});
