import { describe, expect, test } from 'vitest';
import type { StreamEvent, WrittenEvent } from '../framing/event.ts';
import { parseJson } from '../framing/json.ts';
import { isTextPart, type FinishReason, type Part } from '../llm/part.ts';
import type { OpaqueState } from '../llm/state.ts';
import { sse } from '../framing/sse.ts';
import { isEcho, type LocatedPart, type PathFacts, type Protocol } from './protocol.ts';
import { createStreamRelay, relayAnswer, type RelayOptions } from './relay.ts';
import type { AnswerEnd } from './relay-progress.ts';
import type { PartFilter } from './rewriter.ts';

/** What differs between protocols in requests that every one of them must read alike. */
export interface RequestSamples {
  /** The smallest request. */
  request: Readonly<Record<string, unknown>>;
  /** What the path says of it. */
  path?: PathFacts;
  /** Requests at whose facts a field is at fault, with the field; beyond what every protocol refuses. */
  faults?: readonly (readonly [fields: object, field: string])[];
  /** Further places where people write, by what they are: fields of a request with the value there. `value` is a string or a number. */
  places: Readonly<Record<string, (value: unknown) => object>>;
  /** Further fields that a request must have. */
  requiredFields: readonly string[];
}

/** What differs between protocols in the places and recordings that every one of them must handle alike. */
export interface ProtocolSamples extends RequestSamples {
  /** Fields of a request in which a person says this, or these content items, and more fields of that message. `{messages: [{role: 'user', content}]}` where it is absent. */
  withMessage?: (content: unknown, more: object) => object;
  /** Fields of a request with a tool whose arguments have this schema; absent where there are no tools. */
  withTool?: (schema: object) => object;
  /** Fields of a request in which a tool was called with these arguments and answered this; absent where there are no tools. */
  withToolCall?: (input: object, result: unknown) => object;
  /** Bytes of recorded streams that end well. */
  streams: Readonly<Record<string, Buffer>>;
  /** True: no event ends a stream; it is complete when it ends after all its choices finished. */
  endsSilently?: boolean;
  /** Recorded JSON answers. */
  answers: Readonly<Record<string, object>>;
  /** What the vendor's own SDK makes of a stream: the JSON answer that says the same. */
  collect: (stream: Buffer) => Promise<object>;
}

const withSchema = (keywords: object): object => ({ type: 'object', properties: { who: keywords } });
const asMessages = (content: unknown, more: object = {}): object => ({ messages: [{ role: 'user', content, ...more }] });

type Places = RequestSamples['places'];

/** Places for personal data that every request has. */
const anyPlaces: Places = {
  'an unknown field': (value) => ({ vendor: value }),
  'an unknown field, deep': (value) => ({ vendor: [{ note: { by: [value] } }] }),
  'the name of an unknown field': (value) => ({ [String(value)]: true }),
  'the name of a field in an unknown one': (value) => ({ vendor: { [String(value)]: null } }),
  metadata: (value) => ({ metadata: { note: value } }),
  'the name of a field of metadata': (value) => ({ metadata: { [String(value)]: 'x' } }),
  'an object where a name belongs': (value) => ({ model: { name: value } }),
};

const messagePlaces = (inMessages: NonNullable<ProtocolSamples['withMessage']>): Places => ({
  'the text of a message': (value) => inMessages(value, {}),
  'a text item of a message': (value) => inMessages([{ type: 'text', text: value }], {}),
  'an item of an unknown type': (value) => inMessages([{ type: 'hologram', caption: { lines: [value] } }], {}),
  'an unknown field of a message': (value) => inMessages('Hi', { vendor: { by: [value] } }),
  'the name of an unknown field of a message': (value) => inMessages('Hi', { [String(value)]: true }),
});

const callPlaces = (withToolCall: NonNullable<ProtocolSamples['withToolCall']>): Places => ({
  'the arguments of a tool call': (value) => withToolCall({ to: { address: [value] } }, 'sent'),
  'a name in the arguments of a tool call': (value) => withToolCall({ [String(value)]: 1 }, 'sent'),
  'the result of a tool call': (value) => withToolCall({}, value),
});

