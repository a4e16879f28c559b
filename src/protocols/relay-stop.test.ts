import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { jsonArrayStream } from '../framing/json-array-stream.ts';
import type { Part } from '../llm/part.ts';
import { noUsage } from '../llm/usage.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { geminiGenerate } from './gemini-generate/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { Protocol } from './protocol.ts';
import { createStreamRelay, type RelayOptions, type StreamRelay } from './relay.ts';

// Policies may end a client's stream before its time: what the client gets then, and who still sees what the provider sends.

const at = (block: number) => ({ choice: 0, block });
const options = { wantsUsage: true, createdAt: 1, model: 'm' };

const story: Part[] = [
  { type: 'start', id: 'a1', model: 'm' },
  { type: 'text', ...at(0), text: 'one ' },
  { type: 'text', ...at(0), text: 'two ' },
  { type: 'text', ...at(0), text: 'STOP ' },
  { type: 'text', ...at(0), text: 'STOP again' },
  { type: 'block-end', ...at(0) },
  { type: 'usage', usage: { ...noUsage, inputTokens: 9, outputTokens: 12 } },
  { type: 'finish', choice: 0, reason: { unified: 'stop', raw: 'stop' } },
  { type: 'end' },
];

/** The events of a provider that speaks this protocol. */
function eventsOf(protocol: Protocol, parts: readonly Part[] = story, framing = protocol.framing): Buffer[] {
  const encoder = protocol.createEncoder(options);
  const writer = framing.createWriter();
  return [...parts.flatMap((part) => encoder.push(part)).map((event) => Buffer.from(writer.write(event))), Buffer.from(writer.end())];
}

/** What the client is told, where nobody knows what was used. */
const told = { error: { status: 429, code: 'budget-exceeded', message: 'Spent.' }, usage: undefined };

interface Stopping {
  relay: StreamRelay;
  /** Texts that the watch saw, and the output tokens that it was told of last. */
  seen: { text: string; outputTokens: number };
  /** What `stopped` heard. */
  causes: unknown[];
}

/** A relay whose policy throws at each text that says STOP. */
function stopping(from: Protocol, to: Protocol, more: Partial<RelayOptions> = {}): Stopping {
  const seen = { text: '', outputTokens: 0 };
  const causes: unknown[] = [];
  const relay = createStreamRelay(
    {
      from: { protocol: from, framing: from.framing },
      to: { protocol: to, framing: to.framing },
      finish: (part) => [part],
      isRewritten: false,
      storedIds: undefined,
      observe: () => {},
      filter: undefined,
      options,
      watch: {
        see(part) {
          if (part.type === 'text') seen.text += part.text;
          if (part.type === 'usage') seen.outputTokens = part.usage.outputTokens;
          if (part.type === 'text' && part.text.includes('STOP')) throw new Error(`stop ${causes.length}`);
        },
        stopped(cause) {
          causes.push(cause);
          return { ...told, usage: { ...noUsage, inputTokens: 9, outputTokens: 5 } };
        },
      },
      ...more,
    },
    { cut: () => [{ data: '"cut"' }], failed: () => [{ data: '"failed"' }] },
  );
  return { relay, seen, causes };
}

/** All that the client gets of these chunks. */
const sent = (relay: StreamRelay, chunks: readonly Buffer[]): string =>
  [...chunks, Buffer.alloc(0)].map((chunk, index) => (relay.push(chunk, index === chunks.length) ?? chunk).toString()).join('');

const pairs = [
  { name: 'its own protocol', from: openaiChat, to: openaiChat },
  { name: 'another protocol', from: openaiChat, to: anthropicMessages },
  { name: 'its own protocol (Anthropic’s)', from: anthropicMessages, to: anthropicMessages },
  { name: 'another protocol (Responses)', from: anthropicMessages, to: openaiResponses },
];

