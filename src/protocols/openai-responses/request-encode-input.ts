import type { Writable } from '../../framing/json-write.ts';
import type { AssistantContent, DocumentContent, Message, ReasoningContent, TextContent, UserContent, Warning } from '../../llm/request.ts';
import type { CacheMarker, OpaqueState } from '../../llm/state.ts';
import { dataUrl } from '../data-url.ts';
import { cacheMarker } from '../openai-chat/request-encode-content.ts';
import { toolCallIds } from '../openai-chat/request-tool-call-ids.ts';
import type { Quirks } from '../protocol.ts';

type Item = Record<string, Writable>;

interface Context {
  /** Where the message stands. */
  field: string;
  idOf: (id: string) => string;
  cacheMarkers: Quirks['cacheMarkers'];
  warnings: Warning[];
}

/** A conversation as this protocol has it: what its system messages say before anything else, and its items. */
export interface EncodedInput {
  instructions: string | undefined;
  input: Item[];
}

/** The items of a conversation. System messages at its beginning become instructions, unless they are all there is, or have marks for the prompt cache to be written. */
export function encodeInput(messages: readonly Message[], { cacheMarkers, toolCallIds: idFormat }: Quirks, warnings: Warning[]): EncodedInput {
  const idOf = toolCallIds(idFormat ?? 'at-most-40', messages.flatMap(callIds));
  const other = messages.findIndex(({ role }) => role !== 'system');
  const head = messages.slice(0, Math.max(0, other)).flatMap((message) => (message.role === 'system' ? message.content : []));
  const isPlain = cacheMarkers !== 'prompt_cache_breakpoint' || head.every(({ cache }) => cache === undefined);
  const from = isPlain && head.length > 0 ? other : 0;
  const context = (index: number): Context => ({ field: `messages[${index}]`, idOf, cacheMarkers, warnings });
  if (from > 0) for (const text of head) markOf(text, context(0));
  return {
    instructions: from > 0 ? head.map(({ text }) => text).join('\n\n') : undefined,
    input: messages.slice(from).flatMap((message, index) => encodeMessage(message, context(from + index))),
  };
}

const callIds = (message: Message): string[] => {
  if (message.role === 'tool') return [message.toolCallId];
  return message.role === 'assistant' ? message.content.flatMap((item) => (item.type === 'tool-call' ? [item.id] : [])) : [];
};

function encodeMessage(message: Message, context: Context): Item[] {
  switch (message.role) {
    case 'system':
    case 'user':
      return [{ role: message.role, content: encodeContent(message.content, context) }];
    case 'assistant':
      return encodeAssistant(message.content, context);
    case 'tool':
      return [encodeResult(message, context)];
  }
}

/** One text is a string; more, or anything else, are a list. */
function encodeContent(content: readonly UserContent[], context: Context): Writable {
  const parts = content.flatMap((item) => encodePart(item, context));
  const [first] = parts;
  if (first === undefined) return '';
  const isPlain = parts.length === 1 && first['type'] === 'input_text' && Object.keys(first).length === 2;
  return isPlain ? first['text'] : parts;
}

function encodePart(item: UserContent, context: Context): Item[] {
  switch (item.type) {
    case 'text':
      return [{ type: 'input_text', text: item.text, ...markOf(item, context) }];
    case 'image': {
      const url = item.source.kind === 'url' ? item.source.url : dataUrl(item.source);
      return [{ type: 'input_image', image_url: url, detail: item.detail ?? 'auto', ...markOf(item, context) }];
    }
    case 'document':
      return [{ ...encodeDocument(item, context), ...markOf(item, context) }];
    case 'audio':
      context.warnings.push({ field: context.field, detail: 'has audio, which OpenAI Responses does not take' });
      return [];
  }
}

