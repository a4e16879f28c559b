import { writeJson } from '../../framing/json-write.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { Edit } from '../../framing/splice.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { encodeContent } from '../anthropic-messages/request-encode.ts';
import { rulesOf } from '../anthropic-messages/request-models.ts';
import { bodyEdits, bodyFields } from '../anthropic-messages/request-quirks.ts';
import type { Carried, RequestFacts, Target } from '../protocol.ts';
import { checkMessages, requestedModel } from '../request-facts.ts';

/** What the gateway must know of a request. Nothing is generated. Throws JsonFieldError where the API too would refuse. */
export function facts(body: JsonNode): RequestFacts {
  const model = requestedModel(body);
  checkMessages(body);
  return { model, stream: false, maxTokens: 0, choices: 1, wantsUsage: true };
}

/** Clouds have the path of this method to themselves: the model stays in the body. */
const inPath: readonly string[] = [];

export const retarget = (body: JsonNode, _facts: RequestFacts, target: Target): Carried<Edit[]> => bodyEdits(body, target, inPath);

/** A request as Anthropic counts it: what the model would read. The API refuses what says how an answer is made, which does not matter here. */
export function encodeRequest(request: ChatRequest, { model, quirks }: Target): Carried<string> {
  const warnings: Warning[] = [];
  const { content } = encodeContent(request, rulesOf(model), quirks, warnings);
  return { value: writeJson(bodyFields({ model, ...content }, quirks, inPath, warnings)), warnings };
}
