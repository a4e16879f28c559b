import { parseJson } from '../../framing/json.ts';
import { RawJson, type Writable } from '../../framing/json-write.ts';
import { addField, removeFields, splice, type Edit } from '../../framing/splice.ts';
import type { ChatRequest, Message, ObjectText, Tool, ToolChoice, Warning } from '../../llm/request.ts';
import { fitSchema } from '../anthropic-messages/request-schema.ts';
import { markOf } from '../anthropic-messages/request-cache.ts';
import { lostKeywords } from './request-encode-output.ts';
import type { Block } from './request-encode-blocks.ts';
import type { ConverseRules } from './request-models.ts';

/** Tools, and what may be chosen of them: in Converse's own field, or in Claude's, which can say more. */
export interface WrittenTools {
  tools: Block[];
  choice?: Writable;
  claudeChoice?: Writable;
}

/** What of a model and its request decides which tools can be offered and forced. */
export interface ToolRules extends Pick<ConverseRules, 'toolChoices' | 'plainSchemas'> {
  schemas: boolean;
  /** Whether this much thinking leaves room for forcing a tool. */
  mayForce: boolean;
  /** Whether the model takes Claude's own `tool_choice`, which may forbid parallel calls. */
  claudeChoice: boolean;
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
  const choice = allowed(toolChoice, rules, warnings);
  if (parallelToolCalls !== false) return choice === undefined ? { tools } : { tools, choice: converseChoice(choice) };
  if (rules.claudeChoice) return { tools, claudeChoice: { ...claudeWord(choice ?? { type: 'auto' }), disable_parallel_tool_use: true } };
  warnings.push({ field: 'parallel_tool_calls', detail: 'this model cannot be kept from calling several tools at once' });
  return choice === undefined ? { tools } : { tools, choice: converseChoice(choice) };
}

/** The choice as the model takes it; undefined where it is told to choose itself, which is what all do by default. */
function allowed(choice: ToolChoice | undefined, { toolChoices, mayForce }: ToolRules, warnings: Warning[]): ToolChoice | undefined {
  const warn = (detail: string): undefined => void warnings.push({ field: 'tool_choice', detail });
  if (choice === undefined || choice.type === 'auto') return choice;
  if (choice.type === 'none') return warn('the Converse API cannot forbid tools that it is told of; the model may still call them');
  if (!mayForce) return warn('no tool can be forced while this model thinks; it is told to choose itself');
  if (toolChoices.includes(choice.type === 'tool' ? 'tool' : 'any')) return choice;
  if (choice.type === 'tool' && toolChoices.includes('any')) {
    warn('this model can be made to call a tool, but not which one');
    return { type: 'required' };
  }
  return warn('this model cannot be made to call a tool; it is told to choose itself');
}

function converseChoice(choice: ToolChoice): Writable {
  if (choice.type === 'tool') return { tool: { name: choice.name } };
  return choice.type === 'required' ? { any: {} } : { auto: {} };
}

function claudeWord(choice: ToolChoice): { type: string; name?: string } {
  if (choice.type === 'tool') return { type: 'tool', name: choice.name };
  return { type: choice.type === 'required' ? 'any' : 'auto' };
}

/** The API wants the tools of past calls defined even where none may be called any more. */
function pastTools(messages: readonly Message[], warnings: Warning[]): WrittenTools {
  const names = new Set(messages.flatMap(calledNames));
  if (names.size === 0) return { tools: [] };
  warnings.push({ field: 'tools', detail: 'the API wants the tools of past calls; they are named, and the model may call them' });
  return { tools: [...names].map((name) => ({ value: { toolSpec: { name, inputSchema: { json: { type: 'object' } } } } })) };
}

const calledNames = (message: Message): string[] =>
  message.role === 'assistant' ? message.content.flatMap((item) => (item.type === 'tool-call' ? [item.name] : [])) : [];

function encodeTool({ name, description, parameters, strict, cache }: Tool, field: string, rules: ToolRules, warnings: Warning[]): Block {
  const isStrict = strict === true && rules.schemas;
  if (strict === true && !isStrict) warnings.push({ field, detail: 'strict is left out: this model cannot be held to a schema' });
  const { schema, lost } = isStrict ? fitSchema(parameters) : { schema: parameters, lost: [] };
  if (lost.length > 0) warnings.push({ field, detail: lostKeywords(lost) });
  const toolSpec = {
    name,
    description: description?.trim() === '' ? undefined : description,
    inputSchema: { json: new RawJson(topFitted(schema, rules.plainSchemas, field, warnings)) },
    strict: isStrict ? true : undefined,
  };
  return { value: { toolSpec }, ...markOf(cache) };
}

/** What Nova reads of the top of a schema (https://docs.aws.amazon.com/nova/latest/userguide/prompting-tool-troubleshooting.html), and what its references lead to. */
const plainKeywords: ReadonlySet<string> = new Set(['type', 'properties', 'required', '$defs', 'definitions']);
/** They go without a word: they constrain nothing. */
const idleKeywords: ReadonlySet<string> = new Set(['$schema', '$id', '$comment', 'title', 'description']);

/** The API wants the schema to say that it is an object's; other APIs take that for granted. Some models take little else at its top. */
function topFitted(parameters: ObjectText, isPlain: boolean, field: string, warnings: Warning[]): string {
  const schema = parseJson(Buffer.from(parameters));
  const keywords = [...schema.fields()].map(({ value }) => String(value.name));
  const removed = new Set(isPlain ? keywords.filter((keyword) => !plainKeywords.has(keyword)) : []);
  const lost = [...removed].filter((keyword) => !idleKeywords.has(keyword));
  if (lost.length > 0) warnings.push({ field, detail: `this model takes no ${lost.join(', ')} at the top of a schema; left out` });
  if (removed.size > 0 && removed.size === new Set(keywords).size) return '{"type":"object"}';
  const edits: Edit[] = removeFields(schema, removed);
  if (!keywords.includes('type')) edits.push(addField(schema, 'type', '"object"'));
  return splice(schema.bytes, edits).toString();
}
