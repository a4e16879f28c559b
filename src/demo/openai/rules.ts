/* oxlint-disable typescript/no-deprecated -- the API still takes what its SDK calls deprecated, and so does its fake. */
import type {
  ChatCompletionContentPart,
  ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions/completions';
import { contentFault, imageFault, missingFile } from './content.ts';
import { openAIFault } from './error.ts';
import type { FileStore } from './files.ts';
import { hasFixedSampling, isReasoningModel, maxOutputTokens, reasoningEfforts } from './models.ts';
import { strictSchemaFault } from './strict-schema.ts';
import type { Refusal, Rule } from '../vendor.ts';

type Request = ChatCompletionCreateParamsBase;
type Check = (request: Request) => Refusal | undefined;

const isSet = <Value>(value: Value | null | undefined): value is Value => value !== null && value !== undefined;

/** What a body of the right shape may still do wrong. */
export const openAIRules: readonly Rule<Request>[] = [
  {
    name: 'one of max_tokens and max_completion_tokens',
    check: ({ max_tokens, max_completion_tokens }) =>
      isSet(max_tokens) && isSet(max_completion_tokens)
        ? openAIFault('max_tokens', 'invalid_parameter_combination', "'max_tokens' and 'max_completion_tokens' exclude each other.")
        : undefined,
  },
  { name: 'reasoning models take max_completion_tokens alone', check: unlessReasoning('max_tokens', ({ max_tokens }) => isSet(max_tokens)) },
  {
    name: 'reasoning have a fixed temperature',
    check: fixedSampling('temperature', 'unsupported_value', ({ temperature = 1 }) => temperature !== 1),
  },
  { name: 'reasoning have a fixed top_p', check: fixedSampling('top_p', 'unsupported_parameter', ({ top_p = 1 }) => top_p !== 1) },
  { name: 'reasoning take no stop', check: fixedSampling('stop', 'unsupported_parameter', ({ stop }) => isSet(stop)) },
  {
    name: 'reasoning take no frequency_penalty',
    check: fixedSampling('frequency_penalty', 'unsupported_parameter', ({ frequency_penalty }) => Boolean(frequency_penalty)),
  },
  {
    name: 'reasoning take no presence_penalty',
    check: fixedSampling('presence_penalty', 'unsupported_parameter', ({ presence_penalty }) => Boolean(presence_penalty)),
  },
  {
    name: 'reasoning give no logprobs',
    check: fixedSampling('logprobs', 'unsupported_parameter', ({ logprobs }) => Boolean(logprobs)),
  },
  {
    name: 'only reasoning models take reasoning_effort',
    check: ({ model, reasoning_effort }) =>
      isSet(reasoning_effort) && !isReasoningModel(model)
        ? openAIFault(undefined, undefined, 'Unknown argument in the request: reasoning_effort')
        : undefined,
  },
  { name: 'reasoning_effort is one of the model’s', check: checkEffort },
  { name: 'a prediction stands alone', check: checkPrediction },
  { name: 'output within the model', check: checkMaxOutput },
  {
    name: 'stream_options only with stream',
    check: ({ stream, stream_options }) =>
      isSet(stream_options) && stream !== true ? openAIFault('stream_options', undefined, "'stream_options' needs 'stream': true.") : undefined,
  },
  {
    name: 'top_logprobs only with logprobs',
    check: ({ logprobs, top_logprobs }) =>
      isSet(top_logprobs) && logprobs !== true ? openAIFault('top_logprobs', undefined, "'top_logprobs' needs 'logprobs': true.") : undefined,
  },
  {
    name: 'tool_choice only with tools',
    check: onlyWithTools('tool_choice', ({ tool_choice }) => tool_choice !== undefined && tool_choice !== 'none'),
  },
  {
    name: 'parallel_tool_calls only with tools',
    check: onlyWithTools('parallel_tool_calls', ({ parallel_tool_calls }) => parallel_tool_calls !== undefined),
  },
  { name: 'tool_choice names a tool', check: checkToolChoice },
  { name: 'parameters describe an object', check: checkParameters },
  { name: 'strict parameters can be followed', check: checkStrictTools },
  { name: 'a strict response format can be followed', check: checkFormat },
  { name: 'an assistant message says or calls something', check: eachMessage(checkAssistant) },
  { name: 'images and files come in one way that can be read', check: eachMessage(checkContents) },
  { name: 'tool messages answer tool calls, and all of them', check: checkToolMessages },
  {
    name: 'json_object needs the word JSON',
    check: ({ response_format, messages }) =>
      response_format?.type === 'json_object' && !/json/i.test(JSON.stringify(messages))
        ? openAIFault('messages', undefined, "With 'response_format' json_object the messages must contain the word JSON.")
        : undefined,
  },
];

function unlessReasoning(param: string, uses: (request: Request) => boolean): Check {
  return (request) =>
    isReasoningModel(request.model) && uses(request)
      ? openAIFault(param, 'unsupported_parameter', `'${param}' does not work with this model; it takes 'max_completion_tokens'.`)
      : undefined;
}

function fixedSampling(param: string, code: 'unsupported_value' | 'unsupported_parameter', uses: (request: Request) => boolean): Check {
  return (request) => (reasons(request) && uses(request) ? openAIFault(param, code, `'${param}' cannot be set for this model.`) : undefined);
}

/** Whether the answer is reasoned about, by the model's nature or by the request. */
function reasons({ model, reasoning_effort }: Request): boolean {
  return hasFixedSampling(model) || (isReasoningModel(model) && isSet(reasoning_effort) && reasoning_effort !== 'none');
}

function onlyWithTools(param: string, uses: (request: Request) => boolean): Check {
  return (request) => (uses(request) && !request.tools ? openAIFault(param, undefined, `'${param}' needs 'tools'.`) : undefined);
}

function eachMessage(check: (message: ChatCompletionMessageParam, param: string) => Refusal | undefined): Check {
  return ({ messages }) => {
    for (const [index, message] of messages.entries()) {
      const refusal = check(message, `messages[${index}]`);
      if (refusal) return refusal;
    }
    return undefined;
  };
}

function checkEffort({ model, reasoning_effort: effort }: Request): Refusal | undefined {
  const efforts = isReasoningModel(model) ? reasoningEfforts(model) : undefined;
  return isSet(effort) && efforts && !efforts.includes(effort)
    ? openAIFault('reasoning_effort', 'unsupported_value', `'reasoning_effort' is '${effort}'; this model takes ${efforts.join(', ')}.`)
    : undefined;
}

/** https://platform.openai.com/docs/guides/predicted-outputs#limitations */
function checkPrediction({ prediction, model, n, logprobs, tools, max_completion_tokens }: Request): Refusal | undefined {
  if (!prediction) return undefined;
  const other = { n: (n ?? 1) > 1, logprobs: logprobs === true, tools: Boolean(tools), max_completion_tokens: isSet(max_completion_tokens) };
  const [param] = Object.entries(other).flatMap(([name, isUsed]) => (isUsed ? [name] : []));
  if (param !== undefined) return openAIFault(param, 'unsupported_parameter', `'${param}' does not work with 'prediction'.`);
  return isReasoningModel(model) ? openAIFault('prediction', 'unsupported_parameter', "'prediction' does not work with this model.") : undefined;
}

function checkMaxOutput({ model, max_tokens, max_completion_tokens }: Request): Refusal | undefined {
  const param = isSet(max_tokens) ? 'max_tokens' : 'max_completion_tokens';
  const asked = max_tokens ?? max_completion_tokens ?? 0;
  const most = maxOutputTokens(model) ?? Number.POSITIVE_INFINITY;
  return asked > most ? openAIFault(param, 'invalid_value', `'${param}' is ${asked}; this model gives at most ${most} tokens.`) : undefined;
}

function checkToolChoice({ tool_choice, tools = [] }: Request): Refusal | undefined {
  if (typeof tool_choice !== 'object' || tool_choice.type === 'allowed_tools') return undefined;
  const wanted = tool_choice.type === 'function' ? tool_choice.function.name : tool_choice.custom.name;
  const exists = tools.some((tool) => (tool.type === 'function' ? tool.function.name : tool.custom.name) === wanted);
  return exists ? undefined : openAIFault('tool_choice', undefined, `'tool_choice' names the tool '${wanted}', which is not among 'tools'.`);
}

function checkParameters({ tools = [] }: Request): Refusal | undefined {
  const index = tools.findIndex((tool) => tool.type === 'function' && tool.function.parameters && tool.function.parameters['type'] !== 'object');
  const param = `tools[${index}].function.parameters`;
  return index < 0 ? undefined : openAIFault(param, 'invalid_function_parameters', `'${param}' must be a JSON Schema with "type": "object".`);
}

function checkStrictTools({ tools = [] }: Request): Refusal | undefined {
  for (const [index, tool] of tools.entries()) {
    const fault = tool.type === 'function' && tool.function.strict ? strictSchemaFault(tool.function.parameters) : undefined;
    if (fault)
      return openAIFault(`tools[${index}].function.parameters`, 'invalid_function_parameters', `The schema cannot be followed strictly: ${fault}`);
  }
  return undefined;
}

function checkFormat({ response_format: format }: Request): Refusal | undefined {
  const fault = format?.type === 'json_schema' && format.json_schema.strict ? strictSchemaFault(format.json_schema.schema) : undefined;
  return fault ? openAIFault('response_format', undefined, `The schema cannot be followed strictly: ${fault}`) : undefined;
}

function checkAssistant(message: ChatCompletionMessageParam, param: string): Refusal | undefined {
  if (message.role !== 'assistant' || isSet(message.content) || message.tool_calls || message.function_call || isSet(message.refusal))
    return undefined;
  return openAIFault(`${param}.content`, 'invalid_type', `'${param}.content' may be null only where there are 'tool_calls'.`);
}

/** Images and files by id are there only once they were uploaded. */
export const filesExist = (files: FileStore): Rule<Request> => ({
  name: 'files are there',
  check: eachMessage((message, param) => eachPart(message, param, ({ file }, place) => missingFile(`${place}.file.file_id`, file?.file_id, files))),
});

function checkContents(message: ChatCompletionMessageParam, param: string): Refusal | undefined {
  return eachPart(
    message,
    param,
    ({ image_url, file }, place) =>
      (image_url && imageFault(`${place}.image_url.url`, image_url.url)) ?? (file && contentFault(`${place}.file`, file)),
  );
}

interface Part {
  type: ChatCompletionContentPart['type'] | 'refusal';
  image_url?: { url: string };
  file?: { file_id?: string; file_data?: string; filename?: string };
}

function eachPart(
  { content }: ChatCompletionMessageParam,
  param: string,
  check: (part: Part, place: string) => Refusal | undefined,
): Refusal | undefined {
  if (!Array.isArray(content)) return undefined;
  const parts: readonly Part[] = content;
  for (const [index, part] of parts.entries()) {
    const refusal = check(part, `${param}.content[${index}]`);
    if (refusal) return refusal;
  }
  return undefined;
}

function checkToolMessages({ messages }: Request): Refusal | undefined {
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      if (!open.delete(message.tool_call_id)) {
        return openAIFault(
          `messages[${index}].role`,
          undefined,
          "A message with role 'tool' must answer one of the 'tool_calls' of the message before.",
        );
      }
      continue;
    }
    if (open.size > 0) return unanswered(open);
    open = new Set(message.role === 'assistant' ? message.tool_calls?.map(({ id }) => id) : []);
  }
  return open.size > 0 ? unanswered(open) : undefined;
}

const unanswered = (ids: Iterable<string>): Refusal =>
  openAIFault(
    'messages',
    undefined,
    `Each of an assistant message's 'tool_calls' needs a tool message right after it; none answers ${[...ids].join(', ')}.`,
  );
