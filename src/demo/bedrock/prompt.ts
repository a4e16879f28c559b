import { reasonsUnasked } from './models.ts';
import { outputSchemaOf, textOf, toolUsesOf } from './request.ts';
import type { Block, ConverseMessage, ConverseRequest, ResultBlock } from './request.ts';
import type { Prompt } from '../answer.ts';
import { isObject } from '../shape.ts';

/** What the fake needs to know of a Converse request in order to answer it. */
export function toPrompt({ model, body }: ConverseRequest): Prompt {
  const { messages, toolConfig, inferenceConfig = {}, additionalModelRequestFields: { thinking, tool_choice: choice } = {} } = body;
  const names = new Map(messages.flatMap(toolUsesOf).map(({ toolUseId, name }) => [toolUseId, name]));
  const results = messages.at(-1)?.content.flatMap(({ toolResult }) => toolResult ?? []) ?? [];
  return {
    model,
    userText: messageText(messages.findLast((message) => message.role === 'user' && messageText(message) !== '')),
    toolResults: results.map(({ toolUseId, content }) => ({ name: names.get(toolUseId) ?? toolUseId, text: resultText(content) })),
    tools: toolConfig?.tools.flatMap(({ toolSpec }) => (toolSpec ? [{ name: toolSpec.name, schema: toolSpec.inputSchema.json }] : [])) ?? [],
    toolChoice: toToolChoice(toolConfig?.toolChoice),
    parallelToolCalls: !(isObject(choice) && choice['disable_parallel_tool_use'] === true),
    stop: inferenceConfig.stopSequences ?? [],
    maxTokens: inferenceConfig.maxTokens,
    jsonSchema: outputSchemaOf(body),
    reasons: reasonsUnasked(model) || (isObject(thinking) && (thinking['type'] === 'enabled' || thinking['type'] === 'adaptive')),
  };
}

const messageText = (message: ConverseMessage | undefined): string => message?.content.flatMap((block) => textOf(block) ?? []).join('\n') ?? '';

const resultText = (content: readonly ResultBlock[]): string =>
  content.flatMap(({ text, json }) => text ?? (json === undefined ? [] : JSON.stringify(json))).join('\n');

function toToolChoice(choice: NonNullable<ConverseRequest['body']['toolConfig']>['toolChoice']): Prompt['toolChoice'] {
  if (choice?.tool) return { type: 'tool', name: choice.tool.name };
  return { type: choice?.any ? 'required' : 'auto' };
}

/** Tools, system prompt and messages, in this order, up to each cache point. */
export function cachePrefixes({ body: { toolConfig, system = [], messages } }: ConverseRequest): string[] {
  const parts: readonly Pick<Block, 'cachePoint'>[] = [...(toolConfig?.tools ?? []), ...system, ...messages.flatMap(({ content }) => content)];
  const prompt = (end: number): string => JSON.stringify(parts.slice(0, end).filter(({ cachePoint }) => !cachePoint));
  return parts.flatMap(({ cachePoint }, index) => (cachePoint ? [prompt(index)] : []));
}
