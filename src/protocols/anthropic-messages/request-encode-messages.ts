import { RawJson } from '../../framing/json-write.ts';
import type { AssistantContent, Message, ReasoningContent, Warning } from '../../llm/request.ts';
import { markOf, type Block } from './request-cache.ts';
import { textBlocks, userBlocks, type ContentContext } from './request-encode-content.ts';
import { ToolIds } from './request-ids.ts';
import type { ModelRules } from './request-models.ts';

/** One turn of the conversation. The API wants turns of the two sides to alternate, and in a user's turn the results of all tool calls first. */
export interface Turn {
  role: 'user' | 'assistant';
  results: Block[];
  content: Block[];
}

/** Takes the turn of an empty place at the start: the API wants a conversation to begin with the user. */
const openingText = '(The conversation begins with the assistant.)';

/** Takes the user's turn at the end, for models that do not continue a message of the assistant's. */
const continuingText = '(Please continue.)';

/** Splits a conversation into the system prompt and turns. */
export function encodeMessages(
  messages: readonly Message[],
  { prefill }: Pick<ModelRules, 'prefill'>,
  warnings: Warning[],
): { system: Block[]; turns: Turn[] } {
  const leading = messages.findIndex(({ role }) => role !== 'system');
  const head = leading === -1 ? messages : messages.slice(0, leading);
  const system = head.flatMap((message, index) =>
    message.role === 'system' ? textBlocks(message.content, { field: `messages[${index}]`, warnings }) : [],
  );
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
    turns.unshift({ role: 'user', results: [], content: [{ type: 'text', text: openingText }] });
  }
  const last = turns.at(-1);
  if (last?.role === 'assistant' && !prefill && !hasCalls(last)) {
    warnings.push({
      field: `messages[${messages.length - 1}]`,
      detail: 'is followed by a short user message: this model does not continue one of the assistant',
    });
    turns.push({ role: 'user', results: [], content: [{ type: 'text', text: continuingText }] });
  }
  return { system, turns };
}

const hasCalls = ({ content }: Turn): boolean => content.some(({ type }) => type === 'tool_use');

function encodeTurns(messages: readonly Message[], from: number, warnings: Warning[]): Turn[] {
  const turns: Turn[] = [];
  const ids = new ToolIds(messages);
  messages.slice(from).forEach((message, index) => {
    const turn = encodeMessage(message, { ids, field: `messages[${from + index}]`, warnings });
    const last = turns.at(-1);
    if (turn.results.length + turn.content.length === 0) return;
    if (last?.role === turn.role) {
      last.results.push(...turn.results);
      last.content.push(...turn.content);
    } else turns.push(turn);
  });
  for (const turn of turns) if (turn.role === 'assistant') turn.content = thinkingFirst(turn.content);
  return turns;
}

interface Context extends ContentContext {
  ids: ToolIds;
}

function encodeMessage(message: Message, context: Context): Turn {
  const { field, warnings } = context;
  switch (message.role) {
    case 'system':
      // The API has a system role inside the conversation, but only some models take it and others refuse the whole request; text of the user's is understood by all.
      warnings.push({ field, detail: 'a system message inside the conversation is sent as text of the user' });
      return { role: 'user', results: [], content: textBlocks(message.content, context) };
    case 'user':
      return { role: 'user', results: [], content: userBlocks(message.content, context) };
    case 'assistant':
      return { role: 'assistant', results: [], content: message.content.flatMap((content) => assistantBlock(content, context)) };
    case 'tool':
      return toolTurn(message, context);
  }
}

/** A result, marked as a whole. Of one that is an error the API takes texts alone: what else it holds follows the results. */
function toolTurn({ toolCallId, content, isError, cache }: Message & { role: 'tool' }, context: Context): Turn {
  const mark = cache ?? content.map((item) => ('cache' in item ? item.cache : undefined)).findLast((each) => each !== undefined);
  const blocks = userBlocks(content, context);
  for (const block of blocks) delete block.cache_control;
  const inside = isError ? blocks.filter(({ type }) => type === 'text') : blocks;
  const result: Block = {
    type: 'tool_result',
    tool_use_id: context.ids.ofResult(toolCallId),
    ...(inside.length > 0 && { content: shortest(inside) }),
    ...(isError && { is_error: true }),
    ...markOf(mark),
  };
  return { role: 'user', results: [result], content: blocks.filter((block) => !inside.includes(block)) };
}

