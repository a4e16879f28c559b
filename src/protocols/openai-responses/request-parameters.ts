import { optional, optionalNumber } from '../../framing/json-fields.ts';
import { RawJson, type Writable } from '../../framing/json-write.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { changed, setFields, setInnerFields, setsSampling, withChatParameters, type ChatParameters } from '../chat-parameters.ts';
import { fitToModel } from '../openai-chat/request-models.ts';
import type { Carried, Target } from '../protocol.ts';
import { Warnings } from '../warnings.ts';
import { decodeInclude, decodeReasoning } from './request-decode.ts';
import { encodeMaxTokens } from './request-encode.ts';
import { logprobsInText } from './wire.ts';

/** Parameters of a rule in a client's own bytes, with what one of OpenAI's models would refuse of them and beside them left out. */
export function parameterEdits(body: JsonNode, parameters: ChatParameters, { model }: Target): Carried<Edit[]> {
  const warnings: Warning[] = [];
  const own = ownOptions(body, parameters);
  const fitted = fitToModel(withChatParameters(own, parameters), model, warnings);
  const [before, after] = [own.reasoning?.effort, fitted.reasoning?.effort];
  const effort = parameters.reasoningEffort === undefined ? changed(before, after) : (after ?? null);
  const isRefused = own.reasoning !== undefined && fitted.reasoning === undefined;
  const reasoning = isRefused ? { edits: [], whole: null } : setInnerFields(optional(body, 'reasoning'), { effort });
  const fields = {
    max_output_tokens: encodeMaxTokens(fitted, warnings),
    temperature: changed(own.temperature, fitted.temperature),
    top_p: changed(own.topP, fitted.topP),
    reasoning: reasoning.whole,
    ...(own.logprobs !== fitted.logprobs && { top_logprobs: null, include: withoutLogprobs(body) }),
  };
  return { value: [...setFields(body, fields), ...reasoning.edits], warnings };
}

/** What of a client's options must go along with those of a rule; none where the rule is about something else. */
function ownOptions(body: JsonNode, parameters: ChatParameters): ChatRequest {
  const request: ChatRequest = { stream: false, messages: [], tools: [], stop: [] };
  if (!setsSampling(parameters)) return request;
  const temperature = optionalNumber(body, 'temperature');
  if (temperature !== undefined) request.temperature = temperature;
  const topP = optionalNumber(body, 'top_p');
  if (topP !== undefined) request.topP = topP;
  const reasoning = decodeReasoning(body, new Warnings());
  if (reasoning !== undefined) request.reasoning = reasoning;
  decodeInclude(body, request, new Warnings());
  return request;
}

/** What else the client wants in the answer; `null` where that is nothing. */
function withoutLogprobs(body: JsonNode): Writable {
  const items = (optional(body, 'include')?.items() ?? []).filter((item) => item.string() !== logprobsInText);
  return items.length === 0 ? null : items.map(({ text }) => new RawJson(text));
}
