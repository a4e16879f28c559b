import type { ContentBlockParam, TextBlockParam, ToolResultBlockParam, ToolUnion } from '@anthropic-ai/sdk/resources/messages/messages';
import { outputSchemaOf } from './request.ts';
import type { Block, CachePoint, ConverseBody, ConverseMessage, ConverseTool, Document, Image, ResultBlock } from './request.ts';
import { maxOutputTokens } from '../anthropic/models.ts';

/** A block that Claude has no form for; the message says so. */
export class NoCounterpart extends Error {}

/** The body that Bedrock hands to Claude for a Converse body: what Claude refuses, and how it words it, is Anthropic's affair. */
export function toAnthropic(model: string, body: ConverseBody): object {
  const { messages, system, inferenceConfig = {}, toolConfig, additionalModelRequestFields = {}, outputConfig } = body;
  // For Bedrock alone: Anthropic has them as a header.
  const { anthropic_beta: _, ...additional } = additionalModelRequestFields;
  const format = outputSchemaOf(body);
  const output = {
    ...(outputConfig?.effort && { effort: outputConfig.effort }),
    ...(format !== undefined && { format: { type: 'json_schema', schema: format } }),
  };
  const fields = {
    model,
    max_tokens: inferenceConfig.maxTokens ?? maxOutputTokens(model) ?? 4096,
    messages: messages.map(toMessage),
    system:
      system && withMarks(system, ({ text, guardContent }): TextBlockParam[] => [{ type: 'text', text: text ?? guardContent?.text?.text ?? '' }]),
    temperature: inferenceConfig.temperature,
    top_p: inferenceConfig.topP,
    stop_sequences: inferenceConfig.stopSequences,
    tools: toolConfig && withMarks(toolConfig.tools, toTool),
    tool_choice: toolConfig?.toolChoice && toToolChoice(toolConfig.toolChoice),
    output_config: Object.keys(output).length > 0 ? output : undefined,
    ...additional,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** A cache point marks what stands before it. */
function withMarks<From extends { cachePoint?: CachePoint }, To extends object>(items: readonly From[], convert: (item: From) => To[]): To[] {
  const converted: To[] = [];
  for (const item of items) {
    const last = converted.at(-1);
    if (item.cachePoint === undefined) converted.push(...convert(item));
    else if (last)
      converted[converted.length - 1] = { ...last, cache_control: { type: 'ephemeral', ...(item.cachePoint.ttl && { ttl: item.cachePoint.ttl }) } };
  }
  return converted;
}

const toMessage = ({ role, content }: ConverseMessage): object => ({ role, content: withMarks(content, toBlocks) });

function toBlocks(block: Block): ContentBlockParam[] {
  const { text, image, document, toolUse, toolResult, guardContent, reasoningContent, citationsContent } = block;
  if (text !== undefined) return [{ type: 'text', text }];
  if (image) return [toImage(image)];
  if (document) return [toDocument(document)];
  if (toolUse) return [{ type: 'tool_use', id: toId(toolUse.toolUseId), name: toolUse.name, input: toolUse.input }];
  if (toolResult) return [toToolResult(toolResult)];
  if (guardContent?.text) return [{ type: 'text', text: guardContent.text.text }];
  if (guardContent?.image) return [toImage(guardContent.image)];
  if (reasoningContent?.redactedContent !== undefined) return [{ type: 'redacted_thinking', data: reasoningContent.redactedContent }];
  if (reasoningContent?.reasoningText) {
    const { text: thinking, signature = '' } = reasoningContent.reasoningText;
    return [{ type: 'thinking', thinking, signature }];
  }
  if (citationsContent) return (citationsContent.content ?? []).map(({ text: cited }) => ({ type: 'text', text: cited }));
  throw new NoCounterpart(`This model doesn't support ${Object.keys(block).join()} blocks.`);
}

/** Anthropic's ids have neither dots nor colons. */
const toId = (id: string): string => id.replace(/[.:]/g, (character) => `_${character.charCodeAt(0)}_`);

function toImage({ format, source }: Image): Extract<ContentBlockParam, { type: 'image' }> {
  if (source.bytes === undefined) throw new NoCounterpart("This model doesn't support images in S3.");
  return { type: 'image', source: { type: 'base64', media_type: `image/${format}`, data: source.bytes } };
}

function toDocument({ format, name: title, source, context }: Document): Extract<ContentBlockParam, { type: 'document' }> {
  if (source.s3Location) throw new NoCounterpart("This model doesn't support documents in S3.");
  const more = { title, ...(context !== undefined && { context }) };
  if (format === 'pdf' && source.bytes !== undefined)
    return { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: source.bytes }, ...more };
  const data = source.text ?? source.content?.map(({ text }) => text).join('\n') ?? Buffer.from(source.bytes ?? '', 'base64').toString();
  return { type: 'document', source: { type: 'text', media_type: 'text/plain', data }, ...more };
}

function toToolResult({ toolUseId, content, status }: NonNullable<Block['toolResult']>): ToolResultBlockParam {
  return { type: 'tool_result', tool_use_id: toId(toolUseId), content: content.map(toResultBlock), ...(status && { is_error: status === 'error' }) };
}

function toResultBlock({
  text,
  json,
  image,
  document,
  video,
  searchResult,
}: ResultBlock): Exclude<NonNullable<ToolResultBlockParam['content']>, string>[number] {
  if (image) return toImage(image);
  if (document) return toDocument(document);
  if (video) throw new NoCounterpart("This model doesn't support video.");
  return { type: 'text', text: text ?? JSON.stringify(json ?? searchResult) };
}

function toTool({ toolSpec, systemTool }: ConverseTool): ToolUnion[] {
  if (!toolSpec) throw new NoCounterpart(`This model doesn't support the system tool ${systemTool?.name}.`);
  const { name, description, inputSchema, strict } = toolSpec;
  const schema = { ...inputSchema.json, type: 'object' as const };
  return [{ name, input_schema: schema, ...(description !== undefined && { description }), ...(strict !== undefined && { strict }) }];
}

function toToolChoice({ any, tool }: NonNullable<NonNullable<ConverseBody['toolConfig']>['toolChoice']>): object {
  if (tool) return { type: 'tool', name: tool.name };
  return { type: any ? 'any' : 'auto' };
}