function assistantBlock(content: AssistantContent, context: Context): Block[] {
  switch (content.type) {
    case 'text':
      return textBlocks([content], context);
    case 'tool-call': {
      const { id, name, arguments: input, cache, state } = content;
      if (state !== undefined) warnOnce(context, "another maker's signature of a tool call is left out");
      return [{ type: 'tool_use', id: context.ids.ofCall(id), name, input: new RawJson(input), ...markOf(cache) }];
    }
    case 'reasoning':
      return thinkingBlock(content, context);
  }
}

/** Only what Anthropic has signed or encrypted itself may come back as thinking. */
function thinkingBlock({ text, state }: ReasoningContent, context: Context): Block[] {
  if (state?.origin === 'anthropic') {
    return [
      state.kind === 'encrypted' ? { type: 'redacted_thinking', data: state.value } : { type: 'thinking', thinking: text, signature: state.value },
    ];
  }
  warnOnce(context, state === undefined ? 'reasoning without a signature is left out' : "another maker's reasoning is left out");
  return [];
}

/** Says of a message what holds of several of its items. */
function warnOnce({ field, warnings }: ContentContext, detail: string): void {
  if (!warnings.some((warning) => warning.field === field && warning.detail === detail)) warnings.push({ field, detail });
}

const isThinking = ({ type }: Block): boolean => type === 'thinking' || type === 'redacted_thinking';

/** Thinking stands where it was. Only where a turn does not begin with it, as when it came back inside the id of a tool call, what was thought before the first call goes in front. */
function thinkingFirst(content: readonly Block[]): Block[] {
  const [first] = content;
  if (first === undefined || isThinking(first)) return [...content];
  const call = content.findIndex(({ type }) => type === 'tool_use');
  const before = call === -1 ? content : content.slice(0, call);
  return [...before.filter(isThinking), ...before.filter((block) => !isThinking(block)), ...content.slice(before.length)];
}

/** Whether a budget for thinking is possible: where the assistant's last turn called tools, or is to be continued, it must begin with thinking. */
export function canResumeThinking(turns: readonly Turn[]): boolean {
  const last = turns.findLast(({ role }) => role === 'assistant');
  const [first] = last?.content ?? [];
  if (last === undefined || first === undefined || isThinking(first)) return true;
  return last !== turns.at(-1) && !hasCalls(last);
}

/** Takes the thinking out of all turns: models with a budget refuse it in the last turn of a request without thinking, and ignore it before that. */
export function withoutThinking(turns: readonly Turn[], warnings: Warning[]): Turn[] {
  const kept = turns.map((turn) => ({ ...turn, content: turn.content.filter((block) => !isThinking(block)) }));
  if (kept.every(({ content }, index) => content.length === turns[index]?.content.length)) return [...turns];
  warnings.push({ field: 'messages', detail: 'reasoning of earlier turns is left out: thinking is off for this request' });
  return kept.filter(({ results, content }) => results.length + content.length > 0);
}

/** A single text that nothing else is said of stands for itself. */
export function shortest(blocks: readonly Block[]): string | readonly Block[] {
  const [first, ...more] = blocks;
  const isPlain = more.length === 0 && first?.type === 'text' && first.cache_control === undefined;
  return isPlain && first.text !== undefined ? first.text : blocks;
}

/** An assistant's turn at the end is one for the model to continue; the API refuses white space at its end. */
export function trimEnd(turns: readonly Turn[], field: string, warnings: Warning[]): void {
  const turn = turns.at(-1);
  const block = turn?.content.at(-1);
  if (turn?.role !== 'assistant' || block?.text === undefined) return;
  const text = block.text.trimEnd();
  if (text === block.text) return;
  warnings.push({ field, detail: 'white space at the end of the last assistant message is left out' });
  block.text = text;
}
