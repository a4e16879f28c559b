import { describe, expect, test } from 'vitest';
import { answers, envelope, failed } from '../../../test/recordings/openai-responses/answers.ts';
import { bytesOf, failures, streams } from '../../../test/recordings/openai-responses/streams.ts';
import { sse, SseParser } from '../../framing/sse.ts';
import { isTextPart, type Part } from '../../llm/part.ts';
import { Placeholders } from '../../policies/redact/placeholders.ts';
import { Restorer } from '../../policies/redact/restore.ts';
import { withoutPlaces } from '../protocol.contract.ts';
import { isEcho, type LocatedPart } from '../protocol.ts';
import { createStreamRelay } from '../relay.ts';
import type { PartFilter } from '../rewriter.ts';
import { openaiResponses } from './index.ts';

function read(bytes: Buffer): LocatedPart[] {
  const decoder = openaiResponses.createDecoder();
  return new SseParser().push(bytes).flatMap((event) => decoder.push(event));
}

const said = (bytes: Buffer): Part[] => withoutPlaces(read(bytes));
const eventBytes = (...events: object[]): Buffer => Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''));
const usage = {
  inputTokens: 82,
  cacheReadTokens: 64,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  inputAudioTokens: 0,
  outputTokens: 17,
  reasoningTokens: 5,
  serviceTier: '',
  outputAudioTokens: 0,
};
const ending = (unified: string, raw = 'completed'): object[] => [
  { type: 'usage', usage },
  { type: 'finish', choice: 0, reason: { unified, raw } },
  { type: 'end' },
];

describe('a stream of OpenAI', () => {
  test('becomes parts, block by block', () => {
    expect(said(bytesOf(streams.tools))).toEqual([
      { type: 'start', id: 'resp_tools', model: 'gpt-5-mini-2025-08-07' },
      { type: 'reasoning', choice: 0, block: 0, text: '**Looking** for' },
      { type: 'reasoning', choice: 0, block: 0, text: ' orders' },
      { type: 'block-end', choice: 0, block: 0 },
      { type: 'reasoning', choice: 0, block: 1, text: '**Choosing** one' },
      { type: 'reasoning-state', choice: 0, block: 1, state: { origin: 'openai', kind: 'encrypted', value: 'gAAAAAtools', id: 'rs_tools' } },
      { type: 'block-end', choice: 0, block: 1 },
      { type: 'text', choice: 0, block: 2, text: 'Looking.' },
      { type: 'block-end', choice: 0, block: 2 },
      { type: 'tool-call', choice: 0, block: 3, id: 'call_a', name: 'find_order' },
      { type: 'tool-arguments', choice: 0, block: 3, text: '{"order":92233' },
      { type: 'tool-arguments', choice: 0, block: 3, text: '72036854775807}' },
      { type: 'block-end', choice: 0, block: 3 },
      { type: 'tool-call', choice: 0, block: 4, id: 'call_b', name: 'list_orders' },
      { type: 'tool-arguments', choice: 0, block: 4, text: '{}' },
      { type: 'block-end', choice: 0, block: 4 },
      ...ending('tool-calls'),
    ]);
  });

  test('loses no text and no arguments that come only as a whole', () => {
    expect(said(bytesOf(streams.wholeAtOnce)).filter(isTextPart)).toMatchObject([
      { type: 'text', text: 'Looking for it.' },
      { type: 'tool-arguments', block: 1, text: '{"order":1}' },
      { type: 'tool-arguments', block: 2, text: '{"order":2}' },
    ]);
  });

  test.each(Object.entries(answers))('of which only the last event came says all that "%s" says', (_name, response) => {
    const body = Buffer.from(JSON.stringify(response));
    const event = eventBytes({ type: `response.${response.status}`, sequence_number: 9, response });
    expect(said(event)).toEqual(withoutPlaces(openaiResponses.decodeAnswer(body)));
  });

  test('of reasoning that nobody may see has its state in a block alone', () => {
    expect(said(bytesOf(streams.hiddenReasoning)).slice(1, 3)).toEqual([
      { type: 'reasoning-state', choice: 0, block: 0, state: { origin: 'openai', kind: 'encrypted', value: 'gAAAAAhidden', id: 'rs_hidden' } },
      { type: 'block-end', choice: 0, block: 0 },
    ]);
  });

  test('has log probabilities once, behind the text', () => {
    const top = [
      { token: 'Heads', logprob: -0.5, bytes: [...Buffer.from('Heads')] },
      { token: 'Tails', logprob: -0.9, bytes: [...Buffer.from('Tails')] },
    ];
    expect(said(bytesOf(streams.logprobs)).filter(({ type }) => type === 'logprobs')).toEqual([
      { type: 'logprobs', choice: 0, block: 0, tokens: [{ ...top[0], top }] },
    ]);
  });

  test.each([
    ['refusal', ending('refusal')],
    ['length', ending('length', 'max_output_tokens')],
    ['text', ending('stop')],
  ] as const)('"%s" ends as it ended', (name, expected) => {
    expect(said(bytesOf(streams[name])).slice(-3)).toEqual(expected);
  });

  test('keeps apart the arguments of calls whose events are mixed', () => {
    const call = (output_index: number) => ({
      type: 'function_call',
      id: `fc_${output_index}`,
      call_id: `c${output_index}`,
      name: 'f',
      arguments: '',
    });
    const added = (output_index: number) => ({ type: 'response.output_item.added', output_index, item: call(output_index) });
    const delta = (output_index: number, text: string) => ({ type: 'response.function_call_arguments.delta', output_index, delta: text });
    const args = said(eventBytes(added(0), added(1), delta(0, '{"a"'), delta(1, '{"b"'), delta(0, ':1}'), delta(1, ':2}'))).filter(isTextPart);
    expect(args.map(({ block, text }) => [block, text])).toEqual([
      [0, '{"a"'],
      [1, '{"b"'],
      [0, ':1}'],
      [1, ':2}'],
    ]);
  });

  test('with events and items that nobody knows, or a keep-alive, says what the rest says', () => {
    const unknown = eventBytes(
      { type: 'response.hologram.delta', delta: 'x' },
      { type: 'response.output_item.added', output_index: 7, item: { type: 'hologram', text: 'x' } },
      { type: 'response.output_item.done', output_index: 7, item: { type: 'hologram', text: 'x' } },
      { type: 'keepalive' },
      [],
    );
    const bytes = bytesOf(streams.text);
    const end = bytes.indexOf('event: response.output_item.added');
    expect(said(Buffer.concat([bytes.subarray(0, end), unknown, Buffer.from(': ping\n\n'), bytes.subarray(end)]))).toEqual(said(bytes));
    expect(said(Buffer.concat([bytes, Buffer.from('data: [DONE]\n\n')]))).toEqual(said(bytes));
  });
});

