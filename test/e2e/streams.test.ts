import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import { eventually } from './gateway.ts';
import { openaiSdk, pairs, rejection, say, sdks, type Tool } from './sdks.ts';
import { setStage } from './stage.ts';

const stage = setStage();

/** What the fakes say piece by piece, each in an event of its own. */
const pieces = ['one', ' two', ' thre', 'e', ' four'];
const spoken = { text: pieces.join('') };
/** Events of each provider before the first piece. */
const eventsBefore = { openai: 1, anthropic: 3 } as const;
/** All events of an answer with these pieces: OpenAI's finish, usage and [DONE]; Anthropic's block stop, message_delta and message_stop. */
const eventsInAll = { openai: 1 + pieces.length + 3, anthropic: 3 + pieces.length + 3 } as const;

const tools: Tool[] = [{ name: 'find', parameters: { type: 'object' } }];

/** No exchange is under way, in the sidecar or in Envoy. */
async function expectNothingOpen(): Promise<void> {
  await eventually(
    () => stage.gateway.metric('remora_exchanges_open'),
    (open) => open.get('') === 0,
  );
}

/** The ledger's entries of the exchanges that begin in here, once none of them is under way. */
async function entriesOf(work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const begin = Date.now();
  await work();
  await expectNothingOpen();
  return (await stage.gateway.entries()).filter(({ started_at }) => Number(started_at) >= begin);
}

