import { optional, optionalBoolean, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { AssistantContent, Message, UserContent } from '../../llm/request.ts';
import type { CacheMarker } from '../../llm/state.ts';
import { objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';
import { cacheOf, contentBlocks, omitBlock, textContent, userContent } from './request-decode-content.ts';
import { stateOf } from './wire.ts';

/** The conversation, the system prompt first. */
export function decodeMessages(body: JsonNode, warnings: Warnings): Message[] {
  const system = optional(body, 'system');
  const messages = required(body, 'messages').items();
  return [...(system === undefined ? [] : [systemMessage(system, warnings)]), ...messages.flatMap((message) => decodeMessage(message, warnings))];
}

function decodeMessage(message: JsonNode, warnings: Warnings): Message[] {
  warnings.others(message, ['role', 'content']);
  const role = required(message, 'role');
  const content = required(message, 'content');
  switch (role.string()) {
    case 'user':
      return userMessages(content, warnings);
    case 'assistant':
      return assistantMessages(content, warnings);
    case 'system':
      return [systemMessage(content, warnings)];
    default:
      throw new JsonFieldError(role.path, 'must be user, assistant or system');
  }
}

/** Tool results become messages of their own, before the rest: they answer the calls of the message before. */
function userMessages(content: JsonNode, warnings: Warnings): Message[] {
  if (content.type === 'string') return [{ role: 'user', content: [{ type: 'text', text: content.string() }] }];
  const results: Message[] = [];
  const rest: UserContent[] = [];
  for (const block of contentBlocks(content)) {
    if (requiredString(block, 'type') === 'tool_result') results.push(toolResult(block, warnings));
    else rest.push(...userContent(block, warnings));
  }
  return rest.length === 0 ? results : [...results, { role: 'user', content: rest }];
}

function toolResult(block: JsonNode, warnings: Warnings): Message {
  warnings.others(block, ['type', 'tool_use_id', 'content', 'is_error', 'cache_control']);
  const content = optional(block, 'content');
  return {
    role: 'tool',
    toolCallId: requiredString(block, 'tool_use_id'),
    content: content === undefined ? [] : resultContent(content, warnings),
    isError: optionalBoolean(block, 'is_error') ?? false,
    ...cacheOf(block, warnings),
  };
}

const resultContent = (content: JsonNode, warnings: Warnings): UserContent[] =>
  content.type === 'string' ? [{ type: 'text', text: content.string() }] : contentBlocks(content).flatMap((block) => userContent(block, warnings));

function assistantMessages(content: JsonNode, warnings: Warnings): Message[] {
  if (content.type === 'string') return [{ role: 'assistant', content: [{ type: 'text', text: content.string() }] }];
  const decoded = contentBlocks(content).flatMap((block) => assistantContent(block, warnings));
  return decoded.length === 0 ? [] : [{ role: 'assistant', content: decoded }];
}

function assistantContent(block: JsonNode, warnings: Warnings): AssistantContent[] {
  const type = requiredString(block, 'type');
  switch (type) {
    case 'text':
      return [textContent(block, warnings)];
    case 'tool_use':
      return [toolCall(block, warnings)];
    case 'thinking':
      warnings.others(block, ['type', 'thinking', 'signature']);
      return reasoning(requiredString(block, 'thinking'), stateOf('signature', optionalString(block, 'signature')));
    case 'redacted_thinking':
      warnings.others(block, ['type', 'data']);
      return reasoning('', stateOf('encrypted', requiredString(block, 'data')));
    default:
      omitBlock(block, type, warnings);
      return [];
  }
}

/** Without text and state there is nothing to tell. */
const reasoning = (text: string, state: ReturnType<typeof stateOf>): AssistantContent[] =>
  text === '' && state === undefined ? [] : [{ type: 'reasoning', text, ...(state !== undefined && { state }) }];

const toolCallFields = ['type', 'id', 'name', 'input', 'cache_control'];

function toolCall(block: JsonNode, warnings: Warnings): AssistantContent {
  warnings.others(block, isDirect(optional(block, 'caller')) ? [...toolCallFields, 'caller'] : toolCallFields);
  return {
    type: 'tool-call',
    id: requiredString(block, 'id'),
    name: requiredString(block, 'name'),
    arguments: objectText(required(block, 'input')),
    ...cacheOf(block, warnings),
  };
}

/** The model itself called the tool: that is so wherever there is nobody else. */
const isDirect = (caller: JsonNode | undefined): boolean => caller?.type === 'object' && optionalString(caller, 'type') === 'direct';

function systemMessage(content: JsonNode, warnings: Warnings): Message {
  if (content.type === 'string') return { role: 'system', content: [{ type: 'text', text: content.string() }] };
  const texts = contentBlocks(content).flatMap((block) => {
    const type = requiredString(block, 'type');
    if (type === 'text') return [textContent(block, warnings)];
    omitBlock(block, type, warnings);
    return [];
  });
  return { role: 'system', content: texts };
}

/** Marks the last content of a conversation for the prompt cache, as a mark on the whole request does. False where nothing can be marked. */
export function markLast(messages: readonly Message[], cache: CacheMarker): boolean {
  for (const message of messages.toReversed()) {
    if (message.role === 'tool') {
      message.cache ??= cache;
      return true;
    }
    for (const item of message.content.toReversed()) {
      if (item.type === 'reasoning' || item.type === 'audio') continue;
      item.cache ??= cache;
      return true;
    }
  }
  return false;
}
