import type { Completion, CompletionCreateParamsBase, CompletionUsage } from 'openai/resources/completions';
import { composeAnswer, countPieces } from '../answer.ts';
import type { Answer, Prompt } from '../answer.ts';
import { knowsModel } from '../behaviour.ts';
import { byType, decimal, flag, integer, list, nullable, openObject, record, text } from '../shape.ts';
import type { Path, Problem, Shape } from '../shape.ts';
import { firstRefusal } from '../vendor.ts';
import type { Gate, Reply, Rule, Vendor, WireEvent } from '../vendor.ts';
import { openAIFault, openAIProblem } from './error.ts';
import { openAIErrorBody } from './gate.ts';
import { toLogprobs } from './logprobs.ts';
import { completionModels, servesOther, unknownModel } from './models.ts';

type Request = CompletionCreateParamsBase;
type CompletionsReply = Reply<Request>;

/** What the API writes where nobody says how much. */
const defaultMaxTokens = 16;

const token = integer({ min: 0 });

/** Texts, or texts as tokens; never both in one list. */
function prompts(value: unknown, path: Path): Problem | undefined {
  const first: unknown = Array.isArray(value) ? value[0] : undefined;
  const item = typeof first === 'string' ? text() : Array.isArray(first) ? list(token, { min: 1 }) : token;
  return list(item, { min: 1 })(value, path);
}

const optional = {
  best_of: nullable(integer({ min: 1, max: 20 })),
  echo: nullable(flag),
  frequency_penalty: nullable(decimal({ min: -2, max: 2 })),
  logit_bias: nullable(openObject),
  logprobs: nullable(integer({ min: 0, max: 5 })),
  max_tokens: nullable(integer({ min: 0 })),
  n: nullable(integer({ min: 1, max: 128 })),
  presence_penalty: nullable(decimal({ min: -2, max: 2 })),
  seed: nullable(integer()),
  stop: byType({ null: () => undefined, string: text(), array: list(text(), { max: 4 }) }),
  stream: nullable(flag),
  stream_options: nullable(record({}, { include_usage: flag, include_obfuscation: flag })),
  suffix: nullable(text()),
  temperature: nullable(decimal({ min: 0, max: 2 })),
  top_p: nullable(decimal({ min: 0, max: 1 })),
  user: text(),
} satisfies Record<Exclude<keyof Request, 'model' | 'prompt'>, Shape>;

const shape = record({ model: text(), prompt: byType({ null: () => undefined, string: text(), array: prompts }) }, optional);

const rules: readonly Rule<Request>[] = [
  {
    name: 'best_of covers n, and does not stream',
    check({ best_of, n, stream }) {
      if (!best_of) return undefined;
      if (best_of < (n ?? 1)) return openAIFault('best_of', 'invalid_value', "'best_of' must be at least 'n'.");
      return stream && best_of > 1 ? openAIFault('best_of', undefined, "'best_of' does not work with 'stream'.") : undefined;
    },
  },
  {
    name: 'stream_options only with stream',
    check: ({ stream, stream_options }) =>
      stream_options && stream !== true ? openAIFault('stream_options', undefined, "'stream_options' needs 'stream': true.") : undefined,
  },
  {
    name: 'only one model takes a suffix',
    check: ({ model, suffix }) =>
      suffix && model !== 'gpt-3.5-turbo-instruct' ? openAIFault('suffix', undefined, 'This model takes no suffix.') : undefined,
  },
];

/** The legacy Completions as https://platform.openai.com/docs/api-reference/completions has them. */
export const createCompletionsVendor = (gate: Gate): Vendor<Request> => ({
  ...gate,
  name: 'OpenAI',
  models: completionModels,
  toolCallPrefix: 'call_',
  answerPrefix: 'cmpl-',
  match: (path) => (path === '/v1/completions' ? {} : undefined),
  read(body, models) {
    const problem = shape(body, []);
    if (problem) return { refusal: openAIProblem(problem) };
    // The shape has just been checked against what the SDK's type says.
    const request = body as Request;
    if (!knowsModel(models, request.model)) return { refusal: unknownModel(request.model) };
    if (servesOther(request.model, completionModels))
      return { refusal: { ...openAIFault('model', undefined, `'${request.model}' is a chat model; it is at /v1/chat/completions.`), status: 404 } };
    const refusal = firstRefusal(rules, request);
    return refusal ? { refusal } : { request };
  },
  modelOf: ({ model }) => model,
  isStream: ({ stream }) => stream === true,
  prompt: (request) => toPrompt(request, promptsOf(request)[0] ?? ''),
  cachePrefixes: () => [],
  json: toJson,
  events: toEvents,
  errorEvent: (refusal) => ({ data: openAIErrorBody(refusal) }),
});