describe.each(pairs)('$client to $provider', ({ sdk, provider, model }) => {
  const isOpenAI = sdk === openaiSdk;
  const { APIError } = sdk.errors;

  /** Asks, and goes on once the request has met its behaviour. */
  async function begin<T>(behaviour: Behaviour, ask: () => Promise<T>): Promise<{ outcome: Promise<T> }> {
    stage.world[provider].behave(behaviour);
    const arriving = stage.world[provider].nextRequest();
    const outcome = ask();
    outcome.catch(() => {});
    await arriving;
    return { outcome };
  }

  describe('cut into other pieces', () => {
    const cuts: (Behaviour & { name: string })[] = [
      { name: 'byte by byte', writeBytes: 1 },
      { name: 'byte by byte, lines ending in CR LF', writeBytes: 1, lineEnd: '\r\n' },
      { name: 'byte by byte, lines ending in CR', writeBytes: 1, lineEnd: '\r' },
      { name: 'by seven bytes, with events and fields that nobody knows', writeBytes: 7, strangers: true },
      { name: 'by thirteen bytes, lines ending in CR LF, with strangers', writeBytes: 13, lineEnd: '\r\n', strangers: true },
      { name: 'all at once', writeBytes: 1_000_000 },
    ];
    test.each(cuts)('$name, a stream says the same', async (cut) => {
      const said = { text: 'Grüße, Zoë 🎈\n\n"data: x"\r\n', toolCalls: [{ name: 'find', arguments: '{"wo":"Zürich 🏔","n":12345678901234567890}' }] };
      stage.world[provider].behave({ say: said, ...cut });
      const answer = await sdk.ask(stage.gateway, say(model, 'Go', { stream: true, tools }));
      expect(answer).toMatchObject({ text: said.text, calls: said.toolCalls, finish: isOpenAI ? 'tool_calls' : 'tool_use' });
    });
  });

  test('a piece reaches the client before the provider sends the next', async () => {
    for (const count of [1, 2, 4]) {
      // The provider says this much and then nothing more: what is here then did not wait for anything.
      stage.world[provider].behave({ say: spoken, break: { how: 'stall', after: eventsBefore[provider] + count } });
      let text = '';
      for await (const piece of sdk.texts(stage.gateway, say(model))) {
        text += piece;
        if (text === pieces.slice(0, count).join('')) break;
      }
      expect(text).toBe(pieces.slice(0, count).join(''));
    }
  });

  test('an error event in a stream is thrown by the SDK, as the provider put it', async () => {
    const cuts = [0, 1, 3, 6];
    const entries = await entriesOf(async () => {
      for (const after of cuts) {
        stage.world[provider].behave({ say: spoken, errorEvent: { after, status: provider === 'openai' ? 500 : 529, message: 'Too many of you.' } });
        const texts: string[] = [];
        const thrown = await rejection(gather(sdk.texts(stage.gateway, say(model)), texts));
        expect(thrown).toBeInstanceOf(APIError);
        expect(thrown.message).toContain('Too many of you.');
        const type = { openai: isOpenAI ? 'server_error' : 'api_error', anthropic: 'overloaded_error' }[provider];
        expect(isOpenAI && provider === 'anthropic' ? thrown['code'] : thrown['type']).toBe(type);
        expect(texts).toEqual(pieces.slice(0, Math.max(0, after - eventsBefore[provider])));
      }
    });
    expect(entries).toMatchObject(cuts.map(() => ({ ended: 'failed', status: 200, attempts: 1 })));
  });

  test.each(['end', 'close', 'reset'] as const)('a stream that breaks off by %s never looks complete, wherever it is', async (how) => {
    const asked = [];
    for (let after = 0; after <= eventsInAll[provider]; after++) {
      asked.push(await begin({ say: spoken, break: { how, after } }, () => sdk.ask(stage.gateway, say(model, 'Go', { stream: true }))));
    }
    for (const [after, { outcome }] of asked.entries()) {
      const answer = await outcome.catch((error: unknown) => (error instanceof Error ? undefined : Promise.reject(new Error(String(error)))));
      const seen = { after, text: answer?.text, finish: answer?.finish };
      const whole = { after, text: spoken.text, finish: isOpenAI ? 'stop' : 'end_turn' };
      // Behind the last piece all that is missing is the provider's goodbye.
      if (after <= eventsBefore[provider] + pieces.length) expect(seen).toEqual({ after });
      else expect([{ after }, whole]).toContainEqual(seen);
    }
    await expectNothingOpen();
  });

  test('a stream that ends cleanly before its end is an error of the stage.gateway, also for the plain iterator', async () => {
    const cuts = [0, 1, 3, 6];
    const entries = await entriesOf(async () => {
      for (const after of cuts) {
        stage.world[provider].behave({ say: spoken, break: { how: 'end', after } });
        const texts: string[] = [];
        const thrown = await rejection(gather(sdk.texts(stage.gateway, say(model)), texts));
        expect(thrown).toBeInstanceOf(APIError);
        expect(thrown.message).toContain("The provider's answer ended before it was complete.");
        if (isOpenAI) expect(thrown['code']).toBe('provider-cut');
        else expect(thrown['error']).toMatchObject({ error: { type: 'api_error', code: 'provider-cut' } });
        expect(texts).toEqual(pieces.slice(0, Math.max(0, after - eventsBefore[provider])));
      }
    });
    expect(entries).toMatchObject(cuts.map(() => ({ ended: 'cut', attempts: 1 })));
  });

  test('a connection that is reset in mid-stream breaks the client’s too, and is booked once', async () => {
    const entries = await entriesOf(async () => {
      const broken = { how: 'reset', after: eventsBefore[provider] + 2 } as const;
      const reset = await begin({ say: spoken, break: broken }, () => gather(sdk.texts(stage.gateway, say(model)), []));
      const close = await begin({ say: spoken, break: { ...broken, how: 'close' } }, () => gather(sdk.texts(stage.gateway, say(model)), []));
      for (const { outcome } of [reset, close]) expect(await rejection(outcome)).not.toBeInstanceOf(SyntaxError);
    });
    expect(entries).toMatchObject([
      { ended: 'left', attempts: 1, estimated: 1 },
      { ended: 'left', attempts: 1, estimated: 1 },
    ]);
  });

  test('a JSON answer that breaks off is a typed error, and not tried elsewhere', async () => {
    const entries = await entriesOf(async () => {
      for (const how of ['end', 'close', 'reset'] as const) {
        for (const after of ['headers', 1] as const) {
          stage.world[provider].behave({ say: spoken, break: { how, after } });
          const thrown = await rejection(sdk.ask(stage.gateway, say(model)));
          expect(thrown).toBeInstanceOf(APIError);
          expect(thrown['status']).toBe(502);
          const body = thrown['error'] as Record<string, unknown>;
          const code = how === 'end' ? 'provider-error' : 'provider-cut';
          expect(isOpenAI ? body : body['error']).toMatchObject({ code, message: expect.stringMatching(/.{10}/) });
          expect((thrown['headers'] as Headers).get('x-remora-error')).toBe(code);
          expect(thrown['requestID']).toMatch(/^[0-9a-f-]{36}$/);
          expect((thrown['headers'] as Headers).get('x-remora-request-id')).toBe(thrown['requestID']);
        }
      }
      expect(stage.world[provider].requests).toHaveLength(6);
    });
    expect(entries.map(({ ended }) => ended)).toEqual(['failed', 'failed', 'left', 'left', 'left', 'left']);
  });

  test('a client that goes away frees everything at any moment, and is booked once', async () => {
    const moments = [
      { after: eventsBefore[provider] + 2, stream: true },
      { after: 'headers', stream: true },
      { after: 'nothing', stream: true },
      { after: 1, stream: false },
      { after: 'nothing', stream: false },
    ] as const;
    const entries = await entriesOf(async () => {
      for (const { after, stream } of moments) {
        stage.world[provider].behave({ say: spoken, break: { how: 'stall', after } });
        const arriving = stage.world[provider].nextRequest();
        const controller = new AbortController();
        const asked = stream
          ? gather(sdk.texts(stage.gateway, say(model), controller.signal), [], () => controller.abort())
          : post(model, isOpenAI, controller.signal);
        const ended = asked.catch((error: unknown) => error);
        const request = await arriving;
        if (!stream || typeof after !== 'number') {
          // Nothing comes by which the client could tell the moment.
          await eventually(
            () => request.status,
            (status) => after === 'nothing' || status === 200,
          );
          controller.abort();
        }
        await ended;
        await request.closed;
        expect(request.aborted).toBe(true);
      }
    });
    expect(entries).toMatchObject(moments.map(() => ({ ended: 'left', attempts: 1, estimated: 1 })));
  });
});