/** Plain text is said as it is. A file in the body wants a name; one at an address has it there. */
function encodeDocument({ source, name }: DocumentContent, { field, warnings }: Context): Item {
  switch (source.kind) {
    case 'text':
      return { type: 'input_text', text: name === undefined ? source.text : `${name}\n\n${source.text}` };
    case 'base64':
      return { type: 'input_file', filename: name ?? fileName(source.mediaType), file_data: dataUrl(source) };
    case 'url':
      if (name !== undefined && !source.url.endsWith(name)) warnings.push({ field, detail: 'the name of a document at an address is not carried' });
      return { type: 'input_file', file_url: source.url };
  }
}

const fileName = (mediaType: string): string => `document.${/^[\w-]+\/(\w+)$/.exec(mediaType)?.[1] ?? 'bin'}`;

function markOf({ cache }: { cache?: CacheMarker }, { field, cacheMarkers, warnings }: Context): Item {
  if (cache === undefined) return {};
  if (cacheMarkers === 'prompt_cache_breakpoint') return cacheMarker(cache, cacheMarkers);
  warnings.push({ field, detail: 'its mark for the prompt cache is not carried' });
  return {};
}

/** A tool's result has no mark for errors: the text says so, where it does not already. */
function encodeResult({ toolCallId, content, isError, cache }: Message & { role: 'tool' }, context: Context): Item {
  markOnNothing({ ...(cache !== undefined && { cache }) }, 'a tool result', context);
  const output = encodeContent(isError ? markError(content) : content, context);
  return { type: 'function_call_output', call_id: context.idOf(toolCallId), output };
}

function markError(content: readonly UserContent[]): UserContent[] {
  const [first, ...rest] = content;
  if (first?.type !== 'text') return [{ type: 'text', text: 'Error' }, ...content];
  return /^\s*error/i.test(first.text) ? [...content] : [{ ...first, text: `Error: ${first.text}` }, ...rest];
}

/** The API has marks for the prompt cache on content alone. */
function markOnNothing({ cache }: { cache?: CacheMarker }, what: string, { field, warnings }: Context): void {
  if (cache !== undefined) warnings.push({ field, detail: `the mark for the prompt cache on ${what} is not carried` });
}

/**
 * What the model said, item by item. Reasoning goes back to its own maker alone, and only before what it led to: OpenAI refuses it at the end.
 * Parts of one summary that were read as blocks of their own stand before the one that has the state.
 */
function encodeAssistant(content: readonly AssistantContent[], context: Context): Item[] {
  const { field, warnings } = context;
  const items: Item[] = [];
  const thoughts: ReasoningContent[] = [];
  for (const item of content) {
    if (item.type === 'reasoning') {
      if (item.state === undefined) thoughts.push(item);
      else if (item.state.origin === 'openai') items.push(encodeReasoning([...thoughts.splice(0), item], item.state));
      else warnings.push({ field, detail: foreignReasoning });
      continue;
    }
    if (thoughts.splice(0).length > 0) warnings.push({ field, detail: foreignReasoning });
    items.push(item.type === 'text' ? encodeSaid(item, context) : encodeCall(item, context));
  }
  if (thoughts.length > 0) warnings.push({ field, detail: foreignReasoning });
  while (items.at(-1)?.['type'] === 'reasoning') {
    items.pop();
    warnings.push({ field, detail: 'its reasoning is not carried: nothing follows that it led to' });
  }
  return items;
}

const foreignReasoning = 'its reasoning is not carried: OpenAI takes back none but its own';

function encodeReasoning(thoughts: readonly ReasoningContent[], { id, value }: OpaqueState): Item {
  const summary = thoughts.filter(({ text }) => text !== '').map(({ text }) => ({ type: 'summary_text', text }));
  return { type: 'reasoning', id, summary, encrypted_content: value };
}

function encodeSaid(item: TextContent, context: Context): Item {
  markOnNothing(item, 'text of the assistant', context);
  return { role: 'assistant', content: item.text };
}

function encodeCall(item: Extract<AssistantContent, { type: 'tool-call' }>, context: Context): Item {
  markOnNothing(item, 'a tool call', context);
  return { type: 'function_call', call_id: context.idOf(item.id), name: item.name, arguments: item.arguments };
}
