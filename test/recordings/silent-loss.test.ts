import { describe, expect, test } from 'vitest';
import { JsonFieldError, parseJson } from '../../src/framing/json.ts';
import { anthropicMessages } from '../../src/protocols/anthropic-messages/index.ts';
import { geminiGenerate } from '../../src/protocols/gemini-generate/index.ts';
import { openaiChat } from '../../src/protocols/openai-chat/index.ts';
import { openaiResponses } from '../../src/protocols/openai-responses/index.ts';
import type { ChatProtocol } from '../../src/protocols/protocol.ts';
import * as anthropicRequests from './anthropic-messages/requests.ts';
import * as geminiRequests from './gemini-generate/requests.ts';
import * as openaiRequests from './openai-chat/requests.ts';
import * as responsesRequests from './openai-responses/requests.ts';

/** A provider model that each protocol is asked for; one that takes as much as any. */
const targets: readonly { protocol: ChatProtocol; model: string }[] = [
  { protocol: openaiChat, model: 'gpt-5-mini' },
  { protocol: openaiResponses, model: 'gpt-5-mini' },
  { protocol: anthropicMessages, model: 'claude-sonnet-4-5' },
  { protocol: geminiGenerate, model: 'gemini-3-pro-preview' },
];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = (string | number)[];

const isGroup = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Every recorded request of a module: each export is one, or an object of them. */
function requestsIn(module: object, isRequest: (value: Record<string, unknown>) => boolean): [name: string, request: Json][] {
  return Object.entries(module).flatMap(([name, value]): [string, Json][] => {
    if (!isGroup(value)) return [];
    if (isRequest(value)) return [[name, value as Json]];
    return Object.entries(value).flatMap(([inner, request]): [string, Json][] => (isGroup(request) && isRequest(request) ? [[inner, request as Json]] : []));
  });
}

const sources: readonly { protocol: ChatProtocol; requests: [name: string, request: Json][] }[] = [
  { protocol: openaiChat, requests: requestsIn(openaiRequests, (value) => 'messages' in value) },
  { protocol: openaiResponses, requests: [['everyTranslatableField', responsesRequests.everyTranslatableField as Json]] },
  { protocol: anthropicMessages, requests: requestsIn(anthropicRequests, (value) => 'messages' in value) },
  { protocol: geminiGenerate, requests: requestsIn(geminiRequests, (value) => 'contents' in value) },
];

/** Everything that a translation says: what is sent, what is warned of, or why it is refused. `named`: paths in the client's body that warnings name. */
function translate(from: ChatProtocol, { protocol, model }: (typeof targets)[number], request: Json): { said: string; named: string[] } {
  try {
    const body = parseJson(Buffer.from(JSON.stringify(request)));
    const facts = from.facts(body, { model: 'fast', stream: false });
    const canonical = from.decodeRequest(body, facts);
    const encoded = protocol.encodeRequest(canonical.value, { model, quirks: {} });
    return { said: JSON.stringify([encoded.value, canonical.warnings, encoded.warnings, facts]), named: canonical.warnings.map(({ field }) => field) };
  } catch (error) {
    if (error instanceof JsonFieldError) return { said: `refused: ${error.field}: ${error.message}`, named: [] };
    throw error;
  }
}

/** A path as warnings write it. */
const written = (path: Path): string => path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`), '');


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

/** What says no more than its absence: a default that somebody wrote out. By protocol and path, its indices left out; the values as JSON. */
const saysNothing: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {};

const named = (path: Path): string => path.filter((step) => typeof step === 'string').join('.');
const valueAt = (document: Json, path: Path): Json => path.reduce<Json>((value, step) => (value as Record<string | number, Json>)[step] ?? null, document);

describe.each(sources.flatMap(({ protocol, requests }) => requests.map(([name, request]) => ({ from: protocol, name, request }))))(
  'of the $from.name request "$name"',
  ({ from, request }) => {
    test.each(targets.filter(({ protocol }) => protocol !== from))('nothing is lost in silence on the way to $protocol.name', (target) => {
      const whole = translate(from, target, request);
      expect(whole.said).not.toContain('refused: ');
      const lost = [...pathsIn(request)].filter((path) => {
        const value = valueAt(request, path);
        if (value === null || saysNothing[from.name]?.[named(path)]?.includes(JSON.stringify(value)) === true) return false;
        if (whole.named.some((field) => written(path).startsWith(field))) return false;
        return translate(from, target, without(request, path)).said === whole.said;
      });
      expect(lost.map((path) => `${path.join('.')} = ${JSON.stringify(valueAt(request, path)).slice(0, 60)}`)).toEqual([]);
    });
  },
);
