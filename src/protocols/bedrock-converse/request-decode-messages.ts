import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { AssistantContent, Message, TextContent, UserContent } from '../../llm/request.ts';
import { objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';
import { citedText, guardText, omitBlock, userContent } from './request-decode-content.ts';
import { decodeMarked, type Member } from './request-decode-union.ts';
import { stateOf } from './wire.ts';

/** The conversation, the system prompt first. */
export function decodeMessages(body: JsonNode, warnings: Warnings): Message[] {
  const system = optional(body, 'system');
  const messages = required(body, 'messages').items();
  return [
    ...(system === undefined || system.items().length === 0 ? [] : [systemMessage(system, warnings)]),
    ...messages.flatMap((message) => decodeMessage(message, warnings)),
  ];
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

const systemMessage = (content: JsonNode, warnings: Warnings): Message => ({
  role: 'system',
  content: decodeMarked(content, (member) => systemContent(member, warnings), warnings),
});

function systemContent({ name, value }: Member, warnings: Warnings): TextContent[] {
  if (name === 'text') return [{ type: 'text', text: value.string() }];
  if (name === 'guardContent') return guardText(value, warnings);
  omitBlock(value, warnings);
  return [];
}

type ToolMessage = Message & { role: 'tool' };

/** Tool results become messages of their own, before the rest: they answer the calls of the message before. */
function userMessages(content: JsonNode, warnings: Warnings): Message[] {
  const decoded = decodeMarked<ToolMessage | UserContent>(
    content,
    (member) => (member.name === 'toolResult' ? toolResult(member.value, warnings) : userContent(member, warnings)),
    warnings,
  );
  const results = decoded.filter(isResult);
  const rest = decoded.filter((item) => !isResult(item));
  return rest.length === 0 ? results : [...results, { role: 'user', content: rest }];
}

const isResult = (item: ToolMessage | UserContent): item is ToolMessage => 'role' in item;

/** A result of a tool that Bedrock itself runs has a type of its own. */
function toolResult(result: JsonNode, warnings: Warnings): ToolMessage[] {
  if (optional(result, 'type') !== undefined) {
    omitBlock(result, warnings);
    return [];
  }
  warnings.others(result, ['toolUseId', 'content', 'status']);
  const items = optional(result, 'content');
  return [
    {
      role: 'tool',
      toolCallId: requiredString(result, 'toolUseId'),
      content: items === undefined ? [] : decodeMarked(items, (member) => resultContent(member, warnings), warnings),
      isError: optionalString(result, 'status') === 'error',
    },
  ];
}

const resultContent = (member: Member, warnings: Warnings): UserContent[] =>
  member.name === 'json' ? [{ type: 'text', text: member.value.text }] : userContent(member, warnings);

function assistantMessages(content: JsonNode, warnings: Warnings): Message[] {
  const decoded = decodeMarked<AssistantContent>(content, (member) => assistantContent(member, warnings), warnings);
  return decoded.length === 0 ? [] : [{ role: 'assistant', content: decoded }];
}

function assistantContent({ name, value }: Member, warnings: Warnings): AssistantContent[] {
  switch (name) {
    case 'text':
      return [{ type: 'text', text: value.string() }];
    case 'guardContent':
      return guardText(value, warnings);
    case 'citationsContent':
      return citedText(value, warnings);
    case 'toolUse':
      return toolCall(value, warnings);
    case 'reasoningContent':
      return reasoning(value, warnings);
    default:
      omitBlock(value, warnings);
      return [];
  }
}

function toolCall(toolUse: JsonNode, warnings: Warnings): AssistantContent[] {
  if (optional(toolUse, 'type') !== undefined) {
    omitBlock(toolUse, warnings);
    return [];
  }
  warnings.others(toolUse, ['toolUseId', 'name', 'input']);
  const id = requiredString(toolUse, 'toolUseId');
  return [{ type: 'tool-call', id, name: requiredString(toolUse, 'name'), arguments: objectText(required(toolUse, 'input')) }];
}

/** Without text and state there is nothing to tell. */
function reasoning(content: JsonNode, warnings: Warnings): AssistantContent[] {
  warnings.others(content, ['reasoningText', 'redactedContent']);
  const said = optional(content, 'reasoningText');
  if (said !== undefined) warnings.others(said, ['text', 'signature']);
  const text = (said && optionalString(said, 'text')) ?? '';
  const state = stateOf('signature', said && optionalString(said, 'signature')) ?? stateOf('encrypted', optionalString(content, 'redactedContent'));
  return text === '' && state === undefined ? [] : [{ type: 'reasoning', text, ...(state !== undefined && { state }) }];
}
