import { optional, optionalBoolean, optionalString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { changed, setFields, setsSampling, withChatParameters, type ChatParameters } from '../chat-parameters.ts';
import type { Carried, Target } from '../protocol.ts';
import { decodeNumbers, decodeStop } from './request-decode.ts';
import { efforts, sharedNumbers } from './request-fields.ts';
import { fitToModel } from './request-models.ts';

const limits = ['max_tokens', 'max_completion_tokens'];

/**
 * Parameters of a rule in a client's own bytes, with what one of OpenAI's models would refuse of them and beside them left out.
 * The output limit keeps the name that the client has for it; servers that know another one get that when the request is sent.
 */
export function parameterEdits(body: JsonNode, parameters: ChatParameters, { model }: Target): Carried<Edit[]> {
  const warnings: Warning[] = [];
  const own = ownOptions(body, parameters);
  const fitted = fitToModel(withChatParameters(own, parameters), model, warnings);
  const given = limits.filter((name) => optional(body, name) !== undefined);
  const names = given.length === 0 ? ['max_completion_tokens'] : given;
  const [before, after] = [own.reasoning?.effort, fitted.reasoning?.effort];
  const fields = {
    ...Object.fromEntries(names.map((name) => [name, fitted.maxTokens])),
    ...Object.fromEntries(sharedNumbers.map(([field, ours]) => [field, changed(own[ours], fitted[ours])])),
    reasoning_effort: parameters.reasoningEffort === undefined ? changed(before, after) : (after ?? null),
    ...(own.logprobs !== fitted.logprobs && { logprobs: null, top_logprobs: null }),
    ...(own.stop.length > fitted.stop.length && { stop: null }),
  };
  return { value: setFields(body, fields), warnings: warnings.map(inWordsOfChat) };
}

/** What of a client's options must go along with those of a rule; none where the rule is about something else. */
function ownOptions(body: JsonNode, parameters: ChatParameters): ChatRequest {
  const request: ChatRequest = { stream: false, messages: [], tools: [], stop: [] };
  if (!setsSampling(parameters)) return request;
  decodeNumbers(body, request);
  request.stop = decodeStop(body);
  if (optionalBoolean(body, 'logprobs') === true) request.logprobs = { top: 0 };
  const word = optionalString(body, 'reasoning_effort');
  const effort = efforts.find((known) => known === word); // others are words of the server's own
  if (effort !== undefined) request.reasoning = { effort };
  return request;
}

const inWordsOfChat = (warning: Warning): Warning => (warning.field === 'reasoning' ? { ...warning, field: 'reasoning_effort' } : warning);
