import { RawJson } from '../../framing/json-write.ts';
import type { AssistantContent, Message, ReasoningContent, Warning } from '../../llm/request.ts';
import { ToolIds } from '../anthropic-messages/request-ids.ts';
import { markOf } from '../anthropic-messages/request-cache.ts';
import type { Block } from './request-encode-blocks.ts';
import { textBlocks, userBlocks, type ContentContext } from './request-encode-content.ts';
import { DocumentNames } from './request-encode-names.ts';
import type { ConverseRules } from './request-models.ts';

/** One turn of the conversation. The API wants turns of the two sides to alternate, and the results of all tool uses in the turn behind them, where they go first. */
export interface Turn {
  role: 'user' | 'assistant';
  results: Block[];
  content: Block[];
}

/** Takes the turn of an empty place at the start: the API wants a conversation to begin with the user. */
const openingText = '(The conversation begins with the assistant.)';

/** Goes with documents that nothing is said of: the API wants a text beside them. */
const documentText = '(See the document.)';

/** Ids of tool uses: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html */
const idRule = { taken: /^[a-zA-Z0-9_.:-]{1,64}$/, maxLength: 64 };

/** Splits a conversation into the system prompt and turns. */
export function encodeMessages(messages: readonly Message[], rules: ConverseRules, warnings: Warning[]): { system: Block[]; turns: Turn[] } {
  const leading = messages.findIndex(({ role }) => role !== 'system');
  const head = leading === -1 ? messages : messages.slice(0, leading);
  const system = head.flatMap((message, index) =>
    message.role === 'system' ? textBlocks(message.content, { field: `messages[${index}]`, warnings }) : [],
  );
  const turns = encodeTurns(messages, head.length, rules, warnings);
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
    turns.unshift({ role: 'user', results: [], content: [{ value: { text: openingText } }] });
  }
  return { system, turns };
}

function encodeTurns(messages: readonly Message[], from: number, rules: ConverseRules, warnings: Warning[]): Turn[] {
  const turns: Turn[] = [];
  const ids = new ToolIds(messages, idRule);
  const names = new DocumentNames();
  messages.slice(from).forEach((message, index) => {
    const turn = encodeMessage(message, { ids, names, rules, field: `messages[${from + index}]`, warnings });
    const last = turns.at(-1);
    if (turn.results.length + turn.content.length === 0) return;
    if (last?.role === turn.role) {
      last.results.push(...turn.results);
      last.content.push(...turn.content);
    } else turns.push(turn);
  });
  for (const turn of turns) {
    if (turn.role === 'assistant') turn.content = reasoningFirst(turn.content);
    else if (hasDocument(turn) && turn.content.every(({ value }) => value['text'] === undefined))
      turn.content.push({ value: { text: documentText } });
  }
  trimEnd(turns, `messages[${messages.length - 1}]`, warnings);
  return turns;
}

const hasDocument = ({ content }: Turn): boolean => content.some(({ value }) => value['document'] !== undefined);

interface Context extends ContentContext {
  ids: ToolIds;
}