describe('an error', () => {
  test('in a stream ends it, however it is written', () => {
    const failure = { status: 429, type: 'rate_limit_exceeded', message: 'Too fast.' };
    expect(said(bytesOf(failures.errorEvent)).at(-1)).toEqual({ type: 'error', failure });
    const nested = { type: 'error', sequence_number: 1, error: { type: 'tokens', code: 'rate_limit_exceeded', message: 'Too fast.', param: null } };
    expect(said(eventBytes(nested))).toEqual([{ type: 'error', failure }]);
    expect(said(eventBytes({ error: { code: 'rate_limit_exceeded', message: 'Too fast.' } }))).toEqual([{ type: 'error', failure }]);
  });

  test('of a response that failed comes with its usage', () => {
    const expected = [
      { type: 'usage', usage },
      { type: 'error', failure: { status: 500, type: 'server_error', message: 'The model is gone.' } },
    ];
    expect(said(bytesOf(failures.failedResponse)).slice(1)).toEqual(expected);
    expect(withoutPlaces(openaiResponses.decodeAnswer(Buffer.from(JSON.stringify(failed)))).slice(1)).toEqual(expected);
  });

  test('without a word says at least that it is one', () => {
    expect(
      said(eventBytes({ type: 'response.failed', response: { ...envelope, id: 'r', status: 'failed', error: null, output: [], usage: null } })).at(
        -1,
      ),
    ).toEqual({
      type: 'error',
      failure: { status: 502, type: '', message: 'The provider ended its answer with an error.' },
    });
  });

  test('is the end: nothing behind it completes the answer', () => {
    expect(said(Buffer.concat([bytesOf(failures.errorEvent), bytesOf(streams.text)])).at(-1)).toMatchObject({ type: 'error' });
  });
});

describe('an answer that a provider keeps', () => {
  test('is no error while it is not there yet', () => {
    const queued = { ...envelope, id: 'resp_1', status: 'queued', output: [], usage: null };
    expect(openaiResponses.decodeAnswer(Buffer.from(JSON.stringify(queued)))).toEqual([
      { type: 'start', id: 'resp_1', model: 'gpt-5-mini-2025-08-07' },
      { type: 'finish', choice: 0, reason: { unified: 'other', raw: 'queued' } },
      { type: 'end' },
    ]);
  });

  test.each(['{"object":"response"}', '[]', '"x"'])('%s is no answer', (body) => {
    expect(() => openaiResponses.decodeAnswer(Buffer.from(body))).toThrow(expect.objectContaining({ name: 'JsonFieldError' }));
  });
});

