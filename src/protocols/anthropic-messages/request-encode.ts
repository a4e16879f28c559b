import { parseJson } from '../../framing/json.ts';
import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import { addField, splice } from '../../framing/splice.ts';
import type {
  AssistantContent,
  ChatRequest,
  Message,
  ObjectText,
  TextContent,
  Tool,
  ToolCallContent,
  UserContent,
  Warning,
} from '../../llm/request.ts';
import { defaultMaxTokens, type Carried, type Target } from '../protocol.ts';
import { samplingOf } from './request-sampling.ts';

/** A request as Anthropic takes it. */
export function encodeRequest(request: ChatRequest, { model }: Target): Carried<string> {
  const warnings: Warning[] = [];
  const { system, messages } = encodeMessages(request.messages, warnings);
  const body = {
    model,
    max_tokens: request.maxTokens ?? defaultMaxTokens,
    ...(request.stream && { stream: true }),
    ...(system.length > 0 && { system: shortest(system) }),
    messages,
    ...encodeTools(request, warnings),
    ...encodeSampling(request, model, warnings),
    ...encodeOptions(request, warnings),
  };
  return { value: writeJson(body), warnings };
}

type Block = { readonly type: string; readonly text?: string } & { readonly [key: string]: Writable };

/** One turn of the conversation. The API wants turns of the two sides to alternate, and in a user's turn the results of all tool calls first. */
interface Turn {
  role: 'user' | 'assistant';
  results: Block[];
  content: Block[];
}

/** Takes the turn of an empty place at the start: the API wants a conversation to begin with the user. */
const openingText = '(The conversation begins with the assistant.)';

function encodeMessages(messages: readonly Message[], warnings: Warning[]): { system: Block[]; messages: Writable[] } {
  const leading = messages.findIndex(({ role }) => role !== 'system');
  const head = leading === -1 ? messages : messages.slice(0, leading);
  const system = head.flatMap((message) => (message.role === 'system' ? textBlocks(message.content) : []));
  const turns = encodeTurns(messages, head.length, warnings);
  if (turns.length === 0 && system.length > 0) {
    warnings.push({
      field: `messages[${messages.length - 1}]`,
      detail: "is sent as the user's: the API takes no conversation of system messages alone",
    });
    turns.push({ role: 'user', results: [], content: system.splice(-1) });
  }
  if (turns[0]?.role === 'assistant') {
    warnings.push({
      field: `messages[${head.length}]`,
      detail: 'is preceded by a short user message: the API wants a conversation to begin with the user',
    });
    turns.unshift({ role: 'user', results: [], content: [textBlock(openingText)] });
  }
  return { system, messages: turns.map(({ role, results, content }) => ({ role, content: shortest([...results, ...content]) })) };
}

function encodeTurns(messages: readonly Message[], from: number, warnings: Warning[]): Turn[] {
  const turns: Turn[] = [];
  const ids = toolIds(messages);
  messages.slice(from).forEach((message, index) => {
    const turn = encodeMessage(message, `messages[${from + index}]`, { ids, warnings });
    const last = turns.at(-1);
    if (turn.results.length + turn.content.length === 0) return;
    if (last?.role === turn.role) {
      last.results.push(...turn.results);
      last.content.push(...turn.content);
    } else turns.push(turn);
  });
  trimEnd(turns, `messages[${messages.length - 1}]`, warnings);
  return turns;
}

interface Context {
  ids: ReadonlyMap<string, string>;
  warnings: Warning[];
}

function encodeMessage(message: Message, field: string, context: Context): Turn {
  switch (message.role) {
    case 'system':
      // The API has a system role inside the conversation, but only some models take it and others refuse the whole request; text of the user's is understood by all.
      context.warnings.push({ field, detail: 'a system message inside the conversation is sent as text of the user' });
      return { role: 'user', results: [], content: textBlocks(message.content) };
    case 'user':
      return { role: 'user', results: [], content: userBlocks(message.content) };
    case 'assistant':
      return {
        role: 'assistant',
        results: [],
        content: message.content.flatMap((content) => assistantBlock(content, context)),
      };
    case 'tool':
      return { role: 'user', results: [toolResult(message, context)], content: [] };
  }
}

function toolResult({ toolCallId, content, isError }: Message & { role: 'tool' }, { ids }: Context): Block {
  const blocks = userBlocks(content);
  return {
    type: 'tool_result',
    tool_use_id: ids.get(toolCallId) ?? toolCallId,
    ...(blocks.length > 0 && { content: shortest(blocks) }),
    ...(isError && { is_error: true }),
  };
}

function assistantBlock(content: AssistantContent, { ids }: Context): Block[] {
  if (content.type === 'text') return textBlocks([content]);
  return [{ type: 'tool_use', id: ids.get(content.id) ?? content.id, name: content.name, input: new RawJson(content.arguments) }];
}

const textBlock = (text: string): Block => ({ type: 'text', text });

/** The API refuses text that is empty or blank; it says nothing anyway. */
const textBlocks = (content: readonly TextContent[]): Block[] => content.filter(({ text }) => text.trim() !== '').map(({ text }) => textBlock(text));

const userBlocks = (content: readonly UserContent[]): Block[] =>
  content.flatMap((item) => (item.type === 'text' ? textBlocks([item]) : [{ type: 'image', source: imageSource(item.source) }]));

const imageSource = (source: (UserContent & { type: 'image' })['source']): Writable =>
  source.kind === 'url' ? { type: 'url', url: source.url } : { type: 'base64', media_type: source.mediaType, data: source.data };

