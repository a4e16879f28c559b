import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { openaiSdk, rejection, say, sdks, type Tool } from './sdks.ts';
import { answeredBy, ask, entriesOf, places, post, setTrio, untilIdle } from './trio.ts';

/** What nobody waits for in vain here, and long enough for a provider that works. */
const patience = '600ms';

const trio = setTrio(({ chain }) => ({
  models: {
    committed: chain({ commit: 'first-token', timeouts: { headers: patience } }),
    unhurried: chain({ commit: 'first-token' }),
    // Says for itself that a stream is shown from its first content on. A JSON answer may take longer.
    quick: chain({ timeouts: { firstToken: patience } }),
  },
}));

const html: Behaviour = { raw: { headers: { 'content-type': 'text/html' }, chunks: ['<html>Welcome</html>'] } };
/** What a client gets where every provider fails so: our error, the SDK's error for the last provider's own, or an answer that says nothing. */
type End = { status: number; code: string } | 'thrown' | 'empty';

/** Failures of a stream before its first content, all of them after a good status. */
const streamFailures: { name: string; behaviour: Behaviour; end: End }[] = [
  { name: 'an error in place of the first event', behaviour: { errorEvent: { after: 0, status: 529 } }, end: 'thrown' },
  { name: 'an error after the first event', behaviour: { errorEvent: { after: 1, status: 529 } }, end: 'thrown' },
  { name: 'an answer without content', behaviour: { say: { text: '' } }, end: 'empty' },
  { name: 'an end after the first event', behaviour: { break: { how: 'end', after: 1 } }, end: 'thrown' },
  { name: 'an end without a byte', behaviour: { break: { how: 'end', after: 'headers' } }, end: 'thrown' },
  {
    name: 'a reset after the headers',
    behaviour: { break: { how: 'reset', after: 'headers' } },
    end: { status: 503, code: 'provider-unreachable' },
  },
  {
    name: 'a close after the first event',
    behaviour: { break: { how: 'close', after: 1 } },
    end: { status: 503, code: 'provider-unreachable' },
  },
  {
    name: 'silence after the headers',
    behaviour: { break: { how: 'stall', after: 'headers' } },
    end: { status: 504, code: 'provider-timeout' },
  },
  {
    name: 'silence after the first event',
    behaviour: { break: { how: 'stall', after: 1 } },
    end: { status: 504, code: 'provider-timeout' },
  },
  { name: 'a page of HTML', behaviour: html, end: { status: 502, code: 'provider-error' } },
];

const jsonFailures: { name: string; behaviour: Behaviour; end: End }[] = [
  { name: 'an error as the body', behaviour: { errorEvent: { after: 0, status: 529 } }, end: { status: 502, code: 'provider-error' } },
  { name: 'an answer without content', behaviour: { say: { text: '' } }, end: 'empty' },
  { name: 'no body at all', behaviour: { raw: { chunks: [] } }, end: { status: 502, code: 'provider-error' } },
  { name: 'half an answer', behaviour: { break: { how: 'end', after: 1 } }, end: { status: 502, code: 'provider-error' } },
  { name: 'a page of HTML', behaviour: html, end: { status: 502, code: 'provider-error' } },
];

const forms = [...streamFailures.map((each) => ({ ...each, stream: true })), ...jsonFailures.map((each) => ({ ...each, stream: false }))];

describe.each(forms)('stream $stream: $name', ({ behaviour, end, stream }) => {
  test('leads to the next provider, wherever it happens', async () => {
    for (const failing of [1, 2]) {
      trio.fail(failing, behaviour);
      const answers = await Promise.all(sdks.map((sdk) => ask(trio.gateway, 'committed', { stream }, { sdk })));
      for (const answer of answers) {
        expect(answer.text).toContain('You said: "Hello"');
        expect(answeredBy(answer)).toEqual([places[failing], failing + 1]);
      }
      expect(trio.asked()).toEqual(places.map((_, index) => (index <= failing ? sdks.length : 0)));
    }
  });

  test('everywhere ends in what the last provider gave', async () => {
    trio.fail(3, behaviour);
    await Promise.all(
      sdks.map(async (sdk) => {
        const asking = ask(trio.gateway, 'committed', { stream }, { sdk });
        if (end === 'empty') {
          expect((await asking).text).toBe('');
          return;
        }
        const thrown = await rejection(asking);
        if (end === 'thrown') expect(thrown).toBeInstanceOf(Error);
        else expect([thrown['status'], (thrown['headers'] as Headers).get('x-remora-error')]).toEqual([end.status, end.code]);
      }),
    );
    expect(trio.asked()).toEqual([2, 2, 2]);
    await untilIdle(trio.gateway);
  });
});

const answersAtOnce = forms.filter(({ behaviour }) => behaviour.break?.how !== 'stall');

test.each(answersAtOnce)('without commit the client is the one who gets $name (stream: $stream)', async ({ behaviour, end, stream }) => {
  trio.fail(1, behaviour);
  await Promise.all(
    sdks.map(async (sdk) => {
      const asking = ask(trio.gateway, 'chain', { stream }, { sdk });
      if (end === 'empty') expect((await asking).text).toBe('');
      else expect(await rejection(asking)).toBeInstanceOf(Error);
    }),
  );
  expect(trio.asked()).toEqual([2, 0, 0]);
});