describe.each(pairs)('a stream to a client of $name that a policy ends', ({ from, to }) => {
  test('says what had come, the usage and the error, and nothing after that', () => {
    const { relay } = stopping(from, to);
    const text = sent(relay, eventsOf(from));
    expect(text).toContain('"one "');
    expect(text).toContain('"two "');
    expect(text).not.toContain('STOP');
    expect(text).toMatch(/"(completion_tokens|output_tokens)":5\b/);
    expect(text.match(/"budget-exceeded"/g)?.length).toBe(to === openaiResponses ? 2 : 1); // there the incomplete response has it as its reason
    expect(text).toMatch(/"message":"Spent\."[^\n]*\n\n$/);
    expect(text).not.toMatch(/\[DONE\]|message_stop|response\.completed|"cut"|"failed"/);
  });

  test('is still seen to its end, so that the usage which comes later is known', () => {
    const { relay, seen, causes } = stopping(from, to);
    sent(relay, eventsOf(from));
    expect(seen).toEqual({ text: 'one two STOP STOP again', outputTokens: 12 });
    expect(causes).toEqual([new Error('stop 0')]);
    expect(relay.ended).toBe('failed');
  });

  test('is the same wherever it is cut', () => {
    const bytes = Buffer.concat(eventsOf(from));
    const whole = sent(stopping(from, to).relay, [bytes]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 6 }), (cuts) => {
        const places = [...cuts, bytes.length].toSorted((a, b) => a - b);
        const { relay, seen, causes } = stopping(from, to);
        expect(
          sent(
            relay,
            places.map((place, index) => bytes.subarray(places[index - 1] ?? 0, place)),
          ),
        ).toBe(whole);
        expect([seen.outputTokens, causes.length]).toEqual([12, 1]);
      }),
    );
  });

  test('gives what other policies hold back before it ends', () => {
    const held: Part[] = [];
    const filter = (part: Part): readonly Part[] => {
      if (part.type !== 'text') return part.type === 'end' || part.type === 'error' ? [...held.splice(0), part] : [part];
      const before = held.splice(0);
      held.push(part);
      return before;
    };
    const text = sent(stopping(from, to, { filter }).relay, eventsOf(from));
    expect(text.indexOf('"two "')).toBeGreaterThan(text.indexOf('"one "'));
    expect(text.indexOf('"budget-exceeded"')).toBeGreaterThan(text.indexOf('"two "'));
  });

  test('is swallowed also where what comes later cannot be read', () => {
    const chunks = eventsOf(from);
    const { relay } = stopping(from, to);
    const good = sent(stopping(from, to).relay, chunks);
    expect(sent(relay, [...chunks.slice(0, 6), Buffer.from('data: {oops\n\n'), Buffer.alloc(17 << 20, 'x')])).toBe(good);
    expect(relay.ended).toBe('failed');
  });

  test('goes on where nothing is left to stop: the objection comes with the event that finishes it', () => {
    const stopped = vi.fn<() => typeof told>(() => told);
    const { relay } = stopping(from, to, {
      watch: {
        see(part) {
          if (part.type === 'finish' || part.type === 'end') throw new Error('too late');
        },
        stopped,
      },
    });
    const text = sent(relay, eventsOf(from));
    expect(stopped).not.toHaveBeenCalled();
    expect(text).not.toContain('budget-exceeded');
    expect(relay.ended).toBe('complete');
    if (from === to) expect(text).toBe(Buffer.concat(eventsOf(from)).toString());
  });

  test('that has ended in an error of the provider’s gets no second one', () => {
    const failed: Part[] = [...story.slice(0, 3), { type: 'error', failure: { status: 503, type: 'overloaded_error', message: 'Busy.' } }];
    const stopped = vi.fn<() => typeof told>(() => told);
    const { relay } = stopping(from, to, {
      watch: {
        see(part) {
          if (part.type === 'error') throw new Error('too late');
        },
        stopped,
      },
    });
    expect(sent(relay, eventsOf(from, failed))).toContain('Busy.');
    expect(stopped).not.toHaveBeenCalled();
  });
});

test.each([openaiChat, anthropicMessages])(
  'a call whose arguments had not all come is not closed: nobody is to run it ($name to Anthropic’s)',
  (from) => {
    const calling: Part[] = [
      { type: 'start', id: 'a1', model: 'm' },
      { type: 'text', ...at(0), text: 'Let me look.' },
      { type: 'block-end', ...at(0) },
      { type: 'tool-call', ...at(1), id: 'c1', name: 'find' },
      { type: 'tool-arguments', ...at(1), text: '{"path":"/' },
      { type: 'tool-arguments', ...at(1), text: 'tmp"' },
    ];
    const { relay } = stopping(from, anthropicMessages, {
      watch: {
        see(part) {
          if (part.type === 'tool-arguments' && part.text.includes('tmp')) throw new Error('stop');
        },
        stopped: () => told,
      },
    });
    const text = sent(relay, eventsOf(from, calling));
    expect(text.match(/"type":"content_block_stop","index":0/g)).toHaveLength(1);
    expect(text).not.toContain('"type":"content_block_stop","index":1');
    expect(text).toContain('budget-exceeded');
  },
);

test('who asked OpenAI for no usage gets none', () => {
  for (const from of [openaiChat, anthropicMessages]) {
    const text = sent(stopping(from, openaiChat, { options: { ...options, wantsUsage: false } }).relay, eventsOf(from));
    expect(text).not.toContain('completion_tokens');
    expect(text).toContain('budget-exceeded');
  }
});

test('where nothing has come yet, there is the error alone', () => {
  for (const [from, to] of [
    [anthropicMessages, anthropicMessages],
    [openaiChat, anthropicMessages],
    [openaiResponses, openaiResponses],
    [openaiChat, openaiResponses],
  ] as const) {
    const { relay } = stopping(from, to, {
      watch: {
        see() {
          throw new Error('stop');
        },
        stopped: () => ({ ...told, usage: noUsage }),
      },
    });
    const text = sent(relay, eventsOf(from));
    expect(text.match(/^data: /gm)).toHaveLength(1);
    expect(text).toContain('budget-exceeded');
  }
});

test('a JSON array that is ended early is whole', () => {
  const { relay } = stopping(geminiGenerate, geminiGenerate, { to: { protocol: geminiGenerate, framing: jsonArrayStream } });
  const items = JSON.parse(sent(relay, eventsOf(geminiGenerate))) as Record<string, unknown>[];
  expect(items.at(-2)).toMatchObject({ usageMetadata: { candidatesTokenCount: 5 } });
  expect(items.at(-1)).toMatchObject({ error: { code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ reason: 'budget-exceeded' }] } });
});

test('the incomplete response has the id by which the client knows it', () => {
  const stored = { known: new Map<string, string>(), kept: openaiResponses.keptIds, isStored: true, seal: (id: string) => `sealed-${id}` };
  const begun = story.map((part) => (part.type === 'start' ? { ...part, id: 'resp_1' } : part));
  const text = sent(stopping(openaiResponses, openaiResponses, { storedIds: stored }).relay, eventsOf(openaiResponses, begun));
  const ids = [...text.matchAll(/"response":\{"id":"([^"]*)"/g)].map(([, id]) => id);
  expect(text).toContain('response.incomplete');
  expect(new Set(ids)).toEqual(new Set(['sealed-resp_1']));
});
