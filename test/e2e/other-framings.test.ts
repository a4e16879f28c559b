import { BedrockRuntimeClient, ConverseStreamCommand, type ConverseStreamOutput } from '@aws-sdk/client-bedrock-runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Behaviour } from '../../src/demo/behaviour.ts';
import type { FakeProvider } from '../../src/demo/server.ts';
import { startSurroundings, type Surroundings } from './beyond-chat.ts';
import { eventually, keys } from './gateway.ts';
import { allBytes, leaked } from './leak.ts';

// Clients whose streams are no server-sent events: what breaks must break in their framing too.

const models = {
  bedrock: { targets: [{ provider: 'bedrock', model: 'eu.anthropic.claude-haiku-4-5-20251001-v1:0' }] },
  gemini: { targets: [{ provider: 'gemini', model: 'gemini-2.5-flash' }] },
};

let around: Surroundings;
let fakes: Readonly<Record<string, FakeProvider>>;
beforeAll(async () => {
  around = await startSurroundings({ models });
  fakes = { gpt: around.world.openai, claude: around.world.anthropic, bedrock: around.fakes.bedrock, gemini: around.fakes.gemini };
});
afterAll(() => around.stop());

interface Client {
  name: string;
  /** All that it reads of an answer: its text, and what the SDK says of its end. Throws what the SDK throws. */
  ask(model: string, text: string, key?: string): Promise<{ text: string; finish: string | undefined }>;
  /** Goes away after the first event. */
  leave(model: string): Promise<void>;
}

const aws = (key: string): BedrockRuntimeClient =>
  new BedrockRuntimeClient({
    region: 'eu-central-1',
    endpoint: around.gateway.url,
    token: { token: key },
    authSchemePreference: ['httpBearerAuth'],
    maxAttempts: 1,
  });

const converse = (modelId: string, text: string): ConverseStreamCommand =>
  new ConverseStreamCommand({ modelId, messages: [{ role: 'user', content: [{ text }] }] });

const bedrockClient: Client = {
  name: 'converse-stream',
  async ask(model, text, key = keys.open) {
    const { stream = [] } = await aws(key).send(converse(model, text));
    const answer: { text: string; finish: string | undefined } = { text: '', finish: undefined };
    for await (const event of stream as AsyncIterable<ConverseStreamOutput>) {
      answer.text += event.contentBlockDelta?.delta?.text ?? '';
      answer.finish ??= event.messageStop?.stopReason;
    }
    return answer;
  },
  async leave(model) {
    const leaving = new AbortController();
    const { stream = [] } = await aws(keys.open).send(converse(model, 'Hi'), { abortSignal: leaving.signal });
    const reading = (async () => {
      for await (const _ of stream as AsyncIterable<ConverseStreamOutput>) leaving.abort();
    })();
    await reading.catch(() => {});
  },
};

interface ArrayEvent {
  candidates?: { content?: { parts?: { text?: string }[] }; finishReason?: string }[];
  error?: { message: string; status: string };
}

/** Without `alt=sse`, Gemini streams one JSON array. */
const postArray = (model: string, text: string, key: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${around.gateway.url}/v1beta/models/${model}:streamGenerateContent`, {
    method: 'POST',
    headers: { 'x-goog-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text }] }] }),
    ...(signal && { signal }),
  });

const arrayClient: Client = {
  name: 'a JSON array',
  async ask(model, text, key = keys.open) {
    const response = await postArray(model, text, key);
    const body = (await response.json()) as ArrayEvent[] | ArrayEvent;
    const events = Array.isArray(body) ? body : [body];
    const failed = events.find(({ error }) => error !== undefined);
    if (failed !== undefined) throw new Error(failed.error?.message);
    const candidates = events.flatMap(({ candidates: found = [] }) => found);
    return {
      text: candidates.flatMap(({ content }) => content?.parts ?? []).reduce((whole, part) => whole + (part.text ?? ''), ''),
      finish: candidates.findLast(({ finishReason }) => finishReason !== undefined)?.finishReason,
    };
  },
  async leave(model) {
    const leaving = new AbortController();
    const response = await postArray(model, 'Hi', keys.open, leaving.signal);
    await response.body?.getReader().read();
    leaving.abort();
  },
};

const pieces = ['one', ' two', ' thre', 'e', ' four'];
const spoken = { text: pieces.join('') };

const expectNothingOpen = (): Promise<unknown> =>
  eventually(
    () => around.gateway.metric('remora_exchanges_open'),
    (open) => open.get('') === 0,
  );

describe.each([bedrockClient, arrayClient])('a stream for a client of $name', (client) => {
  describe.each(['gpt', 'claude', 'bedrock', 'gemini'])('from %s', (model) => {
    const behave = (...next: Behaviour[]): void => fakes[model]?.behave(...next);

    test('says what was said', async () => {
      behave({ say: spoken });
      expect(await client.ask(model, 'Go')).toMatchObject({ text: spoken.text, finish: expect.stringMatching(/^(STOP|end_turn)$/) });
    });

    test.each(['end', 'close', 'reset'] as const)('that breaks off by %s is an error and never looks complete', async (how) => {
      const places = [1, 2, 3, 4];
      behave(...places.map((after) => ({ say: spoken, break: { how, after } })));
      const seen = await Promise.all(
        places.map(() =>
          client
            .ask(model, 'Go')
            .then(({ finish }) => ({ finish }))
            .catch((error: unknown) => error),
        ),
      );
      expect(seen).toEqual(seen.map(() => expect.any(Error)));
      await expectNothingOpen();
    });

    test('with an error inside is that error', async () => {
      behave({ say: spoken, errorEvent: { after: 2, status: 500, message: 'Too many of you.' } });
      await expect(client.ask(model, 'Go')).rejects.toThrow('Too many of you.');
    });

    test('that its client leaves is left at the provider too', async () => {
      behave({ say: spoken, break: { how: 'stall', after: 4 } }); // by then each has said a piece
      await client.leave(model);
      await expectNothingOpen();
    });

    test('has personal data restored that the provider never saw', async () => {
      const answer = await client.ask(model, 'Say: mail ada@example.com or ada@example.com!', keys.private);
      expect(answer.text).toContain('mail ada@example.com or ada@example.com!');
      const last = fakes[model]?.requests.at(-1);
      expect(leaked(last === undefined ? 'ada@example.com' : allBytes(last), ['ada@example.com'])).toEqual([]);
    });
  });
});
