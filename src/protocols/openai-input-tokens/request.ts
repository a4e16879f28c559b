import { writeJson } from '../../framing/json-write.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { ChatRequest, Warning } from '../../llm/request.ts';
import { askedModel } from '../asked-model.ts';
import { encodePrompt, withQuirks } from '../openai-responses/request-encode.ts';
import { checkInput } from '../openai-responses/request.ts';
import type { Carried, PathFacts, RequestFacts, Target } from '../protocol.ts';

/** What the gateway must know of a request. Nothing is generated. Throws JsonFieldError. */
export function facts(body: JsonNode, path: PathFacts): RequestFacts {
  const model = askedModel(body, path);
  checkInput(body);
  return { model, stream: false, maxTokens: 0, choices: 1, wantsUsage: true };
}

/** A request as OpenAI counts it: what the model would read, and what it could call. How it is sampled does not matter here. */
export function encodeRequest(request: ChatRequest, target: Target): Carried<string> {
  const warnings: Warning[] = [];
  const body = encodePrompt(request, target, warnings);
  return { value: writeJson(withQuirks(body, target.quirks, warnings)), warnings };
}
