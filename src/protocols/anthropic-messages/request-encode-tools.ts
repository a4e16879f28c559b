import { parseJson } from '../../framing/json.ts';
import { RawJson, type Writable } from '../../framing/json-write.ts';
import { addField, splice } from '../../framing/splice.ts';
import type { ChatRequest, Message, ObjectText, Tool, ToolChoice, Warning } from '../../llm/request.ts';
import { markOf, type Block } from './request-cache.ts';
import type { ModelRules } from './request-models.ts';
import { fitSchema } from './request-schema.ts';

/** Tools, and what may be chosen of them. */
export interface WrittenTools {
  tools: Block[];
  choice?: Writable;
}

/** Whether a request with this much thinking may force a tool. */
export interface ToolRules extends Pick<ModelRules, 'schemas'> {
  mayForce: boolean;
}

/** A choice without tools is refused. */
export function encodeTools(request: ChatRequest, rules: ToolRules, warnings: Warning[]): WrittenTools {
  const { messages, toolChoice, parallelToolCalls } = request;
  if (request.tools.length === 0) {
    if (toolChoice?.type === 'required' || toolChoice?.type === 'tool')
      warnings.push({ field: 'tool_choice', detail: 'there are no tools to choose from' });
    return pastTools(messages, warnings);
  }
  const tools = request.tools.map((tool, index) => encodeTool(tool, `tools[${index}]`, rules, warnings));
  const choice = allowed(toolChoice, rules, warnings) ?? (parallelToolCalls === false ? { type: 'auto' as const } : undefined);
  if (choice === undefined) return { tools };
  return {
    tools,
    choice: {
      type: choice.type === 'required' ? 'any' : choice.type,
      ...(choice.type === 'tool' && { name: choice.name }),
      ...(parallelToolCalls === false && choice.type !== 'none' && { disable_parallel_tool_use: true }),
    },
  };
}

function allowed(choice: ToolChoice | undefined, { mayForce }: ToolRules, warnings: Warning[]): ToolChoice | undefined {
  if (mayForce || choice === undefined || choice.type === 'auto' || choice.type === 'none') return choice;
  warnings.push({ field: 'tool_choice', detail: 'no tool can be forced while this model thinks; it is told to choose itself' });
  return undefined;
}

/** The API wants the tools of past calls defined even where none may be called any more. */
function pastTools(messages: readonly Message[], warnings: Warning[]): WrittenTools {
  const names = new Set(messages.flatMap(calledNames));
  if (names.size === 0) return { tools: [] };
  warnings.push({ field: 'tools', detail: 'the API wants the tools of past calls; they are named, and none may be called' });
  return { tools: [...names].map((name) => ({ name, input_schema: { type: 'object' } })), choice: { type: 'none' } };
}

const calledNames = (message: Message): string[] =>
  message.role === 'assistant' ? message.content.flatMap((item) => (item.type === 'tool-call' ? [item.name] : [])) : [];

function encodeTool({ name, description, parameters, strict, cache }: Tool, field: string, { schemas }: ToolRules, warnings: Warning[]): Block {
  const mark = markOf(cache);
  if (strict !== true) return { name, description, input_schema: objectSchema(parameters), strict, ...mark };
  if (!schemas) {
    warnings.push({ field, detail: 'strict is left out: this model cannot be held to a schema' });
    return { name, description, input_schema: objectSchema(parameters), ...mark };
  }
  const { schema, lost } = fitSchema(parameters);
  if (lost.length > 0) warnings.push({ field, detail: lostKeywords(lost) });
  return { name, description, input_schema: objectSchema(schema), strict, ...mark };
}

/** What is said of a schema that had to be fitted. */
export const lostKeywords = (keywords: readonly string[]): string =>
  `the Anthropic API holds no model to ${keywords.join(', ')}; left out of the schema`;

/** The API wants the schema to say that it is an object's; other APIs take that for granted. */
function objectSchema(parameters: ObjectText): RawJson {
  const bytes = Buffer.from(parameters);
  const schema = parseJson(bytes);
  if (schema.get('type') !== undefined) return new RawJson(parameters);
  return new RawJson(splice(bytes, [addField(schema, 'type', '"object"')]).toString());
}
