import type { ContentBlockParam, TextBlockParam, ToolUnion } from '@anthropic-ai/sdk/resources/messages/messages';
import { anthropicFault } from './error.ts';
import { maxOutputTokens, takesAdaptiveThinking, takesPrefill, takesSampling, takesSystemMessages, takesThinkingBudget } from './models.ts';
import { outputSchemaFault } from './output-schema.ts';
import type { AnthropicRequest } from './shape.ts';
import { isOwnRedacted, isOwnThinking } from './signature.ts';
import { blocksOf, toTurns } from './turns.ts';
import type { Refusal, Rule } from '../vendor.ts';

/** What API version 2026-10-21 no longer takes (https://platform.claude.com/docs/en/api/migration-2026-10-21). */
export const latestVersionRules: readonly Rule<AnthropicRequest>[] = [
  {
    name: 'no sampling options, not even with their defaults',
    check(request) {
      const set = samplingOptions.find((option) => request[option] !== undefined);
      return set && anthropicFault(set, 'no such field is permitted');
    },
  },
  { name: 'no documents in assistant messages', check: checkDocuments },
  { name: 'no citations on the user’s text', check: checkCitations },
];

/** What a body of the right shape may still do wrong, whatever the version. */
export const anthropicRules: readonly Rule<AnthropicRequest>[] = [
  {
    name: 'the first message is the user’s',
    check: ({ messages }) => (messages[0]?.role === 'user' ? undefined : anthropicFault('messages', "the first message must have the role 'user'")),
  },
  { name: 'system messages only after a user’s, and for models that take them', check: checkSystemMessages },
  { name: 'each message has content, but for a last one of the assistant', check: checkContent },
  { name: 'text is not empty', check: checkTexts },
  { name: 'blocks stand in messages of their role', check: checkRoles },
  { name: 'prefill only for models that take it, and without white space at its end', check: checkPrefill },
  { name: 'tool results answer tool uses, directly and first', check: checkToolResults },
  { name: 'tool use ids are unique', check: checkToolUseIds },
  { name: 'tools are defined where messages use them', check: checkToolsDefined },
  {
    name: 'tool names are unique',
    check: ({ tools = [] }) => ifDuplicate(tools.map(nameOf), (name) => anthropicFault('tools', `the name '${name}' is used twice`)),
  },
  { name: 'tool_choice names a tool', check: checkToolChoice },
  { name: 'sampling options only for models that take them, and not both', check: checkSampling },
  { name: 'output within the model', check: checkMaxOutput },
  { name: 'thinking within max_tokens, and nothing that contradicts it', check: checkThinking },
  { name: 'thinking blocks come back as they were', check: checkSignatures },
  { name: 'the output format can be followed', check: checkOutputFormat },
  { name: 'strict tools can be followed', check: checkStrictTools },
  { name: 'at most four cache breakpoints', check: checkCacheControl },
];

function checkSystemMessages({ model, messages }: AnthropicRequest): Refusal | undefined {
  const index = messages.findIndex(({ role }, at) => role === 'system' && (!takesSystemMessages(model) || messages[at - 1]?.role !== 'user'));
  return index < 0 ? undefined : anthropicFault(`messages.${index}.role`, "'system' is not taken here; use the field 'system'");
}

function checkContent({ messages }: AnthropicRequest): Refusal | undefined {
  const index = messages.findIndex(({ role, content }, at) => content.length === 0 && !(role === 'assistant' && at === messages.length - 1));
  return index < 0 ? undefined : anthropicFault(`messages.${index}`, 'every message but a last one of the assistant must have content');
}

function checkTexts({ system, messages }: AnthropicRequest): Refusal | undefined {
  const isEmpty = ({ type, ...block }: ContentBlockParam): boolean => type === 'text' && 'text' in block && block.text.trim() === '';
  const inMessage = messages.findIndex((message) => message.content.length > 0 && blocksOf(message).some(isEmpty));
  if (inMessage >= 0) return anthropicFault(`messages.${inMessage}`, 'text blocks must hold more than white space');
  return Array.isArray(system) && system.some(isEmpty) ? anthropicFault('system', 'text blocks must hold more than white space') : undefined;
}

const onlyOfUser = new Set<string>(['image', 'tool_result', 'search_result']);
const onlyOfAssistant = new Set<string>(['tool_use', 'thinking', 'redacted_thinking', 'server_tool_use']);

