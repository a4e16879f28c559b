import type { JsonNode } from '../../framing/json.ts';
import type { ChatRequest, ObjectText, Tool, ToolChoice } from '../../llm/request.ts';
import { noParameters, objectText } from '../object-text.ts';
import type { Warnings } from '../warnings.ts';
import { requiredString } from '../../framing/json-fields.ts';
import { bothCases, enumField, field, listField, stringField } from './wire-fields.ts';
import { jsonSchemaOf } from './request-schema-decode.ts';

/** Reads tools, and what may be chosen of them, into a request. */
export function decodeTools(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  request.tools = listField(body, 'tools').flatMap((tool) => functionsOf(tool, warnings));
  const config = field(body, 'toolConfig');
  if (config === undefined) return;
  warnings.others(config, bothCases(['functionCallingConfig']));
  const calling = field(config, 'functionCallingConfig');
  if (calling !== undefined) decodeChoice(calling, request, warnings);
}

/** Functions are the client's. What else a tool may be, Google runs. */
function functionsOf(tool: JsonNode, warnings: Warnings): Tool[] {
  for (const { value } of tool.fields()) {
    if (value.type === 'null' || functionNames.includes(String(value.name))) continue;
    warnings.add(value, 'is a tool that exists only at Google, and is left out');
  }
  return listField(tool, 'functionDeclarations').map((declared) => decodeFunction(declared, warnings));
}

const functionNames = bothCases(['functionDeclarations']);
const declarationFields = bothCases(['name', 'description', 'parameters', 'parametersJsonSchema']);

function decodeFunction(declared: JsonNode, warnings: Warnings): Tool {
  warnings.others(declared, declarationFields);
  const description = stringField(declared, 'description');
  return { name: requiredString(declared, 'name'), ...(description !== undefined && { description }), parameters: parametersOf(declared) };
}

function parametersOf(declared: JsonNode): ObjectText {
  const full = field(declared, 'parametersJsonSchema');
  if (full !== undefined) return objectText(full);
  const subset = field(declared, 'parameters');
  return subset === undefined ? noParameters : jsonSchemaOf(subset);
}

const callingFields = bothCases(['mode', 'allowedFunctionNames']);

/** Without a tool to choose, a choice would only make the provider refuse. */
function decodeChoice(calling: JsonNode, request: ChatRequest, warnings: Warnings): void {
  warnings.others(calling, callingFields);
  const allowed = field(calling, 'allowedFunctionNames');
  const names = listField(calling, 'allowedFunctionNames').map((name) => name.string());
  const mode = enumField(calling, 'mode');
  const choice = toChoice(mode, names);
  if (choice === undefined) return;
  if (request.tools.length === 0) {
    if (choice.type !== 'auto') warnings.add(calling, 'none of the tools it speaks of can be carried, so it is left out');
    return;
  }
  const isNarrower = choice.type !== 'tool' && names.length > 0 && request.tools.some(({ name }) => !names.includes(name));
  if (isNarrower && allowed !== undefined) warnings.add(allowed, 'is not carried: the model may call every function');
  if (mode === 'VALIDATED') warnings.add(calling, 'the mode VALIDATED has no counterpart in other protocols and becomes AUTO');
  request.toolChoice = choice;
}

function toChoice(mode: string | undefined, names: readonly string[]): ToolChoice | undefined {
  const [only] = names;
  switch (mode) {
    case 'AUTO':
    case 'VALIDATED':
      return { type: 'auto' };
    case 'NONE':
      return { type: 'none' };
    case 'ANY':
      return only !== undefined && names.length === 1 ? { type: 'tool', name: only } : { type: 'required' };
    default:
      return undefined;
  }
}
