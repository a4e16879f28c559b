import type { ResponseInputItem, ResponseOutputMessage, ResponseReasoningItem } from 'openai/resources/responses/responses';
import { openState } from '../../state-token.ts';
import type { Refusal, Rule } from '../../vendor.ts';
import { contentFault, missingFile } from '../content.ts';
import { openAIFault, openAIRefusal } from '../error.ts';
import type { FileStore } from '../files.ts';
import { hasFixedSampling, isReasoningModel, maxOutputTokens, reasoningEfforts } from '../models.ts';
import { strictSchemaFault } from '../strict-schema.ts';
import type { ResponsesRequest } from './shape.ts';
import type { ResponseStore } from './store.ts';

/** What a request may refer to. */
export interface ResponsesState {
  /** Whose encrypted reasoning can be read. */
  scope: string;
  responses: ResponseStore;
  files: FileStore;
}

const isSet = <Value>(value: Value | null | undefined): value is Value => value !== null && value !== undefined;

/** What a body of the right shape may still do wrong. */
export const responsesRules = (state: ResponsesState): readonly Rule<ResponsesRequest>[] => [
  { name: 'nothing that this fake does not have', check: checkMissingFeatures },
  { name: 'output within the model', check: checkMaxOutput },
  { name: 'sampling only where the model takes it', check: checkSampling },
  { name: 'reasoning only for models that reason', check: checkReasoning },
  { name: 'logprobs are asked for twice or not at all', check: checkLogprobs },
  {
    name: 'stream_options only with stream',
    check: ({ body }) =>
      isSet(body.stream_options) && body.stream !== true
        ? openAIFault('stream_options', undefined, "'stream_options' needs 'stream': true.")
        : undefined,
  },
  { name: 'tools can be followed', check: checkTools },
  { name: 'tool_choice names a tool', check: checkToolChoice },
  { name: 'the text format can be followed', check: checkFormat },
  { name: 'images and files are there', check: ({ input }) => checkContents(input, state.files) },
  { name: 'ids are unique', check: checkIds },
  { name: 'encrypted reasoning comes back as it was', check: ({ input }) => checkEncryptedReasoning(input, state) },
  { name: 'reasoning stands before what it led to', check: ({ items }) => checkReasoningOrder(items) },
  { name: 'outputs answer calls, and all of them', check: ({ items }) => checkOutputs(items) },
];

function checkMissingFeatures({ body }: ResponsesRequest): Refusal | undefined {
  if (isSet(body.conversation)) return { ...openAIRefusal(404), param: 'conversation', message: 'There is no such conversation.' };
  if (isSet(body.prompt)) return { ...openAIRefusal(404), param: 'prompt', message: 'There is no such prompt.' };
  if (body.background === true) return openAIFault('background', 'unsupported_parameter', 'This model does not run in the background.');
  return undefined;
}

function checkMaxOutput({ body: { model, max_output_tokens } }: ResponsesRequest): Refusal | undefined {
  const most = maxOutputTokens(model) ?? Number.POSITIVE_INFINITY;
  return isSet(max_output_tokens) && max_output_tokens > most
    ? openAIFault('max_output_tokens', 'invalid_value', `'max_output_tokens' is ${max_output_tokens}; this model gives at most ${most} tokens.`)
    : undefined;
}

function checkSampling({ body: { model, temperature, top_p, reasoning } }: ResponsesRequest): Refusal | undefined {
  const reasons = hasFixedSampling(model) || (isReasoningModel(model) && isSet(reasoning?.effort) && reasoning.effort !== 'none');
  const param = isSet(temperature) ? 'temperature' : isSet(top_p) ? 'top_p' : undefined;
  return reasons && param !== undefined ? unsupported(param) : undefined;
}

const unsupported = (param: string): Refusal => openAIFault(param, 'unsupported_parameter', `'${param}' is not supported with this model.`);

function checkReasoning({ body: { model, reasoning, include } }: ResponsesRequest): Refusal | undefined {
  if (isReasoningModel(model)) {
    const efforts = reasoningEfforts(model);
    return isSet(reasoning?.effort) && efforts && !efforts.includes(reasoning.effort)
      ? openAIFault('reasoning.effort', 'unsupported_value', `'reasoning.effort' is '${reasoning.effort}'; this model takes ${efforts.join(', ')}.`)
      : undefined;
  }
  if (isSet(reasoning?.effort)) return unsupported('reasoning.effort');
  if (isSet(reasoning?.summary)) return unsupported('reasoning.summary');
  return include?.includes('reasoning.encrypted_content')
    ? openAIFault('include', undefined, 'Encrypted content is not supported with this model.')
    : undefined;
}

function checkLogprobs({ body: { model, include, top_logprobs } }: ResponsesRequest): Refusal | undefined {
  const included = include?.includes('message.output_text.logprobs');
  if (included && hasFixedSampling(model)) return unsupported('include');
  return top_logprobs && !included
    ? openAIFault('top_logprobs', undefined, "'top_logprobs' needs 'message.output_text.logprobs' in 'include'.")
    : undefined;
}