function encodeMessage(message: Message, context: Context): Turn {
  const { field, warnings } = context;
  switch (message.role) {
    case 'system':
      // Converse has a role for it, which only some models take and others refuse the whole request for; text of the user's is understood by all.
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

/** A result, marked as a whole. Of one that is an error Claude takes texts alone, and the API wants some: what else it holds follows the results. */
function toolTurn({ toolCallId, content, isError, cache }: Message & { role: 'tool' }, context: Context): Turn {
  const { rules, field, warnings } = context;
  const mark = cache ?? content.map((item) => ('cache' in item ? item.cache : undefined)).findLast((each) => each !== undefined);
  const blocks = userBlocks(content, context).map(({ value }): Block => ({ value }));
  const inside = isError ? blocks.filter(({ value }) => value['text'] !== undefined) : blocks.filter(({ value }) => value['audio'] === undefined);
  if (isError && !rules.resultStatus) warnings.push({ field, detail: 'this model is not told that the tool failed, but by the text of its result' });
  const written = isError && inside.length === 0 ? [{ text: 'The tool failed.' }] : inside.map(({ value }) => value);
  const toolResult = {
    toolUseId: context.ids.ofResult(toolCallId),
    content: written,
    status: isError && rules.resultStatus ? 'error' : undefined,
  };
  return { role: 'user', results: [{ value: { toolResult }, ...markOf(mark) }], content: blocks.filter((block) => !inside.includes(block)) };
}

function assistantBlock(content: AssistantContent, context: Context): Block[] {
  switch (content.type) {
    case 'text':
      return textBlocks([content], context);
    case 'tool-call': {
      const { id, name, arguments: input, cache } = content;
      return [{ value: { toolUse: { toolUseId: context.ids.ofCall(id), name, input: new RawJson(input) } }, ...markOf(cache) }];
    }
    case 'reasoning':
      return reasoningBlock(content, context);
  }
}

/** Only what Anthropic has signed or encrypted itself may come back, and to its own models. */
function reasoningBlock({ text, state }: ReasoningContent, { field, rules, warnings }: Context): Block[] {
  if (state?.origin === 'anthropic' && rules.takesSignatures) {
    const reasoningContent = state.kind === 'encrypted' ? { redactedContent: state.value } : { reasoningText: { text, signature: state.value } };
    return [{ value: { reasoningContent } }];
  }
  const detail = state === undefined ? 'reasoning without a signature is left out' : "another maker's reasoning is left out";
  if (!warnings.some((warning) => warning.field === field && warning.detail === detail)) warnings.push({ field, detail });
  return [];
}

const isReasoning = ({ value }: Block): boolean => value['reasoningContent'] !== undefined;
const isCall = ({ value }: Block): boolean => value['toolUse'] !== undefined;

/** Reasoning stands where it was. Only where a turn does not begin with it, as when it came back inside the id of a tool call, what was thought before the first call goes in front. */
function reasoningFirst(content: readonly Block[]): Block[] {
  const [first] = content;
  if (first === undefined || isReasoning(first)) return [...content];
  const call = content.findIndex(isCall);
  const before = call === -1 ? content : content.slice(0, call);
  return [...before.filter(isReasoning), ...before.filter((block) => !isReasoning(block)), ...content.slice(before.length)];
}

/** Whether Claude can be given a budget for thinking: where the assistant's last turn called tools, or is to be continued, it must begin with thinking. */
export function canResumeThinking(turns: readonly Turn[]): boolean {
  const last = turns.findLast(({ role }) => role === 'assistant');
  const [first] = last?.content ?? [];
  if (last === undefined || first === undefined || isReasoning(first)) return true;
  return last !== turns.at(-1) && !last.content.some(isCall);
}

/** Takes the reasoning out of all turns: models with a budget refuse it in the last turn of a request without thinking, and ignore it before that. */
export function withoutReasoning(turns: readonly Turn[], warnings: Warning[]): Turn[] {
  const kept = turns.map((turn) => ({ ...turn, content: turn.content.filter((block) => !isReasoning(block)) }));
  if (kept.every(({ content }, index) => content.length === turns[index]?.content.length)) return [...turns];
  warnings.push({ field: 'messages', detail: 'reasoning of earlier turns is left out: thinking is off for this request' });
  return kept.filter(({ results, content }) => results.length + content.length > 0);
}

/** An assistant's turn at the end is one for the model to continue; Claude refuses white space at its end. */
function trimEnd(turns: readonly Turn[], field: string, warnings: Warning[]): void {
  const turn = turns.at(-1);
  const block = turn?.content.at(-1);
  const text = block?.value['text'];
  if (turn?.role !== 'assistant' || block === undefined || typeof text !== 'string' || text.trimEnd() === text) return;
  warnings.push({ field, detail: 'white space at the end of the last assistant message is left out' });
  block.value = { text: text.trimEnd() };
}
