import { bedrockFault, bedrockRefusal, modelFault } from './error.ts';
import { claudeNameOf, takesCachePoint, takesToolChoice, takesTools } from './models.ts';
import { outputSchemaOf, textOf, toolResultsOf, toolUsesOf } from './request.ts';
import { isRedacted } from './redacted.ts';
import type { Block, ConverseMessage, ConverseRequest } from './request.ts';
import { NoCounterpart, toAnthropic } from './to-anthropic.ts';
import { signatureOf } from '../anthropic/signature.ts';
import { anthropicProblem } from '../anthropic/error.ts';
import { takesSystemMessages } from '../anthropic/models.ts';
import { anthropicRules } from '../anthropic/rules.ts';
import { anthropicRequestShape } from '../anthropic/shape.ts';
import type { AnthropicRequest } from '../anthropic/shape.ts';
import { isObject } from '../shape.ts';
import { firstRefusal } from '../vendor.ts';
import type { Refusal, Rule } from '../vendor.ts';

/** What a Converse body of the right shape may still do wrong. The last rule is the model's own. */
export const converseRules: readonly Rule<ConverseRequest>[] = [
  { name: 'the conversation begins with the user and alternates', check: checkAlternation },
  { name: 'each message has content', check: checkContent },
  { name: 'text is not blank', check: checkTexts },
  { name: 'blocks stand in messages of their role', check: checkRoles },
  { name: 'a document comes with text, and not too many with it', check: checkMedia },
  { name: 'reasoning comes back as it was', check: checkReasoning },
  { name: 'tool results answer the tool uses of the turn before', check: checkToolResults },
  { name: 'tools are defined where messages use them', check: checkToolsDefined },
  { name: 'tools only for models that take them, each name once', check: checkTools },
  { name: 'tool choice names a tool, and the model takes it', check: checkToolChoice },
  { name: 'cache points only for models that take them, long ones first', check: checkCachePoints },
  { name: 'the schema of the output is JSON', check: checkOutputSchema },
  { name: 'what the model itself refuses', check: checkModel },
];

const systemMessagesOf = ({ model }: ConverseRequest): boolean => takesSystemMessages(claudeNameOf(model) ?? '');

function checkAlternation(request: ConverseRequest): Refusal | undefined {
  const { messages } = request.body;
  const taken = systemMessagesOf(request);
  const stray = messages.findIndex(({ role }) => role === 'system' && !taken);
  if (stray >= 0) return bedrockFault(`messages.${stray}.role`, "this model doesn't support the system role; use the field system");
  if (messages[0]?.role !== 'user') return bedrockFault('messages', 'a conversation must start with a user message');
  const turns = messages.filter(({ role }) => role !== 'system');
  const isAlternating = turns.every(({ role }, index) => index === 0 || role !== turns[index - 1]?.role);
  return isAlternating ? undefined : bedrockFault('messages', 'a conversation must alternate between user and assistant roles');
}

function checkContent({ body: { messages } }: ConverseRequest): Refusal | undefined {
  const index = messages.findIndex(({ content }) => content.length === 0);
  return index < 0 ? undefined : bedrockFault(`messages.${index}`, 'the content field is empty');
}

function checkTexts({ body: { messages, system = [] } }: ConverseRequest): Refusal | undefined {
  const isBlank = (block: Pick<Block, 'text' | 'guardContent'>): boolean => textOf(block)?.trim() === '';
  for (const [at, { content }] of messages.entries()) {
    const index = content.findIndex(isBlank);
    if (index >= 0) return bedrockFault(`messages.${at}.content.${index}`, 'the text field is blank');
  }
  const index = system.findIndex(isBlank);
  return index < 0 ? undefined : bedrockFault(`system.${index}`, 'the text field is blank');
}

const onlyOfUser: readonly (keyof Block)[] = ['image', 'document', 'video', 'audio', 'toolResult', 'searchResult'];
const onlyOfAssistant: readonly (keyof Block)[] = ['toolUse', 'reasoningContent', 'citationsContent'];