function checkTools({ body: { tools = [] } }: ResponsesRequest): Refusal | undefined {
  for (const [index, tool] of tools.entries()) {
    if (tool.type !== 'function' || !tool.parameters) continue;
    const param = `tools[${index}].parameters`;
    const invalid = (why: string): Refusal =>
      openAIFault(param, 'invalid_function_parameters', `The schema of function '${tool.name}' is not valid: ${why}`);
    if (tool.parameters['type'] !== 'object') return invalid('it must have "type": "object".');
    const fault = tool.strict ? strictSchemaFault(tool.parameters) : undefined;
    if (fault) return invalid(fault);
  }
  return undefined;
}

function checkToolChoice({ body: { tools = [], tool_choice: choice } }: ResponsesRequest): Refusal | undefined {
  if (choice === 'required' && tools.length === 0)
    return openAIFault('tool_choice', undefined, "'tool_choice' is 'required', but there are no 'tools'.");
  if (typeof choice !== 'object' || (choice.type !== 'function' && choice.type !== 'custom')) return undefined;
  return tools.some((tool) => tool.type === choice.type && 'name' in tool && tool.name === choice.name)
    ? undefined
    : openAIFault('tool_choice', undefined, `'tool_choice' names the tool '${choice.name}', which is not among 'tools'.`);
}

function checkFormat({ body: { text, instructions }, items }: ResponsesRequest): Refusal | undefined {
  const format = text?.format;
  if (format?.type === 'json_object' && !/json/i.test(JSON.stringify([instructions, items])))
    return openAIFault('input', undefined, "With 'text.format' json_object the input must contain the word JSON.");
  const fault = format?.type === 'json_schema' && format.strict ? strictSchemaFault(format.schema) : undefined;
  return fault ? openAIFault('text.format.schema', 'invalid_json_schema', `The schema of the text format is not valid: ${fault}`) : undefined;
}

type InputParts = Exclude<Extract<ResponseInputItem, { type: 'function_call_output' }>['output'], string> | ResponseOutputMessage['content'];

function partsOf(item: ResponseInputItem): InputParts {
  const held = 'output' in item && item.type === 'function_call_output' ? item.output : 'content' in item && 'role' in item ? item.content : [];
  return typeof held === 'string' ? [] : held;
}

function checkContents(input: readonly ResponseInputItem[], files: FileStore): Refusal | undefined {
  for (const [index, item] of input.entries()) {
    const holder = item.type === 'function_call_output' ? 'output' : 'content';
    for (const [place, part] of partsOf(item).entries()) {
      if (part.type !== 'input_image' && part.type !== 'input_file') continue;
      const param = `input[${index}].${holder}[${place}]`;
      const fault = contentFault(param, part) ?? missingFile(`${param}.file_id`, part.file_id, files);
      if (fault) return fault;
    }
  }
  return undefined;
}

function checkIds({ items }: ResponsesRequest): Refusal | undefined {
  const ids = items.flatMap((item) => ('id' in item && typeof item.id === 'string' ? [item.id] : []));
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  return twice === undefined ? undefined : openAIFault('input', 'duplicate_item', `The input has the item '${twice}' twice.`);
}

/** A reasoning item is one that is stored, or one that carries what this account was given for it. */
function checkEncryptedReasoning(input: readonly ResponseInputItem[], { scope, responses }: ResponsesState): Refusal | undefined {
  for (const item of input) {
    if (item.type !== 'reasoning') continue;
    if (isSet(item.encrypted_content)) {
      const opened = openState(scope, item.encrypted_content);
      if (opened === undefined) return unverified(item, 'it cannot be decrypted.');
      const [id] = opened.split('\n', 1);
      if (id !== item.id) return unverified(item, id === '' ? 'it is incomplete.' : 'it belongs to another item.');
    } else if (!responses.item(item.id)) {
      return { ...openAIRefusal(404), param: 'input', message: `There is no item '${item.id}'. Items are not kept where 'store' is false.` };
    }
  }
  return undefined;
}

const unverified = ({ id }: ResponseReasoningItem, why: string): Refusal =>
  openAIFault(undefined, 'invalid_encrypted_content', `The encrypted content of item ${id} could not be verified: ${why}`);

const followers: readonly unknown[] = ['reasoning', 'function_call', 'custom_tool_call'];

function checkReasoningOrder(items: readonly ResponseInputItem[]): Refusal | undefined {
  const index = items.findIndex((item, at) => {
    const next = items[at + 1];
    const follows = next !== undefined && (followers.includes(next.type) || ('role' in next && next.role === 'assistant'));
    return item.type === 'reasoning' && !follows;
  });
  const item = items[index];
  return item && 'id' in item
    ? openAIFault('input', undefined, `The reasoning item '${item.id}' comes without the item that it led to, which must follow it.`)
    : undefined;
}

function checkOutputs(items: readonly ResponseInputItem[]): Refusal | undefined {
  const open = new Map<string, string>();
  for (const item of items) {
    if (item.type === 'function_call' || item.type === 'custom_tool_call') open.set(item.call_id, item.type);
    if (item.type !== 'function_call_output' && item.type !== 'custom_tool_call_output') continue;
    const id = item.call_id ?? '';
    if (`${open.get(id)}_output` !== item.type)
      return openAIFault('input', undefined, `There is no tool call with call_id ${id} for this output, or it has one already.`);
    open.delete(id);
  }
  const [unanswered] = open.keys();
  return unanswered === undefined ? undefined : openAIFault('input', undefined, `There is no tool output for the tool call ${unanswered}.`);
}