const toolPlaces = (withTool: NonNullable<ProtocolSamples['withTool']>): Places => ({
  ...Object.fromEntries(
    ['title', 'description', 'default', 'const', '$comment', 'x-vendor'].map((keyword) => [
      `${keyword} in the schema of a tool`,
      (value: unknown) => withTool(withSchema({ [keyword]: value })),
    ]),
  ),
  'enum in the schema of a tool': (value) => withTool(withSchema({ enum: ['x', value] })),
  'examples in the schema of a tool': (value) => withTool(withSchema({ examples: [{ who: value }] })),
  'an unknown keyword in the schema of a tool': (value) => withTool(withSchema({ [String(value)]: 1 })),
});

/** Places for personal data that every protocol of chat has. */
const chatPlaces = ({ withTool, withToolCall, withMessage = asMessages, places }: ProtocolSamples): Places => ({
  ...places,
  ...messagePlaces(withMessage),
  ...(withToolCall !== undefined && callPlaces(withToolCall)),
  ...(withTool !== undefined && toolPlaces(withTool)),
});

/** Offsets of a text in a body at which no spot stands. */
function uncovered(protocol: Protocol, json: string, text: string): number[] {
  const bytes = Buffer.from(json);
  const spots = protocol.requestTexts(parseJson(bytes)).map(({ node }) => [node.start, node.end] as const);
  const missed: number[] = [];
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) {
    if (!spots.some(([start, end]) => start <= at && at < end)) missed.push(at);
  }
  return missed;
}

/** Parts as tests write them: those that were read know their places besides. */
export const withoutPlaces = (parts: readonly LocatedPart[]): Part[] =>
  parts
    .filter((part) => !isEcho(part))
    .map((part) => {
      const { place: _, ...rest } = { place: undefined, ...part };
      return rest;
    });

interface SaidBlock {
  type: string;
  /** Tool arguments as a value: white space in them says nothing. */
  said: unknown;
  call?: { id: string; name: string };
  state?: OpaqueState;
}

/** What an answer says, however it was cut into parts and its blocks were numbered. */
function saidBy(parts: readonly Part[]) {
  const blocks = new Map<string, { choice: number; type: string; text: string; call?: { id: string; name: string }; state?: OpaqueState }>();
  const answer = { id: '', model: '', usage: {}, finishes: new Map<number, FinishReason>(), isEnded: false };
  for (const part of parts) {
    if (part.type === 'start') Object.assign(answer, { id: part.id, model: part.model });
    else if (part.type === 'usage') answer.usage = part.usage;
    else if (part.type === 'finish') answer.finishes.set(part.choice, part.reason);
    else if (part.type === 'end') answer.isEnded = true;
    else if (part.type === 'tool-call') {
      const { choice, block, id, name, state } = part;
      blocks.set(`${block}`, { choice, type: 'tool-call', text: '', call: { id, name }, ...(state !== undefined && { state }) });
    } else if (part.type === 'reasoning-state') {
      const block = blocks.get(`${part.block}`) ?? { choice: part.choice, type: 'reasoning', text: '' };
      blocks.set(`${part.block}`, { ...block, state: part.state });
    } else if (isTextPart(part)) {
      const block = blocks.get(`${part.block}`) ?? { choice: part.choice, type: part.type, text: '' };
      blocks.set(`${part.block}`, { ...block, text: block.text + part.text });
    }
  }
  const choices = new Map<number, SaidBlock[]>();
  for (const { choice, type, text, ...call } of blocks.values()) {
    choices.set(choice, [
      ...(choices.get(choice) ?? []),
      { type, said: type === 'tool-call' ? (JSON.parse(text || '{}') as unknown) : text, ...call },
    ]);
  }
  return { ...answer, choices };
}

/** What stays of it in a protocol's own words: why it ended, but not a word for that; state, but not the id its maker gave, for which it may come too late in a stream. */
function carried(parts: readonly Part[]) {
  const { finishes, choices, ...said } = saidBy(parts);
  return {
    ...said,
    choices: new Map([...choices].map(([choice, blocks]) => [choice, blocks.map(withoutStateId)])),
    finishes: new Map([...finishes].map(([choice, { unified, stopSequence }]) => [choice, [unified, stopSequence]])),
  };
}

const withoutStateId = ({ state, ...block }: SaidBlock) => ({ ...block, state: state && { ...state, id: undefined } });

function decodeStream(protocol: Protocol, chunks: readonly Buffer[]): LocatedPart[] {
  const parser = protocol.framing.createParser();
  const decoder = protocol.createDecoder();
  const rest = (): StreamEvent[] => [parser.end() ?? []].flat();
  return [...chunks.flatMap((chunk) => parser.push(chunk)), ...rest()].flatMap((event) => decoder.push(event));
}

