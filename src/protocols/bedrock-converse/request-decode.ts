import { optional, optionalCount, optionalNumber, required } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { ChatRequest } from '../../llm/request.ts';
import type { Carried, RequestFacts } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { decodeAdditional } from './request-decode-additional.ts';
import { decodeMessages } from './request-decode-messages.ts';
import { decodeOutput } from './request-decode-output.ts';
import { decodeTools } from './request-decode-tools.ts';

/** The fields of what a model reads. */
const promptFields = ['messages', 'system', 'toolConfig', 'additionalModelRequestFields'];
/** Fields for how it is run. */
const runFields = ['inferenceConfig', 'outputConfig', 'requestMetadata', 'serviceTier', 'additionalModelResponseFieldPaths'];

/** A client's request in canonical form. Whatever has no place there is named in a warning. Throws JsonFieldError where the API would refuse. */
export function decodeRequest(body: JsonNode, { stream }: Pick<RequestFacts, 'stream'>): Carried<ChatRequest> {
  const warnings = new Warnings();
  const value = decodePrompt(body, stream, warnings);
  warnings.others(body, [...promptFields, ...runFields]);
  decodeInference(body, value, warnings);
  decodeOutput(body, value, warnings);
  decodeRun(body, value, warnings);
  return { value, warnings: warnings.list };
}

/** A request whose tokens are to be counted. */
export function decodeCounted(body: JsonNode): Carried<ChatRequest> {
  const warnings = new Warnings();
  const value = decodePrompt(body, false, warnings);
  warnings.others(body, promptFields);
  return { value, warnings: warnings.list };
}

function decodePrompt(body: JsonNode, stream: boolean, warnings: Warnings): ChatRequest {
  const request: ChatRequest = { stream, messages: decodeMessages(body, warnings), tools: [], stop: [] };
  decodeTools(body, request, warnings);
  decodeAdditional(body, request, warnings);
  return request;
}

/** How tokens are chosen, how many at most, and where the answer stops. */
export function decodeInference(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const config = optional(body, 'inferenceConfig');
  if (config === undefined) return;
  warnings.others(config, ['maxTokens', 'temperature', 'topP', 'stopSequences']);
  const maxTokens = optionalCount(config, 'maxTokens', 1);
  const temperature = optionalNumber(config, 'temperature');
  const topP = optionalNumber(config, 'topP');
  if (maxTokens !== undefined) request.maxTokens = maxTokens;
  if (temperature !== undefined) request.temperature = temperature;
  if (topP !== undefined) request.topP = topP;
  request.stop = (optional(config, 'stopSequences')?.items() ?? []).map((sequence) => sequence.string());
}

/** Which stop sequence was met is always told where the provider knows it. */
const stopSequencePath = '/stop_sequence';

function decodeRun(body: JsonNode, request: ChatRequest, warnings: Warnings): void {
  const metadata = optional(body, 'requestMetadata');
  if (metadata !== undefined) request.metadata = Object.fromEntries([...metadata.fields()].map(({ key, value }) => [key.string(), value.string()]));
  const tier = optional(body, 'serviceTier');
  if (tier !== undefined) {
    warnings.others(tier, ['type']);
    request.serviceTier = required(tier, 'type').string();
  }
  for (const path of optional(body, 'additionalModelResponseFieldPaths')?.items() ?? []) {
    if (path.string() !== stopSequencePath) warnings.add(path, 'is not carried: only a model called by this protocol answers it');
  }
}