test('without commit a silent stream shows its headers to the client at once, and nobody else is asked', async () => {
  trio.fail(1, { break: { how: 'stall', after: 'headers' } });
  const leaving = new AbortController();
  const response = await fetch(`${trio.gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer rk-open' },
    body: JSON.stringify({ model: 'chain', stream: true, messages: [{ role: 'user', content: 'Hello' }] }),
    signal: leaving.signal,
  });
  expect(response.status).toBe(200);
  leaving.abort();
  await untilIdle(trio.gateway);
  expect(trio.asked()).toEqual([1, 0, 0]);
});

describe.each(sdks)('after the first content, $name', (sdk) => {
  /** Gathers what a stream says until it ends or throws. */
  async function hear(model: string): Promise<{ text: string; thrown: unknown }> {
    let text = '';
    try {
      for await (const piece of sdk.texts(trio.gateway, say(model))) text += piece;
    } catch (thrown) {
      return { text, thrown };
    }
    return { text, thrown: undefined };
  }

  test.each([0, 1])('gets an error as the error event of its protocol, from the provider that began, after %i others failed', async (failed) => {
    trio.fail(failed, { errorEvent: { after: 0, status: 500 } });
    const place = places[failed] ?? 'one';
    trio.at[place].behaveAlways({ say: { text: 'one two three four' }, errorEvent: { after: 5, status: 529, message: 'Too many of you.' } });
    const entries = await entriesOf(trio.gateway, async () => {
      const { text, thrown } = await hear('committed');
      expect('one two three four'.startsWith(text) && text !== '').toBe(true);
      expect(thrown).toBeInstanceOf(sdk.errors.APIError);
      expect((thrown as Error).message).toContain('Too many of you.');
    });
    expect(entries).toMatchObject([{ ended: 'failed', status: 200, attempts: failed + 1, deployment: expect.stringMatching(`^${place}/`) }]);
    expect(trio.asked()).toEqual(places.map((_, index) => (index <= failed ? 1 : 0)));
  });

  test('gets a piece as soon as it is there', async () => {
    trio.fail(1, { break: { how: 'stall', after: 'headers' } });
    trio.at.two.behaveAlways({ say: { text: 'one two three' }, break: { how: 'stall', after: 5 } }); // Anthropic's text begins with the fourth event
    let text = '';
    for await (const piece of sdk.texts(trio.gateway, say('quick'))) {
      text += piece;
      if (text === 'one two') break;
    }
    expect(text).toBe('one two');
    await untilIdle(trio.gateway);
  });

  test('gets calls of tools and nothing else as content', async () => {
    trio.fail(1, { say: { text: '' } });
    const tools: Tool[] = [{ name: 'find', parameters: { type: 'object' } }];
    const toolCalls = [{ name: 'find', arguments: '{"what":"Zürich"}' }];
    trio.at.two.behaveAlways({ say: { toolCalls } });
    for (const stream of [true, false]) {
      const answer = await ask(trio.gateway, 'committed', { stream, tools }, { sdk });
      expect(answer.calls).toMatchObject(toolCalls);
      expect(answeredBy(answer)).toEqual(['two', 2]);
    }
  });
});

test('a JSON answer may take longer than the first token of a stream', async () => {
  trio.at.one.behave({ delayMs: 900 });
  expect(answeredBy(await ask(trio.gateway, 'quick'))).toEqual(['one', 1]);
});

test('a client that leaves while its stream is held back leaves nothing behind', async () => {
  trio.fail(1, { break: { how: 'stall', after: 'headers' } });
  const leaving = new AbortController();
  const arriving = trio.at.one.nextRequest();
  const asking = post(trio.gateway, 'committed', { stream: true }, { signal: leaving.signal });
  asking.catch(() => {});
  const held = await arriving;
  leaving.abort();
  await expect(asking).rejects.toThrow();
  await held.closed;
  expect(held.aborted).toBe(true);
  await untilIdle(trio.gateway);
  expect(trio.asked()).toEqual([1, 0, 0]);
});

test('two hundred at once, whose first two providers fail in every way but silence, are all answered and each booked once', async () => {
  // Silence is left out: two hundred at once may make anybody late.
  const ways = [...streamFailures, ...jsonFailures].map(({ behaviour }) => behaviour).filter((behaviour) => behaviour.break?.how !== 'stall');
  for (const place of ['one', 'two'] as const) trio.at[place].behave(...Array.from({ length: 200 }, (_, index) => ways[index % ways.length] ?? {}));
  const entries = await entriesOf(trio.gateway, async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        ask(trio.gateway, 'unhurried', { stream: index % 3 > 0, turns: [{ user: `Number ${index}` }] }, { sdk: sdks[index % 2] ?? openaiSdk }),
      ),
    );
    for (const [index, { text }] of answers.entries()) expect(text).toContain(`You said: "Number ${index}"`);
  });
  expect(entries).toHaveLength(200);
  expect(entries.every(({ ended }) => ended === 'complete')).toBe(true);
});
