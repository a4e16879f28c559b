import { parseJson } from '../../framing/json.ts';
import { RawJson, writeJson, type Writable } from '../../framing/json-write.ts';
import { addField, splice } from '../../framing/splice.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import type { Carried, Quirks, Target } from '../protocol.ts';
import { limitMarks } from './request-cache.ts';
import { canResumeThinking, encodeMessages, shortest, trimEnd, withoutThinking } from './request-encode-messages.ts';
import { encodeOptions, encodeSampling } from './request-encode-options.ts';
import { planThinking, type Thinking } from './request-encode-thinking.ts';
import { encodeTools, lostKeywords } from './request-encode-tools.ts';
import { rulesOf, type ModelRules } from './request-models.ts';
import { bodyFields, fieldsInPath } from './request-quirks.ts';
import { fitSchema } from './request-schema.ts';

/** A request as Anthropic takes it. */
export function encodeRequest(request: ChatRequest, { model, quirks }: Target): Carried<string> {
  const warnings: Warning[] = [];
  const rules = rulesOf(model);
  const { thinking, content } = encodeContent(request, rules, quirks, warnings);
  const body = {
    model,
    max_tokens: thinking.maxTokens,
    stream: request.stream || undefined,
    ...content,
    ...encodeSampling(request, { refuser: model, sampling: rules.sampling, thinking }, warnings),
    ...encodeOptions(request, warnings),
  };
  return { value: writeJson(bodyFields(body, quirks, fieldsInPath(quirks), warnings)), warnings };
}

/** What the input tokens of a request depend on: its messages and tools, how much is thought, and the form of the answer. */
export function encodeContent(
  request: ChatRequest,
  rules: ModelRules,
  quirks: Quirks,
  warnings: Warning[],
): { thinking: Thinking; content: Record<string, Writable> } {
  const format = encodeFormat(request, quirks.jsonSchema ?? rules.schemas, warnings);
  const { system, turns } = encodeMessages(request.messages, { prefill: rules.prefill && format === undefined }, warnings);
  const { reasoning, maxTokens } = request;
  const thinking = planThinking({ reasoning, maxTokens, canResume: canResumeThinking(turns) }, rules, warnings);
  const isRefused = thinking.mode === 'off' && rules.thinking.manual && !rules.thinking.adaptive;
  const kept = isRefused ? withoutThinking(turns, warnings) : turns;
  trimEnd(kept, `messages[${request.messages.length - 1}]`, warnings);
  const { tools, choice } = encodeTools(request, { schemas: rules.schemas, mayForce: rules.forcedTools && thinking.mode !== 'manual' }, warnings);
  limitMarks([...tools, ...system, ...kept.flatMap(({ results, content }) => [...results, ...content])], warnings);
  const content = {
    system: system.length === 0 ? undefined : shortest(system),
    messages: kept.map(({ role, results, content: blocks }) => ({ role, content: shortest([...results, ...blocks]) })),
    tools: tools.length === 0 ? undefined : tools,
    tool_choice: choice,
    thinking: thinking.thinking,
    output_config: thinking.effort === undefined && format === undefined ? undefined : { effort: thinking.effort, format },
  };
  return { thinking, content };
}

/** The form of the answer. Its name is a mere label; its description goes into the schema. */
function encodeFormat({ responseFormat }: ChatRequest, hasSchemas: boolean, warnings: Warning[]): Writable {
  if (responseFormat === undefined) return undefined;
  const warn = (detail: string): void => void warnings.push({ field: 'response_format', detail });
  if (responseFormat.type === 'json-object') {
    warn('the Anthropic API has no JSON mode without a schema; the prompt alone asks for JSON');
    return undefined;
  }
  if (!hasSchemas) {
    warn('is left out: this model cannot be held to a schema');
    return undefined;
  }
  const { schema, lost } = fitSchema(responseFormat.schema);
  if (lost.length > 0) warn(lostKeywords(lost));
  return { type: 'json_schema', schema: new RawJson(described(schema, responseFormat.description)) };
}

function described(schema: string, description: string | undefined): string {
  const node = parseJson(Buffer.from(schema));
  if (description === undefined || node.get('description') !== undefined) return schema;
  return splice(node.bytes, [addField(node, 'description', JSON.stringify(description))]).toString();
}
