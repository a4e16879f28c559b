import { describe, expect, test } from 'vitest';
import { JsonFieldError, parseJson } from '../../src/framing/json.ts';
import { anthropicMessages } from '../../src/protocols/anthropic-messages/index.ts';
import { bedrockConverse } from '../../src/protocols/bedrock-converse/index.ts';
import { geminiGenerate } from '../../src/protocols/gemini-generate/index.ts';
import { openaiChat } from '../../src/protocols/openai-chat/index.ts';
import type { ChatProtocol } from '../../src/protocols/protocol.ts';
import { recordings, type ChatRecordings, type Json } from './chat.ts';

type Target = Pick<ChatRecordings, 'protocol' | 'model'>;
type Path = (string | number)[];

/** What becomes of a request: the body that is sent with what the gateway itself reads, and what is warned of; or why it is refused. */
function translate(from: ChatProtocol, { protocol, model }: Target, request: Json): { sent: string; warned: string } {
  try {
    const body = parseJson(Buffer.from(JSON.stringify(request)));
    const facts = from.facts(body, from === geminiGenerate || from === bedrockConverse ? { model: 'fast', stream: false } : {});
    const canonical = from.decodeRequest(body, facts);
    const encoded = protocol.encodeRequest(canonical.value, { model, quirks: {} });
    return { sent: JSON.stringify([encoded.value, facts]), warned: JSON.stringify([canonical.warnings, encoded.warnings]) };
  } catch (error) {
    if (error instanceof JsonFieldError) return { sent: '', warned: `refused: ${error.field}: ${error.message}` };
    throw error;
  }
}

/** The paths of all fields and items of a document. */
function* pathsIn(value: Json, path: Path = []): Generator<Path> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield [...path, index];
      yield* pathsIn(item, [...path, index]);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, field] of Object.entries(value)) {
      yield [...path, key];
      yield* pathsIn(field, [...path, key]);
    }
  }
}

/** A copy without the field or item at a path. */
function without(document: Json, path: Path): Json {
  const copy = structuredClone(document);
  let parent: Json = copy;
  for (const step of path.slice(0, -1)) parent = (parent as Record<string | number, Json>)[step] ?? null;
  const last = path.at(-1);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (last !== undefined) Reflect.deleteProperty(parent as object, last);
  return copy;
}

/** A copy with another value of the same type in a leaf's place. */
function withOther(document: Json, path: Path): Json {
  const copy = structuredClone(document);
  let parent: Json = copy;
  for (const step of path.slice(0, -1)) parent = (parent as Record<string | number, Json>)[step] ?? null;
  const place = parent as Record<string | number, Json>;
  const last = path.at(-1) ?? '';
  const value = place[last];
  if (typeof value === 'string') place[last] = `${value}x`;
  else if (typeof value === 'number') place[last] = value + 1;
  else if (typeof value === 'boolean') place[last] = !value;
  return copy;
}

/** What may go without a word of its own, and why. Paths with their indices left out. */
const mayGo: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'openai-chat': {
    top_logprobs: 'the warning of `logprobs` speaks of both',
    'response_format.json_schema.strict': 'where schemas always hold, strict is how it is',
  },
  'openai-responses': {
    top_logprobs: 'the warning of the log probabilities in `include` speaks of both',
    stream_options: 'padding of events, which other protocols do not know',
    'stream_options.include_obfuscation': 'padding of events, which other protocols do not know',
  },
  'anthropic-messages': {
    thinking: 'the effort beside it says how much',
    cache_control: 'marks the last block, which has a mark of its own here',
    'cache_control.type': 'marks the last block, which has a mark of its own here',
  },
  'gemini-generate': { 'systemInstruction.role': 'means nothing there' },
};

const valueAt = (document: Json, path: Path): Json =>
  path.reduce<Json>((value, step) => (value as Record<string | number, Json>)[step] ?? null, document);

/** The fields of a request whose removal nobody would notice, nor another value in them: neither is what is sent another, nor what is warned of, of them or of what they stand in. */
function lostFields(from: ChatProtocol, target: Target, request: Json): string[] {
  const whole = translate(from, target, request);
  if (whole.sent === '') throw new Error(whole.warned);
  const isWarnedOf = (path: Path): boolean => path.length > 0 && translate(from, target, without(request, path)).warned !== whole.warned;
  const isNoticed = (changed: Json): boolean => {
    const { sent, warned } = translate(from, target, changed);
    return sent !== whole.sent || warned !== whole.warned;
  };
  return [...pathsIn(request)]
    .filter((path) => valueAt(request, path) !== null && mayGo[from.name]?.[path.filter((step) => typeof step === 'string').join('.')] === undefined)
    .filter((path) => !isNoticed(without(request, path)) && !isNoticed(withOther(request, path)))
    .filter((path) => !path.some((_, index) => isWarnedOf(path.slice(0, index))))
    .map((path) => `${path.join('.')} = ${JSON.stringify(valueAt(request, path)).slice(0, 60)}`);
}

describe.each(recordings.flatMap(({ protocol, requests }) => requests.map(([name, request]) => ({ from: protocol, name, request }))))(
  'of the $from.name request "$name"',
  ({ from, request }) => {
    test.each(recordings.filter(({ protocol }) => protocol !== from))('nothing is lost in silence on the way to $protocol.name', (target) => {
      expect(lostFields(from, target, request)).toEqual([]);
    });
  },
);

test('a field that a translation forgets is found', () => {
  const forgetful: ChatProtocol = {
    ...openaiChat,
    decodeRequest(body, facts) {
      const { value, warnings } = openaiChat.decodeRequest(body, facts);
      return { value: { ...value, stop: [] }, warnings };
    },
  };
  const request = { model: 'fast', messages: [{ role: 'user', content: 'Hi' }], stop: ['END'] };
  expect(lostFields(forgetful, { protocol: anthropicMessages, model: 'claude-sonnet-4-5' }, request)).toEqual(['stop = ["END"]', 'stop.0 = "END"']);
});
