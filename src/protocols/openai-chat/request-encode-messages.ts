import type { Writable } from '../../framing/json-write.ts';
import type { AssistantContent, Message, TextContent, UserContent, Warning } from '../../llm/request.ts';
import type { Quirks } from '../protocol.ts';
import { cacheMarker, encodeContent, encodeParts, type ContentContext } from './request-encode-content.ts';
import { toolCallIds } from './request-tool-call-ids.ts';

/** A message, and what it needs to be written. */
interface Placed<Said extends Message = Message> {
  message: Said;
  context: Context;
}

interface Context extends ContentContext {
  idOf: (id: string) => string;
}

type Fields = Record<string, Writable>;

/** Messages as the server takes them. Tool results follow the calls they answer at once, as OpenAI demands; what they hold besides text comes behind the last of them. */
export function encodeMessages(messages: readonly Message[], quirks: Quirks, warnings: Warning[]): Fields[] {
  const idOf = toolCallIds(quirks.toolCallIds ?? 'at-most-40', messages.flatMap(callIds));
  const first = messages.findIndex(({ role }) => role !== 'system');
  const placed = messages.map((message, index): Placed => {
    const context = { field: `messages[${index}]`, quirks, warnings, idOf };
    return { message: first >= 0 && index > first ? fitInside(message, context) : message, context };
  });
  const encoded = turns(placed).flatMap((turn) => {
    const begin = turn[0]?.message.role === 'assistant' ? 1 : 0;
    const results = turn.filter(isResult);
    const others = turn.slice(begin).filter((each) => !isResult(each));
    return [...[...turn.slice(0, begin), ...results].map(encodeMessage), ...encodeResultFiles(results), ...others.map(encodeMessage)];
  });
  return mergeNeighbours(encoded, quirks);
}

/** A message that has others before it, as the server takes it there. */
function fitInside(message: Message, { field, quirks, warnings }: Context): Message {
  if (message.role !== 'system' || quirks.systemInside !== false) return message;
  warnings.push({ field, detail: 'a system message inside the conversation is sent as text of the user' });
  return { role: 'user', content: message.content };
}

type ToolMessage = Extract<Message, { role: 'tool' }>;
const isResult = (placed: Placed): placed is Placed<ToolMessage> => placed.message.role === 'tool';

const callIds = (message: Message): string[] => {
  if (message.role === 'tool') return [message.toolCallId];
  return message.role === 'assistant' ? message.content.flatMap((item) => (item.type === 'tool-call' ? [item.id] : [])) : [];
};

/** The conversation cut before each message of the assistant. */
function turns(messages: readonly Placed[]): Placed[][] {
  const found: Placed[][] = [[]];
  for (const placed of messages) {
    if (placed.message.role === 'assistant') found.push([]);
    found.at(-1)?.push(placed);
  }
  return found;
}

function encodeMessage({ message, context }: Placed): Fields {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: encodeContent(message.content, context) };
    case 'user':
      return { role: 'user', content: encodeContent(message.content, context) };
    case 'assistant':
      return encodeAssistant(message.content, context);
    case 'tool':
      return encodeResult(message, context);
  }
}

function encodeAssistant(content: readonly AssistantContent[], context: Context): Fields {
  const said = content.filter((item) => item.type === 'text');
  const calls = content.filter((item) => item.type === 'tool-call');
  return {
    role: 'assistant',
    content: said.length === 0 && calls.length > 0 ? null : encodeContent(said, context),
    ...encodeReasoning(content, context),
    tool_calls: calls.length === 0 ? undefined : calls.map((call) => encodeCall(call, context)),
  };
}

function encodeCall({ id, name, arguments: args, cache }: Extract<AssistantContent, { type: 'tool-call' }>, context: Context): Writable {
  if (cache !== undefined) context.warnings.push({ field: context.field, detail: 'the mark for the prompt cache on a tool call is not carried' });
  return { id: context.idOf(id), type: 'function', function: { name, arguments: args } };
}

