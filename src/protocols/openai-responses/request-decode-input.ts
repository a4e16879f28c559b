import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { AssistantContent, Message, ObjectText, ReasoningContent, ToolCallContent } from '../../llm/request.ts';
import { argumentsObject, writtenObject } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';
import { texts, userContent } from './request-decode-content.ts';
import { isOwnItemId, refuseReference } from './request-own-items.ts';

/** Why a request cannot go to a provider of another protocol that names what OpenAI keeps. */
export const keptAtOpenAi = 'is kept by OpenAI alone, and this model is served by another provider: send the whole conversation as input';

/** The input in canonical form. What the model said in neighbouring items is one message. Throws JsonFieldError. */
export function decodeInput(input: JsonNode, warnings: Warnings): Message[] {
  if (input.type === 'string') return input.string() === '' ? [] : [{ role: 'user', content: [{ type: 'text', text: input.string() }] }];
  const messages: Message[] = [];
  for (const item of input.items()) {
    for (const message of decodeItem(item, warnings)) {
      const last = messages.at(-1);
      if (last?.role === 'assistant' && message.role === 'assistant') last.content.push(...message.content);
      else messages.push(message);
    }
  }
  return messages;
}

function decodeItem(item: JsonNode, warnings: Warnings): Message[] {
  const type = optionalString(item, 'type') ?? (optional(item, 'role') === undefined ? 'item_reference' : 'message');
  const decode = decoders.get(type);
  if (decode !== undefined) return decode(item, warnings);
  warnings.add(item, `is not carried: items of type ${type} exist only at OpenAI`);
  return [];
}

const decoders = new Map<string, (item: JsonNode, warnings: Warnings) => Message[]>([
  ['message', decodeMessage],
  ['function_call', (item, warnings) => said([decodeCall(item, warnings)])],
  ['custom_tool_call', (item, warnings) => said([decodeCustomCall(item, warnings)])],
  ['function_call_output', decodeResult],
  ['custom_tool_call_output', decodeResult],
  ['reasoning', (item, warnings) => said(decodeReasoning(item, warnings))],
  ['item_reference', refuseReference],
  ['compaction', refuse],
]);

const said = (content: AssistantContent[]): Message[] => (content.length === 0 ? [] : [{ role: 'assistant', content }]);

/** Without it, the model would answer a conversation with a hole in it. */
function refuse(item: JsonNode): never {
  throw new JsonFieldError(item.path, keptAtOpenAi);
}

function decodeMessage(item: JsonNode, warnings: Warnings): Message[] {
  // What an answer's own message has besides says nothing to another model.
  warnings.others(item, ['type', 'role', 'content', 'id', 'status']);
  const role = requiredString(item, 'role');
  const content = required(item, 'content');
  switch (role) {
    case 'user':
      return [{ role, content: userContent(content, warnings) }];
    case 'assistant':
      return said(texts(content, warnings));
    case 'system':
    case 'developer':
      return [{ role: 'system', content: texts(content, warnings) }];
    default:
      throw new JsonFieldError(`${item.path}.role`, 'must be one of user, assistant, system, developer');
  }
}

function decodeCall(item: JsonNode, warnings: Warnings): ToolCallContent {
  warnings.others(item, ['type', 'id', 'status', 'call_id', 'name', 'arguments', ...(isDirect(item) ? ['caller'] : [])]);
  return {
    type: 'tool-call',
    id: requiredString(item, 'call_id'),
    name: requiredString(item, 'name'),
    arguments: callArguments(required(item, 'arguments'), warnings),
  };
}

/** The model itself called the tool: that is so wherever there is nobody else. */
function isDirect(item: JsonNode): boolean {
  const caller = optional(item, 'caller');
  return caller?.type === 'object' && optionalString(caller, 'type') === 'direct';
}

/** The client cannot mend its history, so arguments that are no object are carried as well as may be. */
function callArguments(node: JsonNode, warnings: Warnings): ObjectText {
  const { value, isValid } = argumentsObject(node.string());
  if (!isValid) warnings.add(node, 'is not a JSON object; it is carried as the field invalid_json of one');
  return value;
}

/** Left out, its result would answer nothing, which providers refuse. */
function decodeCustomCall(item: JsonNode, warnings: Warnings): ToolCallContent {
  warnings.others(item, ['type', 'id', 'status', 'call_id', 'name', 'input', ...(isDirect(item) ? ['caller'] : [])]);
  warnings.add(item, 'is carried as the call of a function with one argument, input');
  const input = writtenObject({ input: requiredString(item, 'input') });
  return { type: 'tool-call', id: requiredString(item, 'call_id'), name: requiredString(item, 'name'), arguments: input };
}

function decodeResult(item: JsonNode, warnings: Warnings): Message[] {
  warnings.others(item, ['type', 'id', 'status', 'call_id', 'output', ...(isDirect(item) ? ['caller'] : [])]);
  const content = userContent(required(item, 'output'), warnings);
  return [{ role: 'tool', toolCallId: requiredString(item, 'call_id'), content, isError: false }];
}

/** Each part of the summary, or where there is none of the reasoning itself; what its maker needs to take it back goes with the last one. */
function decodeReasoning(item: JsonNode, warnings: Warnings): ReasoningContent[] {
  warnings.others(item, ['type', 'id', 'status', 'summary', 'content', 'encrypted_content']);
  const summary = partTexts(item, 'summary');
  const thoughts = (summary.length > 0 ? summary : partTexts(item, 'content')).map((text): ReasoningContent => ({ type: 'reasoning', text }));
  const value = optionalString(item, 'encrypted_content') ?? '';
  if (value === '') return thoughts;
  const id = optionalString(item, 'id');
  const last = thoughts.pop() ?? { type: 'reasoning', text: '' };
  const known = id === undefined || id === '' || isOwnItemId(id) ? {} : { id };
  return [...thoughts, { ...last, state: { origin: 'openai', kind: 'encrypted', value, ...known } }];
}

const partTexts = (item: JsonNode, field: string): string[] =>
  (optional(item, field)?.items() ?? []).map((part) => requiredString(part, 'text')).filter((text) => text !== '');