/** The parts of a whole stream, with the `end` that those who read it add where its protocol does not say so. */
const wholeStream = (protocol: Protocol, bytes: Buffer, { endsSilently = false }: ProtocolSamples): Part[] => [
  ...withoutPlaces(decodeStream(protocol, [bytes])),
  ...(endsSilently ? [{ type: 'end' } as const] : []),
];

const options = { wantsUsage: true, createdAt: 1_700_000_000 };

function written(protocol: Protocol, events: readonly WrittenEvent[]): Buffer {
  const writer = protocol.framing.createWriter();
  return Buffer.concat([...events.map((event) => writer.write(event)), writer.end()].map((bytes) => Buffer.from(bytes)));
}

function encodeStream(protocol: Protocol, parts: readonly Part[]): Buffer {
  const encoder = protocol.createEncoder(options);
  return written(
    protocol,
    parts.flatMap((part) => encoder.push(part)),
  );
}

const toItself = (protocol: Protocol, filter?: PartFilter): RelayOptions => {
  const side = { protocol, framing: protocol.framing };
  return { from: side, to: side, finish: (part) => [part], isRewritten: false, storedIds: undefined, observe: () => {}, filter, options };
};

/** What a client gets of a stream that comes in these chunks, and how it ended. */
function relayed(protocol: Protocol, chunks: readonly Buffer[], filter?: PartFilter): { bytes: Buffer; ended: AnswerEnd | undefined } {
  const relay = createStreamRelay(toItself(protocol, filter), { cut: () => [{ data: 'cut' }], failed: (cause) => [{ data: String(cause) }] });
  const sent = [...chunks, Buffer.alloc(0)].map((chunk, index) => relay.push(chunk, index === chunks.length) ?? chunk);
  return { bytes: Buffer.concat(sent), ended: relay.ended };
}

/** Every way to cut bytes once, and all their bytes one by one. */
const cuts = (bytes: Buffer): Buffer[][] => [
  ...Array.from(bytes, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]),
  Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)),
];

const untouched: PartFilter = (part) => [part];
/** Changes texts so that JSON stays JSON. */
const changing: PartFilter = (part) => (isTextPart(part) && part.text.includes('o') ? [{ ...part, text: part.text.replaceAll('o', '00') }] : [part]);

/** What holds of every protocol's requests. */
export function requestContract(protocol: Protocol, samples: RequestSamples): void {
  describe(`${protocol.name}: what people write is found in`, () => {
    test.each(Object.entries({ ...samples.places, ...anyPlaces }))('%s', (_, place) => {
      for (const value of ['bob@example.com', 4_111_111_111_111_111]) {
        const json = JSON.stringify({ ...samples.request, ...place(value) });
        expect(json).toContain(String(value));
        expect(uncovered(protocol, json, String(value)), json).toEqual([]);
      }
    });
  });

  describe(`${protocol.name}: facts name the field at fault`, () => {
    const factsOf = (json: string) => () => protocol.facts(parseJson(Buffer.from(json)), samples.path ?? {});
    const fault = (field: string) => expect.objectContaining({ name: 'JsonFieldError', field });

    test.each(samples.requiredFields)('where %s is missing, null, or stands twice', (field) => {
      const { [field]: value, ...rest } = samples.request;
      expect(factsOf(JSON.stringify(rest))).toThrow(fault(field));
      expect(factsOf(JSON.stringify({ ...rest, [field]: null }))).toThrow(fault(field));
      expect(factsOf(`{"${field}":${JSON.stringify(value)},${JSON.stringify(samples.request).slice(1)}`)).toThrow(fault(field));
    });

    test.each([...(samples.faults ?? [])])('of a request with %j', (fields, field) => {
      expect(factsOf(JSON.stringify({ ...samples.request, ...fields }))).toThrow(fault(field));
    });
  });
}