/** What the model thought goes back as text alone: state is for its maker, who does not speak this protocol. */
function encodeReasoning(content: readonly AssistantContent[], { field, quirks: { reasoningField }, warnings }: Context): Fields {
  const thoughts = content.filter((item) => item.type === 'reasoning');
  const text = thoughts.map((thought) => thought.text).join('');
  // DeepSeek refuses a tool call without the field, whoever made the call.
  const isDemanded = reasoningField === 'reasoning_content' && content.some((item) => item.type === 'tool-call');
  if (reasoningField !== undefined && reasoningField !== 'none' && (text !== '' || isDemanded)) return { [reasoningField]: text };
  if (thoughts.length === 0) return {};
  warnings.push({ field, detail: 'its reasoning is not carried: the provider takes none back' });
  return {};
}

/** A tool message takes text only. It has no mark for errors either: the text says so, where it does not already. */
function encodeResult({ toolCallId, content, isError, cache }: ToolMessage, context: Context): Fields {
  const texts = content.filter((item) => item.type === 'text');
  const [file] = content;
  if (texts.length === 0 && file !== undefined) {
    texts.push({ type: 'text', text: `The result is ${aFile(file.type)}; it follows in a message of the user.` });
  }
  const isMarked = cache !== undefined && context.quirks.cacheMarkers === 'cache_control';
  if (cache !== undefined && !isMarked) context.warnings.push({ field: context.field, detail: 'its mark for the prompt cache is not carried' });
  return {
    role: 'tool',
    tool_call_id: context.idOf(toolCallId),
    content: encodeContent(isError ? markError(texts) : texts, context),
    ...(isMarked && cacheMarker(cache, 'cache_control')),
  };
}

const aFile = (type: UserContent['type']): string => (type === 'image' || type === 'audio' ? `an ${type}` : `a ${type}`);

function markError(texts: readonly TextContent[]): TextContent[] {
  const [first, ...rest] = texts;
  if (first === undefined) return [{ type: 'text', text: 'Error' }];
  return /^\s*error/i.test(first.text) ? [...texts] : [{ ...first, text: `Error: ${first.text}` }, ...rest];
}

/** The files of tool results, in a message of the user: the only role that may send them. */
function encodeResultFiles(results: readonly Placed<ToolMessage>[]): Fields[] {
  const content = results.flatMap(({ message, context }): Writable[] => {
    const files = message.content.filter((item) => item.type !== 'text');
    const [first] = files;
    if (first === undefined) return [];
    const text = `${labels[first.type]} from the result of tool call ${context.idOf(message.toolCallId)}:`;
    return [{ type: 'text', text }, ...encodeParts(files, context)];
  });
  return content.length === 0 ? [] : [{ role: 'user', content }];
}

const labels = { image: 'Image', document: 'Document', audio: 'Audio' } as const;

/** Puts together what some servers refuse to take apart: neighbours of one role, and what the user says right after a tool's result. */
function mergeNeighbours(messages: Fields[], { alternates, userAfterTool }: Quirks): Fields[] {
  if (alternates !== true && userAfterTool !== false) return messages;
  const merged: Fields[] = [];
  for (const message of messages) {
    const before = merged.at(-1);
    const isSame = alternates === true && before?.['role'] === message['role'] && message['role'] !== 'tool';
    const isAfterTool = userAfterTool === false && before?.['role'] === 'tool' && message['role'] === 'user';
    if (before !== undefined && (isSame || isAfterTool)) merged[merged.length - 1] = joined(before, message);
    else merged.push(message);
  }
  return merged;
}

const listFields = ['content', 'tool_calls'] as const;

/** The first message with what the second says behind it. */
function joined(first: Fields, second: Fields): Fields {
  const lists = listFields.flatMap((field): [string, Writable][] => {
    const items = [...asList(first[field]), ...asList(second[field])];
    return items.length === 0 ? [] : [[field, items]];
  });
  return { ...second, ...first, ...Object.fromEntries(lists) };
}

function asList(value: Writable): Writable[] {
  if (value === undefined || value === null || value === '') return [];
  return Array.isArray(value) ? [...(value as Writable[])] : [{ type: 'text', text: value }];
}
