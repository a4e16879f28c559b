import { awsFrame, exceptionEvent, padded } from './answer.ts';
import { bedrockFault, bedrockProblem, refuseModel } from './error.ts';
import type { BedrockGate } from './gate.ts';
import { claudeNameOf, cohereEmbedModels, cohereRerankModels, titanEmbedModels } from './models.ts';
import { toAddress } from './path.ts';
import { invokeClaudeShape } from './shape.ts';
import { anthropic } from '../anthropic.ts';
import { anthropicProblem } from '../anthropic/error.ts';
import { anthropicRules } from '../anthropic/rules.ts';
import { anthropicRequestShape } from '../anthropic/shape.ts';
import type { AnthropicRequest } from '../anthropic/shape.ts';
import { blocksOf } from '../anthropic/turns.ts';
import { isObject, record } from '../shape.ts';
import { firstRefusal } from '../vendor.ts';
import type { Refusal, Reply, Vendor, WireEvent } from '../vendor.ts';

/** What a call of `invoke` or `invoke-with-response-stream` asks Claude for. */
export interface InvokeRequest {
  /** As the path has it. */
  model: string;
  isStream: boolean;
  /** As Anthropic takes it: under its own name of the model. */
  body: AnthropicRequest;
}

/** `invoke` and `invoke-with-response-stream` for Claude: Anthropic's Messages, with the model in the path and the version in the body (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html). */
export const createInvokeClaude = (gate: BedrockGate): Vendor<InvokeRequest> => ({
  ...gate,
  // Those that plain endpoints serve at the same path are known from here too.
  models: [...titanEmbedModels, ...cohereEmbedModels, ...cohereRerankModels],
  toolCallPrefix: 'toolu_bdrk_',
  answerPrefix: 'msg_bdrk_',
  match: (path) => toAddress(path, { invoke: false, 'invoke-with-response-stream': true }),
  read(body, models, { address: { model = '', stream = false } }) {
    const refusal = refuseModel(model, models);
    return refusal ? { refusal } : readClaude(body, model, stream);
  },
  modelOf: ({ model }) => model,
  isStream: ({ isStream }) => isStream,
  prompt: ({ model, body }) => ({ ...anthropic.prompt(body), model }),
  cachePrefixes: ({ body }) => anthropic.cachePrefixes(body),
  json: (reply) => anthropic.json(toAnthropicReply(reply)),
  events: invokeEvents,
  errorEvent: exceptionEvent,
  frame: awsFrame,
  streamType: () => 'application/vnd.amazon.eventstream',
});

/** Reads a body for Claude. */
export function readClaude(body: unknown, model: string, isStream: boolean): { request: InvokeRequest } | { refusal: Refusal } {
  if (!isObject(body)) return { refusal: bedrockFault('body', 'expected object') };
  const { anthropic_version, anthropic_beta, ...rest } = body;
  const stray = ['model', 'stream'].find((name) => name in rest);
  if (stray !== undefined) return { refusal: bedrockFault(stray, 'this key is not permitted') };
  const problem = versionShape(
    { ...(anthropic_version !== undefined && { anthropic_version }), ...(anthropic_beta !== undefined && { anthropic_beta }) },
    [],
  );
  if (problem) return { refusal: bedrockProblem(problem) };
  const fields = { model: claudeNameOf(model) ?? model, ...rest };
  const fault = anthropicRequestShape(fields, []);
  if (fault) return { refusal: toRefusal(anthropicProblem(fault)) };
  // The shape has just been checked against what the SDK's type says.
  const request = fields as AnthropicRequest;
  const broken = firstRefusal(anthropicRules, request) ?? checkSources(request);
  return broken ? { refusal: toRefusal(broken) } : { request: { model, isStream, body: request } };
}

const versionShape = record({ anthropic_version: invokeClaudeShape.anthropic_version }, { anthropic_beta: invokeClaudeShape.anthropic_beta });

/** Anthropic's message under Bedrock's name of the error. */
const toRefusal = ({ message }: Refusal): Refusal => ({ status: 400, type: 'ValidationException', message });

/** Bedrock fetches nothing, and has no files. */
function checkSources({ messages }: AnthropicRequest): Refusal | undefined {
  const index = messages.findIndex((message) =>
    blocksOf(message).some(
      (block) => (block.type === 'image' || block.type === 'document') && (block.source.type === 'url' || block.source.type === 'file'),
    ),
  );
  return index < 0 ? undefined : bedrockFault(`messages.${index}`, 'sources of the types url and file are not supported');
}

const toAnthropicReply = (reply: Reply<InvokeRequest>): Reply<AnthropicRequest> => ({ ...reply, request: reply.request.body });

/** Anthropic's events as bytes within Amazon's; the last one has Bedrock's own counts too. */
function invokeEvents(reply: Reply<InvokeRequest>): WireEvent[] {
  const events = anthropic.events(toAnthropicReply(reply)).filter(({ event }) => event !== 'ping');
  return events.map(({ event, data }) => toChunk(event === 'message_stop' && isObject(data) ? { ...data, ...invocationMetrics(reply) } : data));
}

const toChunk = (data: unknown): WireEvent => padded('chunk', { bytes: Buffer.from(JSON.stringify(data)).toString('base64') });

function invocationMetrics({ counts: { input, output, cacheRead, cacheWrite } }: Reply<InvokeRequest>): object {
  const counted = {
    inputTokenCount: input - cacheRead - cacheWrite,
    outputTokenCount: output,
    invocationLatency: 2,
    firstByteLatency: 1,
    cacheReadInputTokenCount: cacheRead,
    cacheWriteInputTokenCount: cacheWrite,
  };
  return { 'amazon-bedrock-invocationMetrics': counted };
}
