import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import type { AssistantContent, ChatRequest, ImageContent, Message, TextContent, Tool, ToolChoice, UserContent, Warning } from '../../llm/request.ts';
import type { Carried, Target } from '../protocol.ts';
import { sharedNumbers } from './request-fields.ts';

/** A canonical request as a provider of this protocol takes it. */
export function encodeRequest(request: ChatRequest, { model, quirks }: Target): Carried<string> {
  const warnings: Warning[] = [];
  if (request.topK !== undefined) warnings.push({ field: 'top_k', detail: 'OpenAI Chat Completions has no such field' });
  const body = writeJson({
    model,
    messages: encodeMessages(request.messages),
    stream: request.stream || undefined,
    stream_options: request.stream ? { include_usage: true } : undefined,
    [quirks.maxTokensField ?? 'max_tokens']: request.maxTokens,
    ...Object.fromEntries(sharedNumbers.map(([field, ours]) => [field, request[ours]])),
    seed: request.seed,
    stop: request.stop.length === 0 ? undefined : request.stop,
    user: request.user,
    ...encodeTools(request, warnings),
  });
  return { value: body, warnings };
}

/** OpenAI refuses a tool choice, and a word on parallel calls, in a request without tools. */
function encodeTools({ tools, toolChoice, parallelToolCalls }: ChatRequest, warnings: Warning[]): Record<string, Writable> {
  if (tools.length > 0) {
    return {
      tools: tools.map(encodeTool),
      tool_choice: toolChoice && encodeToolChoice(toolChoice),
      parallel_tool_calls: parallelToolCalls,
    };
  }
  if (toolChoice?.type === 'required' || toolChoice?.type === 'tool')
    warnings.push({ field: 'tool_choice', detail: 'there are no tools to choose from' });
  return {};
}

const encodeTool = ({ name, description, parameters, strict }: Tool): Writable => ({
  type: 'function',
  function: { name, description, parameters: new RawJson(parameters), strict },
});

const encodeToolChoice = (choice: ToolChoice): Writable =>
  choice.type === 'tool' ? { type: 'function', function: { name: choice.name } } : choice.type;

/** Tool results follow the calls they answer at once, as OpenAI demands; what they hold besides text comes behind the last of them. */
function encodeMessages(messages: readonly Message[]): Writable[] {
  return turns(messages).flatMap((turn) => {
    const begin = turn[0]?.role === 'assistant' ? 1 : 0;
    const results = turn.filter((message) => message.role === 'tool');
    const others = turn.slice(begin).filter((message) => message.role !== 'tool');
    return [...[...turn.slice(0, begin), ...results].map(encodeMessage), ...encodeResultImages(results), ...others.map(encodeMessage)];
  });
}

/** The conversation cut before each message of the assistant. */
function turns(messages: readonly Message[]): Message[][] {
  const found: Message[][] = [[]];
  for (const message of messages) {
    if (message.role === 'assistant') found.push([]);
    found.at(-1)?.push(message);
  }
  return found;
}

function encodeMessage(message: Message): Writable {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: encodeContent(message.content) };
    case 'user':
      return { role: 'user', content: encodeContent(message.content) };
    case 'assistant':
      return encodeAssistant(message.content);
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, content: encodeResult(message) };
  }
}

function encodeAssistant(content: readonly AssistantContent[]): Writable {
  const said = content.filter((item) => item.type === 'text');
  const calls = content.filter((item) => item.type === 'tool-call');
  return {
    role: 'assistant',
    content: said.length === 0 && calls.length > 0 ? null : encodeContent(said),
    tool_calls:
      calls.length === 0
        ? undefined
        : calls.map((call) => ({ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } })),
  };
}

/** One text is a string, which every compatible server takes; more are an array. */
function encodeContent(content: readonly UserContent[]): Writable {
  const [first] = content;
  if (first === undefined) return '';
  return content.length === 1 && first.type === 'text' ? first.text : content.map(encodePart);
}

const encodePart = (item: UserContent): Writable =>
  item.type === 'text' ? { type: 'text', text: item.text } : { type: 'image_url', image_url: { url: imageUrl(item) } };

const imageUrl = ({ source }: ImageContent): string => (source.kind === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`);

type ToolMessage = Extract<Message, { role: 'tool' }>;

/** A tool message takes text only. It has no mark for errors either: the text says so, where it does not already. */
function encodeResult({ content, isError }: ToolMessage): Writable {
  const texts = content.filter((item) => item.type === 'text');
  if (texts.length === 0 && content.length > 0) texts.push({ type: 'text', text: 'The result is an image; it follows in a message of the user.' });
  return encodeContent(isError ? markError(texts) : texts);
}

function markError(texts: readonly TextContent[]): TextContent[] {
  const [first, ...rest] = texts;
  if (first === undefined) return [{ type: 'text', text: 'Error' }];
  return /^\s*error/i.test(first.text) ? [...texts] : [{ type: 'text', text: `Error: ${first.text}` }, ...rest];
}

/** The images of tool results, in a message of the user: the only role that may send them. */
function encodeResultImages(results: readonly ToolMessage[]): Writable[] {
  const content = results.flatMap((result): UserContent[] => {
    const images = result.content.filter((item) => item.type === 'image');
    return images.length === 0 ? [] : [{ type: 'text', text: `Image from the result of tool call ${result.toolCallId}:` }, ...images];
  });
  return content.length === 0 ? [] : [{ role: 'user', content: encodeContent(content) }];
}