/** Prompts as texts; tokens stand for a text of their numbers. */
function promptsOf({ prompt }: Request): string[] {
  if (prompt === null) return [''];
  if (typeof prompt === 'string') return [prompt];
  const [first] = prompt;
  if (typeof first === 'number') return [prompt.join(' ')];
  return prompt.map((item) => (Array.isArray(item) ? item.join(' ') : String(item)));
}

function toPrompt({ model, stop, max_tokens }: Request, userText: string): Prompt {
  return {
    model,
    userText,
    toolResults: [],
    tools: [],
    toolChoice: { type: 'none' },
    parallelToolCalls: false,
    stop: typeof stop === 'string' ? [stop] : (stop ?? []),
    maxTokens: max_tokens ?? defaultMaxTokens,
  };
}

interface Choice {
  index: number;
  pieces: readonly string[];
  answer: Answer;
}

/** Each prompt `n` times: the first one's answer is in the reply, the others' are written here. */
function toChoices({ request, answer }: CompletionsReply): Choice[] {
  const all = promptsOf(request).flatMap((prompt, place) => {
    const given = place === 0 ? answer : composeAnswer(toPrompt(request, prompt), { vendor: 'OpenAI', toolCallId: String });
    const written = given.segments.flatMap(({ kind, pieces }) => (kind === 'text' || kind === 'refusal' ? pieces : []));
    const pieces = request.echo ? [prompt, ...written] : written;
    return Array.from({ length: request.n ?? 1 }, () => ({ pieces, answer: given }));
  });
  return all.map((choice, index) => ({ index, ...choice }));
}

const headOf = ({ id, createdSeconds: created, request: { model } }: CompletionsReply): Omit<Completion, 'choices'> => ({
  id,
  object: 'text_completion',
  created,
  model,
});

const strange = ({ strangers }: CompletionsReply): object => (strangers ? { x_demo: { large: '12345678901234567890' } } : {});

function toJson(reply: CompletionsReply): unknown {
  const choices = toChoices(reply);
  const written = choices.map(({ index, pieces, answer }) => ({
    index,
    text: pieces.join(''),
    logprobs: logprobsOf(pieces, reply),
    finish_reason: toFinishReason(answer),
  }));
  return { ...headOf(reply), choices: written, ...usageOf(reply, choices), ...strange(reply) };
}

function toEvents(reply: CompletionsReply): WireEvent[] {
  const { request, answer } = reply;
  const usage = request.stream_options?.include_usage === true && answer.usage !== 'none';
  const chunk = (choices: readonly unknown[], rest: object = {}): WireEvent => ({
    data: { ...headOf(reply), choices, ...(usage && { usage: null }), ...rest },
  });
  const choices = toChoices(reply);
  const longest = Math.max(...choices.map(({ pieces }) => pieces.length));
  const events = Array.from({ length: longest }, (_, at) =>
    choices.flatMap(({ index, pieces }) => {
      const piece = pieces[at];
      if (piece === undefined) return [];
      return [chunk([{ index, text: piece, logprobs: logprobsOf([piece], reply), finish_reason: null }], strange(reply))];
    }),
  ).flat();
  events.push(...choices.map((choice) => chunk([{ index: choice.index, text: '', logprobs: null, finish_reason: toFinishReason(choice.answer) }])));
  if (reply.strangers) events.splice(1, 0, { event: 'notice', data: { ...headOf(reply), object: 'text_completion.notice', choices: [] } });
  if (usage) events.push(chunk([], usageOf(reply, choices)));
  return [...events, { data: '[DONE]' }];
}

const toFinishReason = ({ finish, finishAs }: Answer): string => finishAs ?? (finish === 'length' ? 'length' : 'stop');

function logprobsOf(pieces: readonly string[], { request: { logprobs } }: CompletionsReply): unknown {
  if (logprobs === null || logprobs === undefined) return null;
  const chances = toLogprobs(pieces, logprobs);
  return {
    tokens: pieces,
    token_logprobs: chances.map(({ logprob }) => logprob),
    top_logprobs: chances.map(({ top_logprobs }) => Object.fromEntries(top_logprobs.map(({ token: word, logprob }) => [word, logprob]))),
    text_offset: pieces.map((_, index) => pieces.slice(0, index).join('').length),
  };
}

function usageOf({ answer, counts }: CompletionsReply, choices: readonly Choice[]): { usage?: unknown } {
  if (answer.usage === 'none') return {};
  const completion_tokens = choices.reduce((sum, choice) => sum + countPieces(choice.answer), 0);
  const usage: CompletionUsage = { prompt_tokens: counts.input, completion_tokens, total_tokens: counts.input + completion_tokens };
  return { usage: { ...usage, ...answer.usage } };
}
