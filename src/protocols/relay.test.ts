import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTextPart, type Part } from '../llm/part.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { AnswerFailure } from './failure.ts';
import { openaiChat } from './openai-chat/index.ts';
import { isEcho, type Protocol } from './protocol.ts';
import { createStreamRelay, relayAnswer, type BreakOff, type RelayOptions } from './relay.ts';
import type { AnswerEnd } from './relay-progress.ts';
import type { PartFilter } from './rewriter.ts';

const chunk = (choices: object[], more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}\n\n`;
const delta = (fields: object, index = 0, finish: string | null = null): string =>
  chunk([{ index, delta: fields, finish_reason: finish, future: 12345678901234567890n.toString() }]);
const usage = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 };

const openaiEvents = [
  delta({ role: 'assistant', content: '' }),
  ': keep-alive\n\n',
  'data: {"unknown":  12345678901234567890, "unknown":1}\n\n',
  delta({ content: 'Grüße, [NA' }),
  delta({ content: 'ME_1]! 😀' }),
  delta({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'mail', arguments: '' } }] }),
  delta({ tool_calls: [{ index: 0, function: { arguments: '{"to":"[NAM' } }] }),
  delta({ tool_calls: [{ index: 0, function: { arguments: 'E_1]"}' } }] }),
  delta({}, 0, 'tool_calls'),
  chunk([], { usage }),
  'data: [DONE]\n\n',
];

const anthropicEvent = (event: { type: string } & Record<string, unknown>): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
const anthropicEvents = [
  anthropicEvent({
    type: 'message_start',
    message: {
      id: 'm1',
      type: 'message',
      role: 'assistant',
      model: 'c',
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 9, output_tokens: 1 },
    },
  }),
  anthropicEvent({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  anthropicEvent({ type: 'ping' }),
  anthropicEvent({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüße, [NA' } }),
  anthropicEvent({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'ME_1]! 😀' } }),
  anthropicEvent({ type: 'content_block_stop', index: 0 }),
  anthropicEvent({ type: 'content_block_start', index: 1, content_block: { type: 'tool_use', id: 't1', name: 'mail', input: {} } }),
  anthropicEvent({ type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{"to":"[NAM' } }),
  anthropicEvent({ type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: 'E_1]"}' } }),
  anthropicEvent({ type: 'content_block_stop', index: 1 }),
  anthropicEvent({ type: 'brand_new', x: 1 }),
  anthropicEvent({ type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 3 } }),
  anthropicEvent({ type: 'message_stop' }),
];

/** Holds back text from a bracket on, until it is complete, as restoring does. */
function holdBrackets(): PartFilter {
  const held = new Map<number, Part & { text: string }>();
  const release = (): Part[] => {
    const parts = [...held.values()];
    held.clear();
    return parts;
  };
  return (part) => {
    if (!isTextPart(part))
      return part.type === 'block-end' || part.type === 'finish' || part.type === 'end' || part.type === 'error' ? [...release(), part] : [part];
    const before = held.get(part.block);
    if (before === undefined && !part.text.includes('[')) return [part];
    const text = ((before?.text ?? '') + part.text).replaceAll('[NAME_1]', 'Zoë');
    const open = text.lastIndexOf('[');
    held.delete(part.block);
    if (open === -1) return [{ ...part, text }];
    held.set(part.block, { ...part, text: text.slice(open) });
    return open === 0 ? [] : [{ ...part, text: text.slice(0, open) }];
  };
}

const cutError = 'data: {"cut":true}\n\n';
const hop = (from: Protocol, to: Protocol, filter?: PartFilter, wantsUsage = true): RelayOptions => ({
  from: { protocol: from, framing: from.framing },
  to: { protocol: to, framing: to.framing },
  finish: (part) => [part],
  isRewritten: false,
  storedIds: undefined,
  observe: () => {},
  filter,
  options: { wantsUsage, createdAt: 1 },
});

const breakOff: BreakOff = { cut: () => [{ data: '{"cut":true}' }], failed: () => [{ data: '{"failed":true}' }] };

function run(options: RelayOptions, bytes: Buffer, cuts: readonly number[]): string {
  const relay = createStreamRelay(options, breakOff);
  const places = [...cuts, bytes.length].toSorted((a, b) => a - b);
  const chunks = places.map((place, index) => bytes.subarray(places[index - 1] ?? 0, place));
  const sent = [...chunks, Buffer.alloc(0)].map((part, index) => relay.push(part, index === chunks.length) ?? part);
  return Buffer.concat(sent).toString();
}

/** The parts that a client of the protocol reads, text joined per block. */
function read(protocol: Protocol, text: string): { texts: string[]; rest: string[] } {
  const texts = new Map<number, string>();
  const rest: string[] = [];
  const decoder = protocol.createDecoder();
  for (const raw of text.split('\n\n')) {
    const name = /^event: (.*)$/m.exec(raw)?.[1] ?? '';
    const data = /^data: (.*)$/m.exec(raw)?.[1] ?? '';
    for (const part of decoder.push({ name, data, raw: Buffer.from(`${raw}\n\n`) })) {
      if (isEcho(part)) continue;
      if (isTextPart(part)) texts.set(part.block, (texts.get(part.block) ?? '') + part.text);
      else rest.push(part.type);
    }
  }
  return { texts: [...texts.values()], rest };
}

const streams = [
  ['openai-chat', openaiChat, Buffer.from(openaiEvents.join(''))],
  ['anthropic-messages', anthropicMessages, Buffer.from(anthropicEvents.join(''))],
] as const;

/** Checks something for streams cut at any places. */
const cutAnywhere = (bytes: Buffer, check: (cuts: number[]) => void): void =>
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), (cuts) => {
      check(cuts);
    }),
  );

describe.each(streams)('a stream of %s to a client of the same protocol', (_, protocol, bytes) => {
  test('passes byte for byte where no policy looks, cut anywhere', () => {
    cutAnywhere(bytes, (cuts) => expect(run(hop(protocol, protocol), bytes, cuts)).toBe(bytes.toString()));
  });

  test('passes byte for byte where policies change nothing, cut anywhere', () => {
    cutAnywhere(bytes, (cuts) =>
      expect(
        run(
          hop(protocol, protocol, (part) => [part]),
          bytes,
          cuts,
        ),
      ).toBe(bytes.toString()),
    );
  });

  test('is untouched chunk by chunk where chunks end with events', () => {
    const relay = createStreamRelay(
      hop(protocol, protocol, (part) => [part]),
      breakOff,
    );
    for (const event of bytes.toString().split(/(?<=\n\n)/)) expect(relay.push(Buffer.from(event), false)).toBeUndefined();
  });

  test('carries changed text in copies of the provider’s own events, cut anywhere', () => {
    cutAnywhere(bytes, (cuts) => {
      const text = run(hop(protocol, protocol, holdBrackets()), bytes, cuts);
      expect(read(protocol, text).texts).toEqual(['Grüße, Zoë! 😀', '{"to":"Zoë"}']);
      expect(read(protocol, text).rest).toEqual(read(protocol, bytes.toString()).rest);
    });
  });
});

describe.each([
  ['openai-chat', 'anthropic-messages', openaiChat, anthropicMessages, streams[0][2]],
  ['anthropic-messages', 'openai-chat', anthropicMessages, openaiChat, streams[1][2]],
] as const)('a stream of %s to a client of %s', (_, __, from, to, bytes) => {
  test('is the same however it is cut, with text, tool arguments, usage and an end', () => {
    const whole = run(hop(from, to), bytes, []);
    expect(read(to, whole).texts).toEqual(['Grüße, [NAME_1]! 😀', '{"to":"[NAME_1]"}']);
    expect(read(to, whole).rest).toEqual(expect.arrayContaining(['start', 'tool-call', 'usage', 'finish', 'end']));
    cutAnywhere(bytes, (cuts) => expect(run(hop(from, to), bytes, cuts)).toBe(whole));
  });

  test('passes the policies on its way', () => {
    cutAnywhere(bytes, (cuts) => expect(read(to, run(hop(from, to, holdBrackets()), bytes, cuts)).texts).toEqual(['Grüße, Zoë! 😀', '{"to":"Zoë"}']));
  });

  test('that stops before it is complete gives what policies hold, then the error', () => {
    const cut = bytes.subarray(0, bytes.indexOf('ME_1]'));
    const text = run(hop(from, to, holdBrackets()), cut.subarray(0, cut.lastIndexOf('\n\n') + 2), []);
    expect(read(to, text.replace(cutError, '')).texts).toEqual(['Grüße, [NA']);
    expect(text.endsWith(cutError)).toBe(true);
  });
});

describe('a stream of OpenAI’s', () => {
  const bytes = streams[0][2];

  test('loses the usage event that only we asked for, and nothing else', () => {
    cutAnywhere(bytes, (cuts) =>
      expect(run(hop(openaiChat, openaiChat, undefined, false), bytes, cuts)).toBe(bytes.toString().replace(chunk([], { usage }), '')),
    );
  });

  test('that stops before it is complete gives what policies hold, then the error', () => {
    const text = run(hop(openaiChat, openaiChat, holdBrackets()), Buffer.from(openaiEvents.slice(0, 4).join('')), []);
    expect(read(openaiChat, text.replace(cutError, '')).texts).toEqual(['Grüße, [NA']);
    expect(text.endsWith(cutError)).toBe(true);
  });

  test('without [DONE], as some servers end it, is complete and gets no error', () => {
    expect(run(hop(openaiChat, openaiChat), Buffer.from(openaiEvents.slice(0, -1).join('')), [])).toBe(openaiEvents.slice(0, -1).join(''));
    expect(run(hop(openaiChat, anthropicMessages), Buffer.from(openaiEvents.slice(0, -1).join('')), [])).toContain('message_stop');
  });

  test('says role, id and name once, also where their event’s text goes out in a copy', () => {
    const events = [
      delta({ role: 'assistant', content: '[NA' }),
      delta({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'mail', arguments: '["[NA' } }] }),
      delta({}, 0, 'tool_calls'),
      'data: [DONE]\n\n',
    ];
    const text = run(hop(openaiChat, openaiChat, holdBrackets()), Buffer.from(events.join('')), []);
    expect(read(openaiChat, text).texts).toEqual(['[NA', '["[NA']);
    for (const once of ['"role":"assistant"', '"id":"call_1"', '"name":"mail"']) expect(text.split(once), once).toHaveLength(2);
  });

  test('keeps the choices of n = 2 apart', () => {
    const events = [
      delta({ content: '[NA' }, 0),
      delta({ content: 'b' }, 1),
      delta({ content: 'ME_1]' }, 0),
      delta({}, 0, 'stop'),
      delta({}, 1, 'stop'),
      'data: [DONE]\n\n',
    ];
    const text = run(hop(openaiChat, openaiChat, holdBrackets()), Buffer.from(events.join('')), []);
    expect(read(openaiChat, text).texts.toSorted()).toEqual(['Zoë', 'b']);
  });

  test('whose last text and finish share an event loses neither', () => {
    const events = [delta({ content: 'a [NA' }), delta({ content: 'ME' }, 0, 'stop'), 'data: [DONE]\n\n'];
    const text = run(hop(openaiChat, openaiChat, holdBrackets()), Buffer.from(events.join('')), []);
    expect(read(openaiChat, text)).toMatchObject({ texts: ['a [NAME'] });
    expect(text.match(/"finish_reason":"stop"/g)).toHaveLength(1);
  });
});

/** How a stream ended whose events are followed by the provider's end. */
function endOf(from: Protocol, to: Protocol, events: readonly string[], filter?: PartFilter): { ended: (AnswerEnd | undefined)[]; text: string } {
  const relay = createStreamRelay(hop(from, to, filter), breakOff);
  const ended: (AnswerEnd | undefined)[] = [];
  let text = '';
  for (const [bytes, last] of [...events.map((event) => [Buffer.from(event), false] as const), [Buffer.alloc(0), true] as const]) {
    text += (relay.push(bytes, last) ?? bytes).toString();
    ended.push(relay.ended);
  }
  return { ended, text };
}

describe.each([
  ['its own protocol', openaiChat],
  ['another protocol', anthropicMessages],
])('to a client of %s, a stream of OpenAI’s', (_, to) => {
  const done = 'data: [DONE]\n\n';

  test('goes on until it says its end', () => {
    expect(endOf(openaiChat, to, [delta({ content: 'a' }), delta({}, 0, 'stop'), done]).ended).toEqual([
      undefined,
      undefined,
      'complete',
      'complete',
    ]);
  });

  test('that stops with one of two choices unfinished is cut', () => {
    const { ended, text } = endOf(openaiChat, to, [delta({ content: 'a' }, 0), delta({ content: 'b' }, 1), delta({}, 0, 'stop')]);
    expect(ended).toEqual([undefined, undefined, undefined, 'cut']);
    expect(text.endsWith(cutError)).toBe(true);
  });

  test('that stops with both choices finished is complete', () => {
    const events = [delta({ content: 'a' }, 0), delta({ content: 'b' }, 1), delta({}, 1, 'stop'), delta({}, 0, 'length')];
    expect(endOf(openaiChat, to, events)).toMatchObject({ ended: [undefined, undefined, undefined, undefined, 'complete'] });
    expect(endOf(openaiChat, to, events).text).not.toContain(cutError);
  });

  test('that says nothing at all is cut', () => {
    expect(endOf(openaiChat, to, []).ended).toEqual(['cut']);
  });

  test('that fails has failed, whatever comes after', () => {
    const error = 'data: {"error":{"message":"Busy"}}\n\n';
    expect(endOf(openaiChat, to, [delta({ content: 'a' }, 0, 'stop'), error, delta({}, 0, 'stop'), done]).ended).toEqual([
      undefined,
      'failed',
      'failed',
      'failed',
      'failed',
    ]);
  });

  test('that cannot be carried has failed, and gives the client nothing more', () => {
    const broken: PartFilter = (part) => {
      if (part.type === 'text' && part.text === 'b') throw new Error('bug');
      return [part];
    };
    const { ended, text } = endOf(
      openaiChat,
      to,
      [delta({ content: 'a' }), delta({ content: 'b' }), delta({ content: 'c' }, 0, 'stop'), done],
      broken,
    );
    expect(ended).toEqual([undefined, 'failed', 'failed', 'failed', 'failed']);
    expect(text.endsWith('data: {"failed":true}\n\n')).toBe(true);
  });
});

test('what a server tool of Anthropic’s asks gives clients of another protocol no empty chunk', () => {
  const events = [
    anthropicEvents[0] ?? '',
    anthropicEvent({ type: 'content_block_start', index: 0, content_block: { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} } }),
    anthropicEvent({ type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"query":"x"}' } }),
    anthropicEvent({ type: 'content_block_stop', index: 0 }),
    ...anthropicEvents.slice(-2),
  ];
  expect(run(hop(anthropicMessages, openaiChat), Buffer.from(events.join('')), [])).not.toContain('"delta":{"content"');
});

test('text that is put back into an input which came whole stands where the block opens', () => {
  const input = { to: '[NAME_1]' };
  const events = [
    anthropicEvents[0] ?? '',
    anthropicEvent({ type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't1', name: 'mail', input } }),
    anthropicEvent({ type: 'content_block_stop', index: 0 }),
    ...anthropicEvents.slice(-2),
  ];
  const text = run(hop(anthropicMessages, anthropicMessages, holdBrackets()), Buffer.from(events.join('')), []);
  expect(read(anthropicMessages, text).texts).toEqual(['{"to":"Zoë"}']);
});

test('text held from the event that opens a block of Anthropic’s goes out as a delta, not as a second opening', () => {
  const events = [
    anthropicEvents[0] ?? '',
    anthropicEvent({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '[NA' } }),
    anthropicEvent({ type: 'content_block_stop', index: 0 }),
    ...anthropicEvents.slice(-2),
  ];
  const text = run(hop(anthropicMessages, anthropicMessages, holdBrackets()), Buffer.from(events.join('')), []);
  expect(text.match(/"type":"content_block_start"/g)).toHaveLength(1);
  expect(read(anthropicMessages, text).texts).toEqual(['[NA']);
});

describe('a JSON answer', () => {
  const openaiAnswer = `{ "id":"c1", "object":"chat.completion","created":1,"model":"m", "big": 12345678901234567890,
 "choices":[{"index":0,"message":{"role":"assistant","content":"Hi [NAME_1]","refusal":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"mail","arguments":"{\\"n\\":12345678901234567890,\\"to\\":\\"[NAME_1]\\"}"}}]},"finish_reason":"tool_calls","logprobs":null}],
 "usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}`;
  const anthropicAnswer = `{"id":"m1","type":"message","role":"assistant","model":"c","content":[{"type":"text","text":"Hi [NAME_1]"},{"type":"tool_use","id":"t1","name":"mail","input":{"n":12345678901234567890,  "to":"[NAME_1]"}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":3}}`;

  test.each([
    [openaiChat, openaiAnswer],
    [anthropicMessages, anthropicAnswer],
  ])('is left alone where nothing changes it', (protocol, text) => {
    expect(relayAnswer(Buffer.from(text), hop(protocol, protocol))).toBeUndefined();
    expect(
      relayAnswer(
        Buffer.from(text),
        hop(protocol, protocol, (part) => [part]),
      ),
    ).toBeUndefined();
  });

  test.each([
    [openaiChat, openaiAnswer],
    [anthropicMessages, anthropicAnswer],
  ])('changes in its texts alone', (protocol, text) => {
    expect(relayAnswer(Buffer.from(text), hop(protocol, protocol, holdBrackets()))?.toString()).toBe(text.replaceAll('[NAME_1]', 'Zoë'));
  });

  test.each([
    [openaiChat, anthropicMessages, openaiAnswer],
    [anthropicMessages, openaiChat, anthropicAnswer],
  ])('keeps 64-bit integers in tool arguments across protocols', (from, to, text) => {
    const answer = relayAnswer(Buffer.from(text), hop(from, to, holdBrackets()))?.toString() ?? '';
    expect(answer).toContain('12345678901234567890');
    expect(answer).toContain('Hi Zoë');
  });

  test.each([
    [
      openaiChat,
      '{"error":{"message":"Overloaded","type":"server_error","param":null,"code":null}}',
      { type: 'server_error', message: 'Overloaded' },
    ],
    [
      anthropicMessages,
      '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
      { type: 'overloaded_error', message: 'Overloaded' },
    ],
  ])('that is an error is thrown, to clients of either protocol', (from, text, failure) => {
    for (const to of [openaiChat, anthropicMessages]) {
      const relay = () => relayAnswer(Buffer.from(text), hop(from, to));
      expect(relay).toThrow(AnswerFailure);
      expect(relay).toThrow(expect.objectContaining({ failure: expect.objectContaining(failure) }));
    }
  });
});
