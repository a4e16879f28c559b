import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answers as anthropicAnswers } from '../../test/recordings/anthropic-messages/answers.ts';
import { bytesOf as anthropicBytes, streams as anthropicStreams } from '../../test/recordings/anthropic-messages/streams.ts';
import { answers as bedrockAnswers } from '../../test/recordings/bedrock-converse/answers.ts';
import { bytesOf as bedrockBytes, streams as bedrockStreams } from '../../test/recordings/bedrock-converse/streams.ts';
import { answers as cohereEmbeddings } from '../../test/recordings/cohere-embed/answers.ts';
import { answers as cohereRankings } from '../../test/recordings/cohere-rerank/answers.ts';
import { answers as geminiAnswers } from '../../test/recordings/gemini-generate/answers.ts';
import { bytesOf as geminiBytes, streams as geminiStreams } from '../../test/recordings/gemini-generate/streams.ts';
import { answers as chatAnswers } from '../../test/recordings/openai-chat/answers.ts';
import { bytesOf as chatBytes, streams as chatStreams } from '../../test/recordings/openai-chat/streams.ts';
import { answers as completions } from '../../test/recordings/openai-completions/answers.ts';
import { streams as completionStreams } from '../../test/recordings/openai-completions/streams.ts';
import { answers as embeddings } from '../../test/recordings/openai-embeddings/answers.ts';
import { answers as responses } from '../../test/recordings/openai-responses/answers.ts';
import { bytesOf as responsesBytes, streams as responsesStreams } from '../../test/recordings/openai-responses/streams.ts';
import { answers as rankings } from '../../test/recordings/rerank/answers.ts';
import { JsonFieldError, JsonSyntaxError } from '../framing/json.ts';
import type { StreamEvent } from '../framing/event.ts';
import { isTextPart, type Part } from '../llm/part.ts';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { bedrockConverse } from './bedrock-converse/index.ts';
import { cohereEmbed } from './cohere-embed/index.ts';
import { cohereRerank } from './cohere-rerank/index.ts';
import { AnswerFailure } from './failure.ts';
import { geminiGenerate } from './gemini-generate/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import { openaiCompletions } from './openai-completions/index.ts';
import { openaiEmbeddings } from './openai-embeddings/index.ts';
import { openaiResponses } from './openai-responses/index.ts';
import type { LocatedPart, Protocol } from './protocol.ts';
import { createStreamRelay, relayAnswer, type RelayOptions } from './relay.ts';
import { rerank } from './rerank/index.ts';
import { FramingError, EventTooLargeError } from '../framing/event.ts';

const chatProtocols: readonly Protocol[] = [openaiChat, openaiResponses, openaiCompletions, anthropicMessages, geminiGenerate, bedrockConverse];
const clients: readonly Protocol[] = [...chatProtocols, openaiEmbeddings, cohereEmbed, rerank, cohereRerank];

interface Recorded {
  protocol: Protocol;
  answers: readonly object[];
  streams: readonly Buffer[];
}

const recorded: readonly Recorded[] = [
  { protocol: openaiChat, answers: Object.values(chatAnswers), streams: Object.values(chatStreams).map((stream) => chatBytes(stream)) },
  { protocol: openaiResponses, answers: Object.values(responses), streams: Object.values(responsesStreams).map((stream) => responsesBytes(stream)) },
  { protocol: openaiCompletions, answers: Object.values(completions), streams: Object.values(completionStreams).map((stream) => chatBytes(stream)) },
  {
    protocol: anthropicMessages,
    answers: Object.values(anthropicAnswers),
    streams: Object.values(anthropicStreams).map((stream) => anthropicBytes(stream)),
  },
  { protocol: geminiGenerate, answers: Object.values(geminiAnswers), streams: Object.values(geminiStreams).map((stream) => geminiBytes(stream)) },
  { protocol: bedrockConverse, answers: Object.values(bedrockAnswers), streams: Object.values(bedrockStreams).map((stream) => bedrockBytes(stream)) },
  { protocol: openaiEmbeddings, answers: Object.values(embeddings), streams: [] },
  { protocol: cohereEmbed, answers: Object.values(cohereEmbeddings), streams: [] },
  { protocol: rerank, answers: Object.values(rankings), streams: [] },
  { protocol: cohereRerank, answers: Object.values(cohereRankings), streams: [] },
];

/** What a broken provider may have in the place of any value. */
const wrong = fc.constantFrom<unknown>(
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  '',
  'x',
  '\ud800',
  '{',
  'end_turn',
  [],
  {},
  [null],
  [[]],
  [{}],
  ['x'],
  { type: 'x' },
  { a: { b: [] } },
);

type Path = (string | number)[];
function* pathsIn(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* pathsIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

/** A copy with one value replaced, or, where `value` is `gone`, left out. */
const gone = Symbol('gone');
function mutated(document: unknown, pick: number, value: unknown): unknown {
  const paths = [...pathsIn(document)];
  const path = paths[pick % paths.length] ?? [];
  const put = (node: unknown, depth: number): unknown => {
    if (depth === path.length) return value;
    if (Array.isArray(node))
      return node.flatMap((item, index) => (index === path[depth] ? [put(item, depth + 1)].filter((each) => each !== gone) : [item]));
    const fields = Object.entries(node as object).map(([key, field]) => [key, key === path[depth] ? put(field, depth + 1) : field] as const);
    return Object.fromEntries(fields.filter(([, field]) => field !== gone));
  };
  const whole = put(document, 0);
  return whole === gone ? null : whole;
}

const mutation = fc.tuple(fc.nat(), fc.oneof(wrong, fc.constant(gone)));
const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });
const withMutations = (document: unknown, changes: readonly (readonly [number, unknown])[]): unknown =>
  changes.reduce<unknown>((whole, [pick, value]) => mutated(whole, pick, value), document);