function checkRoles({ body: { messages } }: ConverseRequest): Refusal | undefined {
  for (const [at, { role, content }] of messages.entries()) {
    const foreign = role === 'user' ? onlyOfAssistant : onlyOfUser;
    for (const [index, block] of content.entries()) {
      const field = foreign.find((name) => block[name] !== undefined);
      if (field) return bedrockFault(`messages.${at}.content.${index}`, `a message of the role ${role} must not have ${field} blocks`);
    }
  }
  return undefined;
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html */
function checkMedia({ body: { messages } }: ConverseRequest): Refusal | undefined {
  for (const [at, { content }] of messages.entries()) {
    const documents = content.flatMap(({ document }) => document ?? []);
    const where = `messages.${at}.content`;
    if (documents.length > 5) return bedrockFault(where, 'at most 5 documents may be in a message');
    if (documents.length > 0 && !content.some((block) => textOf(block) !== undefined))
      return bedrockFault(where, 'a document needs a text block beside it');
    if (new Set(documents.map(({ name }) => name)).size < documents.length) return bedrockFault(where, 'documents must have different names');
    if (content.filter(({ image }) => image).length > 20) return bedrockFault(where, 'at most 20 images may be in a message');
  }
  return undefined;
}

function checkReasoning({ body: { messages } }: ConverseRequest): Refusal | undefined {
  for (const [at, { content }] of messages.entries()) {
    const index = content.findIndex(({ reasoningContent }) => {
      const { text = '', signature } = reasoningContent?.reasoningText ?? {};
      const redacted = reasoningContent?.redactedContent;
      return (signature !== undefined && signature !== signatureOf(text)) || (redacted !== undefined && !isRedacted(redacted));
    });
    if (index >= 0)
      return bedrockFault(`messages.${at}.content.${index}.reasoningContent`, 'it is not the reasoning that the model gave, or its signature is not');
  }
  return undefined;
}

function checkToolResults({ body: { messages } }: ConverseRequest): Refusal | undefined {
  const turns = messages.flatMap((message, at) => (message.role === 'system' ? [] : [{ message, where: `messages.${at}.content` }]));
  for (const [at, { message, where }] of turns.entries()) {
    const before = turns[at - 1]?.message;
    const refusal = checkResultsOfTurn(message, before ? toolUsesOf(before).map(({ toolUseId }) => toolUseId) : [], where);
    if (refusal) return refusal;
  }
  const last = turns.at(-1);
  return last && toolUsesOf(last.message).length > 0 ? bedrockFault(last.where, 'a conversation must not end with toolUse blocks') : undefined;
}

function checkResultsOfTurn(message: ConverseMessage, uses: readonly string[], where: string): Refusal | undefined {
  const results = toolResultsOf(message).map(({ toolUseId }) => toolUseId);
  const missing = uses.filter((id) => !results.includes(id));
  if (message.role === 'user' && missing.length > 0)
    return bedrockFault(where, `expected toolResult blocks for the following ids: ${missing.join(', ')}`);
  if (new Set(uses).size < uses.length) return bedrockFault(where, 'toolUse blocks of the turn before have the same id');
  if (results.length > uses.length) return bedrockFault(where, 'there are more toolResult blocks than toolUse blocks in the turn before');
  const orphan = results.find((id, index) => !uses.includes(id) || results.indexOf(id) !== index);
  return orphan === undefined ? undefined : bedrockFault(where, `no toolUse of the turn before waits for a result with the id ${orphan}`);
}

function checkToolsDefined({ body: { messages, toolConfig } }: ConverseRequest): Refusal | undefined {
  if (toolConfig || !messages.some((message) => toolUsesOf(message).length + toolResultsOf(message).length > 0)) return undefined;
  return bedrockFault('toolConfig', 'this field must be defined where messages have toolUse or toolResult blocks');
}

function checkTools({ model, body: { toolConfig } }: ConverseRequest): Refusal | undefined {
  if (!toolConfig) return undefined;
  if (!takesTools(model)) return bedrockFault('toolConfig', "this model doesn't support tool use");
  const names = toolConfig.tools.flatMap(({ toolSpec, systemTool }) => toolSpec?.name ?? systemTool?.name ?? []);
  if (names.length === 0) return bedrockFault('toolConfig.tools', 'there must be a tool');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : bedrockFault('toolConfig.tools', `the name ${twice} is used twice`);
}

function checkToolChoice({ model, body: { toolConfig } }: ConverseRequest): Refusal | undefined {
  if (!toolConfig?.toolChoice) return undefined;
  const { any, tool } = toolConfig.toolChoice;
  const choice = tool ? 'tool' : any ? 'any' : 'auto';
  if (!takesToolChoice(model, choice)) return bedrockFault(`toolConfig.toolChoice.${choice}`, "this model doesn't support this field");
  if (!tool || toolConfig.tools.some(({ toolSpec }) => toolSpec?.name === tool.name)) return undefined;
  return bedrockFault('toolConfig.toolChoice.tool.name', `there is no tool ${tool.name}`);
}

function checkCachePoints({ model, body: { messages, system = [], toolConfig } }: ConverseRequest): Refusal | undefined {
  const places = { tools: toolConfig?.tools ?? [], system, messages: messages.flatMap(({ content }) => content) };
  const points = (['tools', 'system', 'messages'] as const).flatMap((place) =>
    places[place].flatMap(({ cachePoint }) => (cachePoint ? [{ place, ttl: cachePoint.ttl ?? '5m' }] : [])),
  );
  if (points.some(({ place }) => !takesCachePoint(model, place))) {
    return { ...bedrockRefusal(403), message: 'This model does not cache prompts, or not in this place.' };
  }
  const isLateHour = points.some(({ ttl }, index) => ttl === '1h' && points.slice(0, index).some((earlier) => earlier.ttl === '5m'));
  return isLateHour ? bedrockFault('cachePoint', 'a ttl of 1h must not come after one of 5m, in the order of tools, system and messages') : undefined;
}

function checkOutputSchema({ body }: ConverseRequest): Refusal | undefined {
  if (!body.outputConfig?.textFormat || isObject(outputSchemaOf(body))) return undefined;
  return bedrockFault('outputConfig.textFormat.structure.jsonSchema.schema', 'must be the text of a JSON Schema');
}

function checkModel({ model, body }: ConverseRequest): Refusal | undefined {
  const claude = claudeNameOf(model);
  if (claude === undefined) return undefined;
  try {
    const request = toAnthropic(claude, body);
    const problem = anthropicRequestShape(request, []);
    // The shape has just been checked against what the SDK's type says.
    const refusal = problem ? anthropicProblem(problem) : firstRefusal(anthropicRules, request as AnthropicRequest);
    return refusal && modelFault(refusal.message);
  } catch (error) {
    if (error instanceof NoCounterpart) return modelFault(error.message);
    throw error;
  }
}
