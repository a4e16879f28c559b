import type { Writable } from '../../framing/json-write.ts';
import type { ChatRequest, Tool, ToolChoice, Warning } from '../../llm/request.ts';
import { validatesCalls } from './request-models.ts';
import { writeSchema } from './request-schema-encode.ts';

/** Tools, and what may be chosen of them: the API refuses a choice without functions. */
export function encodeTools(request: ChatRequest, model: string, warnings: Warning[]): Record<string, Writable> {
  const { tools, toolChoice, parallelToolCalls } = request;
  if (tools.length === 0) {
    if (toolChoice?.type === 'required' || toolChoice?.type === 'tool') {
      warnings.push({ field: 'tool_choice', detail: 'there are no tools to choose from' });
    }
    return {};
  }
  if (parallelToolCalls === false) warnings.push({ field: 'parallel_tool_calls', detail: 'Gemini may call several functions at once' });
  const config = functionCallingConfig(toolChoice ?? { type: 'auto' }, isStrict(request, model, warnings));
  return {
    tools: [{ functionDeclarations: tools.map((tool, index) => encodeTool(tool, `tools[${index}]`, warnings)) }],
    ...(config !== undefined && { toolConfig: { functionCallingConfig: config } }),
  };
}

/** Whether calls shall fit their schemas: what some protocols ask per tool is a mode here, of all functions. */
function isStrict({ tools }: ChatRequest, model: string, warnings: Warning[]): boolean {
  const index = tools.findIndex(({ strict }) => strict === true);
  if (index === -1) return false;
  if (!validatesCalls(model)) warnings.push({ field: `tools[${index}].strict`, detail: `${model} does not hold calls against their schema` });
  return validatesCalls(model);
}

/** The mode AUTO is the default; ANY holds calls against their schemas as VALIDATED does. */
function functionCallingConfig(choice: ToolChoice, strict: boolean): Writable {
  switch (choice.type) {
    case 'auto':
      return strict ? { mode: 'VALIDATED' } : undefined;
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  }
}

/** The API wants the schema to say that it is an object's; other APIs take that for granted. */
function encodeTool({ name, description, parameters }: Tool, field: string, warnings: Warning[]): Writable {
  const { schema, ignored } = writeSchema(parameters);
  if (ignored.length > 0) warnings.push({ field: `${field}.parameters`, detail: `Gemini may not obey these keywords: ${ignored.join(', ')}` });
  return { name, description, parametersJsonSchema: 'type' in schema ? schema : { type: 'object', ...schema } };
}