/** A single text stands for itself. */
function shortest(blocks: readonly Block[]): Writable {
  const [first, ...more] = blocks;
  return more.length === 0 && first?.type === 'text' ? first.text : blocks;
}

/** An assistant's turn at the end is one for the model to continue; the API refuses white space at its end. */
function trimEnd(turns: readonly Turn[], field: string, warnings: Warning[]): void {
  const turn = turns.at(-1);
  const block = turn?.content.at(-1);
  if (turn?.role !== 'assistant' || block?.text === undefined) return;
  const text = block.text.trimEnd();
  if (text === block.text) return;
  warnings.push({ field, detail: 'white space at the end of the last assistant message is left out' });
  turn.content[turn.content.length - 1] = textBlock(text);
}

/** The API takes ids of letters, digits, `_` and `-`. Others get one that is made of theirs and that no other call of the request has. */
function toolIds(messages: readonly Message[]): Map<string, string> {
  const ids = new Set(messages.flatMap(idsOf));
  const taken = new Set([...ids].filter((id) => /^[a-zA-Z0-9_-]+$/.test(id)));
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  for (const id of ids) {
    if (taken.has(id)) continue;
    const base = id.replaceAll(/[^a-zA-Z0-9_-]/g, '_') || 'call';
    let name = base;
    let count = counts.get(base) ?? 1;
    while (taken.has(name)) name = `${base}_${++count}`;
    counts.set(base, count);
    taken.add(name);
    names.set(id, name);
  }
  return names;
}

function idsOf(message: Message): string[] {
  return message.role === 'tool' ? [message.toolCallId] : callsOf(message).map(({ id }) => id);
}

const callsOf = (message: Message): ToolCallContent[] =>
  message.role === 'assistant' ? message.content.filter((content) => content.type === 'tool-call') : [];

/** Tools, and what may be chosen of them: a choice without tools is refused. */
function encodeTools({ messages, tools, toolChoice, parallelToolCalls }: ChatRequest, warnings: Warning[]): Record<string, Writable> {
  if (tools.length === 0) return pastTools(messages, warnings);
  const choice = toolChoice ?? (parallelToolCalls === false ? { type: 'auto' as const } : undefined);
  if (choice === undefined) return { tools: tools.map(encodeTool) };
  const tool_choice = {
    type: choice.type === 'required' ? 'any' : choice.type,
    ...(choice.type === 'tool' && { name: choice.name }),
    ...(parallelToolCalls === false && choice.type !== 'none' && { disable_parallel_tool_use: true }),
  };
  return { tools: tools.map(encodeTool), tool_choice };
}

/** The API wants the tools of past calls defined even where none may be called any more. */
function pastTools(messages: readonly Message[], warnings: Warning[]): Record<string, Writable> {
  const names = new Set(messages.flatMap(callsOf).map(({ name }) => name));
  if (names.size === 0) return {};
  warnings.push({ field: 'tools', detail: 'the API wants the tools of past calls; they are named, and none may be called' });
  return { tools: [...names].map((name) => ({ name, input_schema: { type: 'object' } })), tool_choice: { type: 'none' } };
}

const encodeTool = ({ name, description, parameters, strict }: Tool): Writable => ({
  name,
  description,
  input_schema: objectSchema(parameters),
  strict,
});

/** The API wants the schema to say that it is an object's; other APIs take that for granted. */
function objectSchema(parameters: ObjectText): RawJson {
  const bytes = Buffer.from(parameters);
  const schema = parseJson(bytes);
  if (schema.get('type') !== undefined) return new RawJson(parameters);
  return new RawJson(splice(bytes, [addField(schema, 'type', '"object"')]).toString());
}

/** Options that the model refuses are left out. 1 is the default of temperature and top_p: it goes without a warning. */
function encodeSampling({ temperature, topP, topK }: ChatRequest, model: string, warnings: Warning[]): Record<string, Writable> {
  const sampling = samplingOf(model);
  const drop = (field: string, value: number | undefined, byDefault?: number): void => {
    if (value !== undefined && value !== byDefault)
      warnings.push({ field, detail: `is refused by ${model}${sampling === 'one' ? ' beside temperature' : ''} and left out` });
  };
  if (sampling === 'none') {
    drop('temperature', temperature, 1);
    drop('top_p', topP, 1);
    drop('top_k', topK);
    return {};
  }
  if (temperature === undefined) return { top_p: topP, top_k: topK };
  if (temperature > 1) warnings.push({ field: 'temperature', detail: 'is at most 1 in the Anthropic API; 1 is sent' });
  if (sampling === 'one') drop('top_p', topP, 1);
  return { temperature: Math.min(temperature, 1), top_p: sampling === 'one' ? undefined : topP, top_k: topK };
}

function encodeOptions(request: ChatRequest, warnings: Warning[]): Record<string, Writable> {
  const { user, seed, frequencyPenalty, presencePenalty } = request;
  const drop = (field: string, value: number | undefined): void => {
    if (value !== undefined) warnings.push({ field, detail: 'has no counterpart in the Anthropic API and is left out' });
  };
  drop('seed', seed);
  if (frequencyPenalty !== 0) drop('frequency_penalty', frequencyPenalty);
  if (presencePenalty !== 0) drop('presence_penalty', presencePenalty);
  const stop = request.stop.filter((sequence) => sequence.trim() !== '');
  if (stop.length < request.stop.length)
    warnings.push({ field: 'stop', detail: 'the Anthropic API refuses blank stop sequences; they are left out' });
  return {
    ...(stop.length > 0 && { stop_sequences: stop }),
    metadata: user === undefined ? undefined : { user_id: user },
  };
}