/** Changes what a person reads; in arguments, which are JSON, only what may be there at most once and leaves them JSON. */
const filter = (part: Part): readonly Part[] => {
  if (!isTextPart(part)) return [part];
  return [{ ...part, text: part.type === 'tool-arguments' ? part.text.replace('{"', '{ "') : part.text.toUpperCase() }];
};

function options(from: Protocol, to: Protocol, isFiltered: boolean): RelayOptions {
  const kept = from === to ? from.keptIds : undefined;
  return {
    from: { protocol: from, framing: from.framing },
    to: { protocol: to, framing: to.framing },
    finish: (part) => [part],
    isRewritten: false,
    storedIds: kept && { known: new Map(), kept, isStored: true, seal: (id) => `rmr1_${id}` },
    observe: () => {},
    filter: isFiltered ? filter : undefined,
    options: { wantsUsage: true, createdAt: 1_700_000_000, model: 'm' },
  };
}

const isProviders = (error: unknown): boolean =>
  error instanceof AnswerFailure ||
  error instanceof JsonFieldError ||
  error instanceof JsonSyntaxError ||
  error instanceof FramingError ||
  error instanceof EventTooLargeError;

const sdkReads = (protocol: Protocol, bytes: Buffer): LocatedPart[] => {
  const parser = protocol.framing.createParser();
  const decoder = protocol.createDecoder();
  const rest = parser.end.bind(parser);
  const events = parser.push(bytes);
  const last = rest();
  return [...events, ...(last === undefined ? [] : [last])].flatMap((event) => decoder.push(event));
};

describe.each(recorded.map((each) => ({ name: each.protocol.name, ...each })))(
  'a broken provider of $name',
  ({ protocol: from, answers, streams }) => {
    test.each(clients.filter((to) => to.operation === from.operation))(
      'whose JSON answer has anything anywhere fails as itself, or reaches a client of $name',
      (to) => {
        fc.assert(
          fc.property(fc.constantFrom(...answers), mutations, fc.boolean(), (answer, changes, isFiltered) => {
            const bytes = Buffer.from(JSON.stringify(withMutations(answer, changes)));
            let sent: Buffer;
            try {
              sent = relayAnswer(bytes, options(from, to, isFiltered)) ?? bytes;
            } catch (error) {
              if (isProviders(error)) return;
              throw error;
            }
            expect(JSON.parse(sent.toString())).toBeDefined();
            if (from !== to && from.operation === 'chat') to.decodeAnswer(sent);
          }),
          { numRuns: 100 },
        );
      },
    );

    if (streams.length === 0) return;
    const events = streams.map((stream) => {
      const parser = from.framing.createParser();
      return parser.push(stream);
    });

    test.each(clients.filter((to) => to.operation === from.operation))(
      'whose stream has anything anywhere ends, and a client of $name can read it',
      (to) => {
        const change = fc.record({ event: fc.nat(), to: fc.oneof(mutations, fc.constantFrom('drop' as const, 'repeat' as const, 'swap' as const)) });
        fc.assert(
          fc.property(
            fc.nat({ max: events.length - 1 }),
            fc.array(change, { maxLength: 4 }),
            fc.nat(),
            fc.integer({ min: 1, max: 400 }),
            fc.boolean(),
            (stream, changes, cut, size, isFiltered) => {
              const broken = [...(events[stream] ?? [])];
              for (const { event, to: what } of changes) {
                const at = event % Math.max(broken.length, 1);
                const found = broken[at];
                if (found === undefined) break;
                if (what === 'drop') broken.splice(at, 1);
                else if (what === 'repeat') broken.splice(at, 0, found);
                else if (what === 'swap') broken.push(...broken.splice(at, 1));
                else broken[at] = changed(from, found, what);
              }
              const all = Buffer.concat(broken.map(({ raw }) => raw));
              const bytes = cut % 3 === 0 ? all.subarray(0, cut % (all.length + 1)) : all;
              const thrown: unknown[] = [];
              const relay = createStreamRelay(options(from, to, isFiltered), {
                cut: () => to.encodeStreamError({ status: 502, code: 'provider-cut', message: 'Cut.' }),
                failed: (cause) => {
                  thrown.push(cause);
                  return to.encodeStreamError({ status: 502, code: 'provider-error', message: 'Failed.' });
                },
              });
              const sent: Buffer[] = [];
              for (let at = 0; at < bytes.length; at += size) {
                const chunk = bytes.subarray(at, at + size);
                sent.push(relay.push(chunk, false) ?? chunk);
              }
              sent.push(relay.push(Buffer.alloc(0), true) ?? Buffer.alloc(0));
              for (const cause of thrown) if (!isProviders(cause)) throw cause;
              expect(['complete', 'failed', 'cut']).toContain(relay.ended);
              const parts = sdkReads(to, Buffer.concat(sent));
              if (from !== to && relay.ended !== 'complete') expect(parts.at(-1)?.type).toBe('error');
              if (from !== to && relay.ended === 'complete') expect(parts.filter(({ type }) => type === 'error')).toEqual([]);
            },
          ),
          { numRuns: 100 },
        );
      },
    );
  },
);

/** An event with other data in it. */
function changed(protocol: Protocol, event: StreamEvent, changes: readonly (readonly [number, unknown])[]): StreamEvent {
  let document: unknown;
  try {
    document = JSON.parse(event.data);
  } catch {
    return event;
  }
  const data = JSON.stringify(withMutations(document, changes)) ?? 'null';
  return { ...event, data, raw: Buffer.from(protocol.framing.withData(event, data)) };
}
