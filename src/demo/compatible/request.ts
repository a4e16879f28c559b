import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import { knowsModel } from '../behaviour.ts';
import { openAIProblem, openAIRefusal } from '../openai/error.ts';
import { openAIRules } from '../openai/rules.ts';
import { openAIRequestShape } from '../openai/shape.ts';
import { isObject } from '../shape.ts';
import { firstRefusal } from '../vendor.ts';
import type { Refusal } from '../vendor.ts';
import type { Flavour } from './flavour.ts';

/** A body as it came, of which no more is known than this. */
export type WireRequest = Record<string, unknown> & { model: string; messages: WireMessage[] };
export type WireMessage = Record<string, unknown> & { role: string };

/** A request that was let in. */
export interface ChatRequest {
  wire: WireRequest;
  /** What the server makes of it, in OpenAI's words. */
  chat: ChatCompletionCreateParamsBase;
}

/** Rules of OpenAI's that are nobody else's. */
const ownRules = new Set([
  'one of max_tokens and max_completion_tokens',
  'only reasoning models take reasoning_effort',
  'tool_choice only with tools',
  'parallel_tool_calls only with tools',
  'strict parameters can be followed',
  'a strict response format can be followed',
]);
const sharedRules = openAIRules.filter(({ name }) => !ownRules.has(name));
const unmatchedRules = sharedRules.filter(({ name }) => name !== 'tool messages answer tool calls, and all of them');

/** Lets a body in if the flavour takes it: its fields, its own rules, and then what it shares with OpenAI. */
export function readCompatible(flavour: Flavour, body: unknown, models: ReadonlySet<string>): { request: ChatRequest } | { refusal: Refusal } {
  if (!isWireRequest(body))
    return { refusal: { ...openAIRefusal(flavour.shapeStatus ?? 400), message: 'The body needs a model, and messages with roles.' } };
  if (!knowsModel(models, body.model)) return { refusal: { ...openAIRefusal(404), message: `There is no model '${body.model}'.` } };
  const refusal = refuseUnknown(flavour, body) ?? firstRefusal(flavour.rules, body);
  if (refusal) return { refusal };
  const known = toOpenAI(flavour, body);
  const problem = openAIRequestShape(known, []);
  if (problem) return { refusal: { ...openAIProblem(problem), status: flavour.shapeStatus ?? 400 } };
  // The shape has just been checked against what the SDK's type says.
  const chat = known as unknown as ChatCompletionCreateParamsBase;
  const broken = firstRefusal(flavour.matchesResults === false ? unmatchedRules : sharedRules, chat);
  return broken ? { refusal: broken } : { request: { wire: body, chat } };
}

function isWireRequest(body: unknown): body is WireRequest {
  if (!isObject(body) || typeof body['model'] !== 'string' || !Array.isArray(body['messages'])) return false;
  return body['messages'].every((message) => isObject(message) && typeof message['role'] === 'string');
}

function refuseUnknown({ fields, messageFields, unknownFields }: Flavour, { messages, ...top }: WireRequest): Refusal | undefined {
  if (unknownFields === 'ignored') return undefined;
  const field = Object.keys(top).find((key) => !fields.includes(key));
  if (field !== undefined) return unknownFields([field]);
  for (const [index, message] of messages.entries()) {
    const inside = Object.keys(message).find((key) => !messageFields.includes(key));
    if (inside !== undefined) return unknownFields(['messages', index, inside]);
  }
  return undefined;
}

/** Fields that OpenAI has too. Those of the flavour's own are for its rules alone. */
const openAIFields = new Set<string>([
  'model',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'stop',
  'seed',
  'n',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'presence_penalty',
  'frequency_penalty',
  'logprobs',
  'top_logprobs',
  'user',
] satisfies (keyof ChatCompletionCreateParamsBase)[]);

const openAIMessageFields = new Set(['role', 'content', 'name', 'tool_calls', 'tool_call_id', 'refusal', 'annotations']);

function toOpenAI(flavour: Flavour, { messages, ...top }: WireRequest): Record<string, unknown> {
  const { fields, messageFields } = flavour;
  return {
    ...pick(top, (key) => fields.includes(key) && openAIFields.has(key)),
    messages: messages.map((message) => ({
      ...pick(message, (key) => messageFields.includes(key) && openAIMessageFields.has(key)),
      ...(Array.isArray(message['content']) && { content: toOpenAIContent(message['content'], message.role, flavour) }),
    })),
  };
}

function pick(object: Record<string, unknown>, isWanted: (key: string) => boolean): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([key]) => isWanted(key)));
}

/** Content without what this server alone takes. */
function toOpenAIContent(content: readonly unknown[], role: string, { partFields = [], showsResults = false }: Flavour): unknown {
  const own = new Set(['thinking', ...(showsResults && role === 'tool' ? ['image_url'] : [])]);
  const said = content
    .filter((part) => !isObject(part) || !own.has(String(part['type'])))
    .map((part) => (isObject(part) ? pick(part, (key) => !partFields.includes(key)) : part));
  return said.length === 0 && content.length > 0 ? null : said;
}