function checkRoles({ messages }: AnthropicRequest): Refusal | undefined {
  for (const [index, message] of messages.entries()) {
    const foreign = message.role === 'assistant' ? onlyOfUser : onlyOfAssistant;
    const block = blocksOf(message).find(({ type }) => foreign.has(type));
    if (block) return anthropicFault(`messages.${index}`, `${block.type} blocks do not belong to the role '${message.role}'`);
  }
  return undefined;
}

function checkDocuments({ messages }: AnthropicRequest): Refusal | undefined {
  const index = messages.findIndex((message) => message.role === 'assistant' && blocksOf(message).some(({ type }) => type === 'document'));
  return index < 0 ? undefined : anthropicFault(`messages.${index}`, 'a document does not belong into an assistant message');
}

function checkCitations({ messages }: AnthropicRequest): Refusal | undefined {
  const isCited = (block: { type: string; citations?: unknown }): boolean =>
    block.type === 'text' && Array.isArray(block.citations) && block.citations.length > 0;
  const holdsCited = (block: ContentBlockParam): boolean => (block.type === 'search_result' ? block.content.some(isCited) : isCited(block));
  const index = messages.findIndex((message) => message.role === 'user' && blocksOf(message).some(holdsCited));
  return index < 0 ? undefined : anthropicFault(`messages.${index}`, 'text of the user has no citations');
}

function checkPrefill({ model, messages }: AnthropicRequest): Refusal | undefined {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return undefined;
  if (!takesPrefill(model)) return anthropicFault('messages', 'this model does not continue an assistant message; the last one must be the user’s');
  const block = blocksOf(last).at(-1);
  return block?.type === 'text' && /\s$/.test(block.text)
    ? anthropicFault('messages', 'a last assistant message must not end with white space')
    : undefined;
}

function checkToolResults({ messages }: AnthropicRequest): Refusal | undefined {
  const turns = toTurns(messages);
  for (const [at, { role, index, blocks }] of turns.entries()) {
    const open = new Set(role === 'user' ? usesOf(turns[at - 1]?.blocks ?? []) : []);
    const others = blocks.findIndex(({ type }) => type !== 'tool_result');
    for (const [place, block] of blocks.entries()) {
      if (block.type !== 'tool_result') continue;
      if (!open.has(block.tool_use_id))
        return anthropicFault(
          `messages.${index}.content.${place}`,
          `no tool_use of the message before has the id ${block.tool_use_id}, or it is answered already`,
        );
      // Results behind other blocks do not count: they must come first.
      if (others < 0 || place < others) open.delete(block.tool_use_id);
    }
    if (open.size > 0) return unanswered(turns[at - 1]?.index ?? 0, open);
    if (role === 'assistant' && at === turns.length - 1) {
      const uses = usesOf(blocks);
      if (uses.length > 0) return unanswered(index, uses);
    }
  }
  return undefined;
}

const unanswered = (index: number, ids: Iterable<string>): Refusal =>
  anthropicFault(`messages.${index}`, `each tool_use needs a tool_result at the start of the next message; there is none for ${[...ids].join(', ')}`);

const usesOf = (blocks: readonly ContentBlockParam[]): string[] => blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));

const allBlocks = ({ messages }: Pick<AnthropicRequest, 'messages'>): ContentBlockParam[] => messages.flatMap((message) => blocksOf(message));

function checkToolUseIds(request: AnthropicRequest): Refusal | undefined {
  return ifDuplicate(usesOf(allBlocks(request)), (id) => anthropicFault('messages', `the tool_use id ${id} is used twice`));
}

function checkToolsDefined(request: AnthropicRequest): Refusal | undefined {
  if (request.tools || !allBlocks(request).some(({ type }) => type === 'tool_use' || type === 'tool_result')) return undefined;
  return anthropicFault('tools', 'this field is required where messages have tool_use or tool_result blocks');
}

const nameOf = (tool: ToolUnion): string => ('name' in tool ? tool.name : tool.type);

function checkToolChoice({ tools = [], tool_choice }: AnthropicRequest): Refusal | undefined {
  if (!tool_choice || tool_choice.type === 'none') return undefined;
  if (tools.length === 0) return anthropicFault('tool_choice', "this field needs 'tools'");
  if (tool_choice.type !== 'tool' || tools.some((tool) => nameOf(tool) === tool_choice.name)) return undefined;
  return anthropicFault('tool_choice', `there is no tool '${tool_choice.name}'`);
}

const samplingOptions = ['temperature', 'top_p', 'top_k'] as const;

