import { optional, required } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import { writeJson } from '../../framing/json-write.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { decodeCounted } from '../bedrock-converse/request-decode.ts';
import { encodePrompt } from '../bedrock-converse/request-encode.ts';
import { unlessEmpty } from '../bedrock-converse/request-encode-options.ts';
import { stateSpots } from '../bedrock-converse/request-state.ts';
import { storedIds } from '../bedrock-converse/request-stored-ids.ts';
import { modelInPath } from '../bedrock-converse/request.ts';
import type { Carried, PathFacts, RequestFacts, StateSpot, StoredId, Target } from '../protocol.ts';
import { checkMessages } from '../request-facts.ts';

/** The Converse request that is counted. A request of `invoke` is bytes in base64, in which nobody could see what must not leave. Throws JsonFieldError. */
function counted(body: JsonNode): JsonNode {
  const input = required(body, 'input');
  const invoked = optional(input, 'invokeModel');
  if (invoked !== undefined) throw new JsonFieldError(invoked.path, 'is not read here: count the same request as input.converse');
  return required(input, 'converse');
}

/** What the gateway must know of a request: the path has its model. Nothing is generated. Throws JsonFieldError. */
export function facts(body: JsonNode, path: PathFacts): RequestFacts {
  const model = modelInPath(path);
  checkMessages(counted(body));
  return { model, stream: false, maxTokens: 0, choices: 1, wantsUsage: true };
}

/** Ids of tool uses, and signatures, in the request that is counted. */
export const countedStateSpots = (body: JsonNode): StateSpot[] => stateSpots(counted(body));

/** Addresses in S3 in the request that is counted. */
export const countedStoredIds = (body: JsonNode): StoredId[] => storedIds(counted(body));

/** The request that is counted, in canonical form. */
export const decodeRequest = (body: JsonNode): Carried<ChatRequest> => decodeCounted(counted(body));

/** A request as Bedrock counts it: what the model would read, and what it could call. */
export function encodeRequest(request: ChatRequest, target: Target): Carried<string> {
  const warnings: Warning[] = [];
  const { prompt, additional } = encodePrompt(request, target, warnings);
  return { value: writeJson({ input: { converse: { ...prompt, additionalModelRequestFields: unlessEmpty(additional) } } }), warnings };
}