/** Takes what comes; `onPiece` is told of each. */
async function gather(stream: AsyncIterable<string>, into: string[], onPiece = (): void => {}): Promise<void> {
  for await (const text of stream) {
    into.push(text);
    onPiece();
  }
}

const post = (model: string, isOpenAI: boolean, signal: AbortSignal): Promise<Response> =>
  fetch(`${stage.gateway.url}${isOpenAI ? '/v1/chat/completions' : '/v1/messages'}`, {
    method: 'POST',
    headers: { authorization: 'Bearer rk-open', 'content-type': 'application/json' },
    body: JSON.stringify({ model, ...(!isOpenAI && { max_tokens: 10 }), messages: [{ role: 'user', content: 'Hello' }] }),
    signal,
  });

test('two hundred streams at once, every other one left in the middle: all right, each booked once, and nothing stays open', async () => {
  stage.world.openai.behaveAlways({ say: spoken, eventDelayMs: 1 });
  stage.world.anthropic.behaveAlways({ say: spoken, eventDelayMs: 1 });
  const entries = await entriesOf(() =>
    Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const sdk = sdks[index % 2] ?? openaiSdk;
        const texts: string[] = [];
        for await (const text of sdk.texts(stage.gateway, say(index % 4 < 2 ? 'gpt' : 'claude'))) {
          texts.push(text);
          if (index % 8 < 4 && texts.length === 2) break;
        }
        expect(texts.join('')).toBe(index % 8 < 4 ? 'one two' : spoken.text);
      }),
    ),
  );
  expect(entries).toHaveLength(200);
  expect(new Set(entries.map(({ exchange }) => exchange)).size).toBe(200);
  expect(entries.filter(({ ended }) => ended === 'complete').length).toBeGreaterThanOrEqual(100);
});