function checkSampling(request: AnthropicRequest): Refusal | undefined {
  const { model, temperature = 1, top_p, top_k } = request;
  if (request.temperature !== undefined && top_p !== undefined) return anthropicFault('temperature', "give either this or 'top_p', not both");
  if (takesSampling(model)) return undefined;
  if (temperature !== 1) return anthropicFault('temperature', 'this model takes no value but its default');
  if (top_p !== undefined) return anthropicFault('top_p', 'this model takes no value but its default');
  return top_k === undefined ? undefined : anthropicFault('top_k', 'this model takes no value but its default');
}

function checkMaxOutput({ model, max_tokens }: AnthropicRequest): Refusal | undefined {
  const most = maxOutputTokens(model) ?? Number.POSITIVE_INFINITY;
  return max_tokens > most ? anthropicFault('max_tokens', `${max_tokens} is more than the ${most} output tokens of ${model}`) : undefined;
}

function checkThinking({ model, thinking, max_tokens, temperature, top_k, tool_choice, messages }: AnthropicRequest): Refusal | undefined {
  if (thinking?.type === 'adaptive' && !takesAdaptiveThinking(model)) return anthropicFault('thinking.type', "this model does not take 'adaptive'");
  if (thinking?.type !== 'enabled') return undefined;
  if (!takesThinkingBudget(model)) return anthropicFault('thinking.type', "this model does not take 'enabled'; use 'adaptive'");
  if (thinking.budget_tokens >= max_tokens) return anthropicFault('thinking.enabled.budget_tokens', "must be less than 'max_tokens'");
  if (temperature !== undefined && temperature !== 1) return anthropicFault('temperature', 'must be 1 with thinking');
  if (top_k !== undefined) return anthropicFault('top_k', 'must not be given with thinking');
  if (tool_choice?.type === 'any' || tool_choice?.type === 'tool') return anthropicFault('tool_choice', 'must not force a tool with thinking');
  const last = toTurns(messages).findLast(({ role }) => role === 'assistant');
  if (!last || usesOf(last.blocks).length === 0 || last.blocks[0]?.type === 'thinking' || last.blocks[0]?.type === 'redacted_thinking')
    return undefined;
  return anthropicFault(`messages.${last.index}.content.0.type`, 'with thinking, the last assistant message must start with its thinking block');
}

function checkSignatures({ messages }: AnthropicRequest): Refusal | undefined {
  for (const [index, message] of messages.entries()) {
    const place = blocksOf(message).findIndex((block) => isForged(block));
    const block = blocksOf(message)[place];
    if (block?.type === 'thinking') return anthropicFault(`messages.${index}.content.${place}`, 'the signature of this thinking block is not valid');
    if (block) return anthropicFault(`messages.${index}.content.${place}`, 'the data of this redacted_thinking block is not valid');
  }
  return undefined;
}

const isForged = (block: ContentBlockParam): boolean =>
  (block.type === 'thinking' && !isOwnThinking(block)) || (block.type === 'redacted_thinking' && !isOwnRedacted(block.data));

function checkOutputFormat({ output_config, messages }: AnthropicRequest): Refusal | undefined {
  const format = output_config?.format;
  if (!format) return undefined;
  const fault = outputSchemaFault(format.schema);
  if (fault) return anthropicFault('output_config.format.schema', fault);
  if (messages.at(-1)?.role === 'assistant') return anthropicFault('output_config.format', 'does not go with an assistant message at the end');
  const isCited = allBlocks({ messages }).some((block) => block.type === 'document' && block.citations?.enabled);
  return isCited ? anthropicFault('output_config.format', 'does not go with citations') : undefined;
}

function checkStrictTools({ tools = [] }: AnthropicRequest): Refusal | undefined {
  for (const [index, tool] of tools.entries()) {
    const fault = 'input_schema' in tool && tool.strict ? outputSchemaFault(tool.input_schema) : undefined;
    if (fault) return anthropicFault(`tools.${index}.custom.input_schema`, fault);
  }
  return undefined;
}

function checkCacheControl(request: AnthropicRequest): Refusal | undefined {
  const system: readonly TextBlockParam[] = Array.isArray(request.system) ? request.system : [];
  const marked = [request, ...(request.tools ?? []), ...system, ...allBlocks(request)].filter(
    (holder) => 'cache_control' in holder && holder.cache_control,
  );
  return marked.length > 4 ? anthropicFault('cache_control', `at most 4 blocks may have it, not ${marked.length}`) : undefined;
}

function ifDuplicate(names: readonly string[], refuse: (name: string) => Refusal): Refusal | undefined {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : refuse(twice);
}