/** What holds of every protocol of chat. */
export function protocolContract(protocol: Protocol, samples: ProtocolSamples): void {
  requestContract(protocol, { ...samples, places: chatPlaces(samples) });

  describe.each(Object.entries(samples.streams))(`${protocol.name}: the stream "%s"`, (_, bytes) => {
    const parts = wholeStream(protocol, bytes, samples);

    test('has the same parts wherever its bytes are cut', () => {
      const whole = JSON.stringify(decodeStream(protocol, [bytes]));
      for (const chunks of cuts(bytes)) expect(JSON.stringify(decodeStream(protocol, chunks))).toBe(whole);
      if (protocol.framing !== sse) return;
      const crlf = Buffer.from(bytes.toString().replaceAll('\n', '\r\n'));
      expect(wholeStream(protocol, crlf, samples)).toEqual(parts);
    });

    test('says what the JSON answer of the same content says', async () => {
      const answer = await samples.collect(bytes);
      expect(saidBy(withoutPlaces(protocol.decodeAnswer(Buffer.from(JSON.stringify(answer)))))).toEqual(saidBy(parts));
    });

    test('says the same once it was encoded, as a stream and as a JSON answer', () => {
      expect(carried(wholeStream(protocol, encodeStream(protocol, parts), samples))).toEqual(carried(parts));
      expect(carried(withoutPlaces(protocol.decodeAnswer(Buffer.from(protocol.encodeAnswer(parts, options)))))).toEqual(carried(parts));
    });

    test('reaches a client of its own protocol byte for byte, and is complete', () => {
      for (const chunks of cuts(bytes)) {
        for (const filter of [undefined, untouched]) {
          const { bytes: sent, ended } = relayed(protocol, chunks, filter);
          expect(ended).toBe('complete');
          if (!sent.equals(bytes)) expect(sent.toString()).toBe(bytes.toString());
        }
      }
    });

    test('is changed in its texts alone', () => {
      const { bytes: sent } = relayed(protocol, [bytes], changing);
      const changed = decodeStream(protocol, [sent]);
      expect(saidBy(wholeStream(protocol, sent, samples))).toEqual(saidBy(parts.flatMap(changing)));
      for (const { text } of changed.filter(isEcho)) expect(text).not.toContain('o');
    });
  });

  describe.each(Object.entries(samples.answers))(`${protocol.name}: the JSON answer "%s"`, (_, answer) => {
    const bytes = Buffer.from(JSON.stringify(answer));
    const parts = withoutPlaces(protocol.decodeAnswer(bytes));

    test('says the same once it was encoded, as a JSON answer and as a stream', () => {
      expect(carried(withoutPlaces(protocol.decodeAnswer(Buffer.from(protocol.encodeAnswer(parts, options)))))).toEqual(carried(parts));
      expect(carried(wholeStream(protocol, encodeStream(protocol, parts), samples))).toEqual(carried(parts));
    });

    test('reaches a client of its own protocol as it came', () => {
      expect(relayAnswer(bytes, toItself(protocol))).toBeUndefined();
      expect(relayAnswer(bytes, toItself(protocol, untouched))).toBeUndefined();
    });

    test('is changed in its texts alone', () => {
      const changed = relayAnswer(bytes, toItself(protocol, changing)) ?? bytes;
      expect(saidBy(withoutPlaces(protocol.decodeAnswer(changed)))).toEqual(saidBy(parts.flatMap(changing)));
    });
  });

  describe(`${protocol.name}: an error`, () => {
    const error = { status: 503, code: 'overloaded_error', message: 'Busy.' };

    test('is read as it was written: with an error status, in place of a JSON answer, and inside a stream', () => {
      const failure = { type: 'overloaded_error', message: 'Busy.' };
      const body = Buffer.from(protocol.encodeError(error));
      expect(protocol.decodeFailure(503, body)).toEqual({ status: 503, ...failure });
      expect(protocol.decodeAnswer(body)).toMatchObject([{ type: 'error', failure }]);
      expect(decodeStream(protocol, [written(protocol, protocol.encodeStreamError(error))])).toMatchObject([{ type: 'error', failure }]);
    });

    test('of an event that is no JSON ends the answer', () => {
      expect(decodeStream(protocol, [written(protocol, [{ data: '{oops' }])])).toMatchObject([{ type: 'error', failure: { status: 502 } }]);
    });

    test('ends what is encoded', () => {
      const failed: Part[] = [{ type: 'error', failure: { status: 503, type: 'busy', message: 'Busy.' } }];
      const more: Part[] = [{ type: 'text', choice: 0, block: 0, text: 'more' }, { type: 'end' }];
      expect(encodeStream(protocol, [...failed, ...more])).toEqual(encodeStream(protocol, failed));
    });
  });

  test.each(['text', 'refusal', 'reasoning', 'tool-arguments'] as const)(`${protocol.name}: an empty %s part becomes no event`, (type) => {
    expect(protocol.createEncoder(options).push({ type, choice: 0, block: 0, text: '' })).toHaveLength(0);
  });
}