describe('for a client of the same protocol', () => {
  function relayed(bytes: Buffer, filter: PartFilter): string {
    const side = { protocol: openaiResponses, framing: sse };
    const options = { wantsUsage: true, createdAt: 0 };
    const relay = createStreamRelay(
      { from: side, to: side, finish: (part) => [part], isRewritten: false, storedIds: undefined, observe: () => {}, filter, options },
      { cut: () => [{ data: 'cut' }], failed: (cause) => [{ data: String(cause) }] },
    );
    return Buffer.concat([relay.push(bytes, false) ?? bytes, relay.push(Buffer.alloc(0), true) ?? Buffer.alloc(0)]).toString();
  }

  const events = (text: string) => new SseParser().push(Buffer.from(text)).map(({ data }) => JSON.parse(data) as Record<string, unknown>);

  test('a placeholder is restored in its pieces and wherever else it is said again', () => {
    const placeholders = new Placeholders();
    const name = placeholders.of('email', 'bob@b.de');
    const place = { item_id: 'msg_1', output_index: 0, content_index: 0 };
    const text = `Mail ${name} now: ${name}`;
    const message = (status: string, content: object[]) => ({ id: 'msg_1', type: 'message', role: 'assistant', status, content });
    const part = (value: string) => ({ type: 'output_text', text: value, annotations: [] });
    const response = { ...envelope, id: 'resp_1', instructions: `Help ${name}`, metadata: { who: name } };
    const sent = eventBytes(
      { type: 'response.created', response: { ...response, output: [] } },
      { type: 'response.output_item.added', output_index: 0, item: message('in_progress', []) },
      { type: 'response.content_part.added', ...place, part: part('') },
      ...[`Mail ${name.slice(0, 3)}`, `${name.slice(3)} now: ${name.slice(0, 4)}`, name.slice(4, -1), ']'].map((delta) => ({
        type: 'response.output_text.delta',
        ...place,
        delta,
        logprobs: [{ token: 'x', logprob: 0, top_logprobs: [] }],
      })),
      { type: 'response.output_text.done', ...place, text },
      { type: 'response.content_part.done', ...place, part: part(text) },
      { type: 'response.output_item.done', output_index: 0, item: message('completed', [part(text)]) },
      { type: 'response.completed', response: { ...response, output: [message('completed', [part(text)])], output_text: text } },
    );
    const restorer = new Restorer(placeholders);
    const got = relayed(sent, (each) => restorer.push(each));
    expect(got).not.toContain(name);
    const restored = 'Mail bob@b.de now: bob@b.de';
    expect(
      events(got)
        .map(({ delta }) => (typeof delta === 'string' ? delta : ''))
        .join(''),
    ).toBe(restored);
    expect(got.split(restored)).toHaveLength(6);
    expect(events(got).at(-1)).toMatchObject({ response: { instructions: 'Help bob@b.de', metadata: { who: 'bob@b.de' } } });
  });

  /** Keeps all text back until its block ends, but for reasoning, which its maker may have signed. */
  const holding = (): PartFilter => {
    const held = new Map<number, Part & { text: string }>();
    return (part) => {
      if (isTextPart(part) && part.type !== 'reasoning') {
        held.set(part.block, { ...part, text: (held.get(part.block)?.text ?? '') + part.text });
        return [];
      }
      if (part.type !== 'block-end') return [part];
      const released = held.get(part.block);
      held.delete(part.block);
      return released === undefined ? [part] : [released, part];
    };
  };

  test('text that was held back goes out in a delta before the event that sums it up, and log probabilities are not told twice', () => {
    const got = events(relayed(bytesOf(streams.logprobs), holding()));
    expect(got.slice(4, 7)).toMatchObject([
      { type: 'response.output_text.delta', delta: '', logprobs: [{ token: 'Heads' }] },
      { type: 'response.output_text.delta', delta: 'Heads', logprobs: [], item_id: 'msg_logprobs' },
      { type: 'response.output_text.done', text: 'Heads' },
    ]);
  });

  test.each(Object.keys(streams) as (keyof typeof streams)[])('"%s" says the same though all its text is held back', (name) => {
    const bytes = bytesOf(streams[name]);
    const texts = (parts: Part[]) => {
      const byBlock = new Map<number, string>();
      for (const part of parts.filter(isTextPart)) byBlock.set(part.block, (byBlock.get(part.block) ?? '') + part.text);
      return byBlock;
    };
    expect(texts(said(Buffer.from(relayed(bytes, holding()))))).toEqual(texts(said(bytes)));
  });

  test('all that is said again is known to be', () => {
    const again = read(bytesOf(streams.tools)).filter(isEcho);
    const texts = [...new Set(again.map(({ text }) => text))];
    expect(texts).toEqual(['Be good to Bob.', '**Looking** for orders', '**Choosing** one', 'Looking.', '{"order":9223372036854775807}', '{}']);
    expect(again.filter(({ text }) => text === 'Looking.').map(({ place }) => place.path.join('.'))).toEqual([
      'text',
      'part.text',
      'item.content.0.text',
      'response.output.1.content.0.text',
    ]);
  });
});
