import { optional, optionalBoolean, optionalNumber, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { ChatRequest, ObjectText, Tool, ToolChoice } from '../../llm/request.ts';
import { objectText } from '../object-text.ts';
import type { Carried } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { decodeMessages } from './request-decode-messages.ts';
import { sharedNumbers } from './request-fields.ts';
import { requestedMaxTokens } from './request.ts';

/** Fields that are carried, or whose own reader warns. */
const carried: readonly string[] = [
  ...sharedNumbers.map(([field]) => field),
  'model',
  'messages',
  'stream',
  'tools',
  'functions',
  'tool_choice',
  'function_call',
  'parallel_tool_calls',
  'stop',
  'max_tokens',
  'max_completion_tokens',
  'seed',
  'top_k',
  'user',
  'safety_identifier',
];

/** Values that say what happens without them, so that nothing is lost. */
const changesNothing = new Map([
  ['n', '1'],
  ['store', 'false'],
  ['logprobs', 'false'],
  ['modalities', '["text"]'],
  ['response_format', '{"type":"text"}'],
  ['service_tier', '"auto"'],
]);

/** A request in canonical form; a warning for each field that the form cannot hold. Throws JsonFieldError. */
export function decodeRequest(body: JsonNode): Carried<ChatRequest> {
  const warnings = new Warnings();
  const request: ChatRequest = {
    stream: optionalBoolean(body, 'stream') ?? false,
    messages: decodeMessages(required(body, 'messages').items(), warnings),
    tools: decodeTools(body, warnings),
    stop: decodeStop(body),
  };
  decodeSettings(body, request, warnings);
  decodeToolSettings(body, request, warnings);
  // What `stream_options` says concerns the client's stream alone, and is read by `facts`.
  warnings.others(body, [...carried, 'stream_options', ...[...changesNothing.keys()].filter((key) => isDefault(body, key))]);
  return { value: request, warnings: warnings.list };
}

const isDefault = (body: JsonNode, key: string): boolean => {
  const value = body.get(key);
  return value !== undefined && JSON.stringify(JSON.parse(value.text)) === changesNothing.get(key);
};

function decodeSettings(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  for (const [field, ours] of sharedNumbers) {
    const value = optionalNumber(body, field);
    if (value !== undefined) request[ours] = value;
  }
  const maxTokens = requestedMaxTokens(body);
  if (maxTokens !== undefined) request.maxTokens = maxTokens;
  const topK = optionalNumber(body, 'top_k'); // not OpenAI's, but of most compatible servers
  if (topK !== undefined) request.topK = topK;
  const seed = optionalNumber(body, 'seed');
  if (Number.isSafeInteger(seed)) request.seed = seed as number;
  else if (seed !== undefined) warnings.add(required(body, 'seed'), 'is not a whole number of at most 53 bits');
  decodeUser(body, request, warnings);
}

/** `safety_identifier` has taken the place of `user`, which then is no more than a cache key. */
function decodeUser(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const identifier = optionalString(body, 'safety_identifier');
  const user = optionalString(body, 'user');
  if (identifier !== undefined && user !== undefined && user !== identifier) warnings.add(required(body, 'user'), 'gives way to safety_identifier');
  const chosen = identifier ?? user;
  if (chosen !== undefined) request.user = chosen;
}

function decodeStop(body: JsonNode): string[] {
  const stop = optional(body, 'stop');
  if (stop === undefined) return [];
  return stop.type === 'string' ? [stop.string()] : stop.items().map((item) => item.string());
}

function decodeTools(body: JsonNode, warnings: Warnings): Tool[] {
  const functions = optional(body, 'functions')?.items() ?? []; // the older form, before `tools`
  const tools = optional(body, 'tools')?.items() ?? [];
  return [
    ...functions.map((fn) => decodeFunction(fn, warnings)),
    ...tools.flatMap((tool) => {
      if (requiredString(tool, 'type') !== 'function') {
        warnings.add(tool, 'is no function, the only kind of tool that is carried');
        return [];
      }
      warnings.others(tool, ['type', 'function']);
      return [decodeFunction(required(tool, 'function'), warnings)];
    }),
  ];
}

/** OpenAI takes a function without parameters for one that has none. */
const noParameters = '{"type":"object","properties":{}}' as ObjectText;

function decodeFunction(fn: JsonNode, warnings: Warnings): Tool {
  const parameters = optional(fn, 'parameters');
  const tool: Tool = { name: requiredString(fn, 'name'), parameters: parameters === undefined ? noParameters : objectText(parameters) };
  const description = optionalString(fn, 'description');
  if (description !== undefined) tool.description = description;
  const strict = optionalBoolean(fn, 'strict');
  if (strict !== undefined) tool.strict = strict;
  warnings.others(fn, ['name', 'description', 'parameters', 'strict']);
  return tool;
}

function decodeToolSettings(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const parallel = optionalBoolean(body, 'parallel_tool_calls');
  if (parallel !== undefined) request.parallelToolCalls = parallel;
  const older = optional(body, 'function_call');
  const choice = optional(body, 'tool_choice');
  const decoded = choice === undefined ? older && decodeFunctionCall(older) : decodeToolChoice(choice, warnings);
  if (decoded !== undefined) request.toolChoice = decoded;
  if (choice !== undefined && older !== undefined) warnings.add(older, 'gives way to tool_choice');
}

const decodeFunctionCall = (node: JsonNode): ToolChoice =>
  node.type === 'string' ? decodeMode(node) : { type: 'tool', name: requiredString(node, 'name') };

function decodeToolChoice(node: JsonNode, warnings: Warnings): ToolChoice | undefined {
  if (node.type === 'string') return decodeMode(node);
  switch (requiredString(node, 'type')) {
    case 'function':
      return { type: 'tool', name: requiredString(required(node, 'function'), 'name') };
    case 'allowed_tools': {
      const allowed = required(node, 'allowed_tools');
      warnings.add(required(allowed, 'tools'), 'is not carried: the model may call every tool');
      return decodeMode(required(allowed, 'mode'));
    }
    default:
      warnings.add(node, 'is not carried');
      return undefined;
  }
}

function decodeMode(node: JsonNode): ToolChoice {
  const mode = node.string();
  if (mode !== 'auto' && mode !== 'none' && mode !== 'required') throw new JsonFieldError(node.path, 'must be auto, none, required or a named tool');
  return { type: mode };
}
