import { optionalBoolean, optionalCount, requiredString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import { writeJson } from '../../framing/json-write.ts';
import type { RerankRequest } from '../../llm/embed.ts';
import type { Warning } from '../../llm/request.ts';
import { askedModel } from '../asked-model.ts';
import { withQuirks } from '../openai-chat/request-quirks.ts';
import type { Carried, PathFacts, RequestFacts, Target, TextSpot } from '../protocol.ts';
import { alike, fields, kept, text, textSpots, type Shape } from '../text-spots.ts';
import { Warnings } from '../warnings.ts';
import { checkQuery, decodeDocuments } from './request-documents.ts';

/** What the gateway must know of a request. Throws JsonFieldError. */
export function facts(body: JsonNode, path: PathFacts): RequestFacts {
  const model = askedModel(body, path);
  checkQuery(body);
  return { model, stream: false, maxTokens: 0, choices: 1, wantsUsage: true };
}

const document: Shape = fields({ text });
const shape: Shape = fields({
  ...alike('model top_n return_documents max_tokens_per_doc max_chunks_per_doc truncate_prompt_tokens priority', kept),
  query: text,
  documents: { item: document },
});

/** Every place in a request that a person may have written, in its order. */
export const requestTexts = (request: JsonNode): TextSpot[] => textSpots(request, shape);

/** A request in canonical form. Documents come back unless they are not wanted. Throws JsonFieldError. */
export function decodeRequest(body: JsonNode): Carried<RerankRequest> {
  const warnings = new Warnings();
  const value: RerankRequest = {
    query: requiredString(body, 'query'),
    documents: decodeDocuments(body, warnings),
    returnDocuments: optionalBoolean(body, 'return_documents') ?? true,
  };
  const top = optionalCount(body, 'top_n') ?? 0; // vLLM takes 0 for all
  if (top > 0) value.top = top;
  const maxTokens = optionalCount(body, 'max_tokens_per_doc', 1);
  if (maxTokens !== undefined) value.maxTokensPerDocument = maxTokens;
  warnings.others(body, ['model', 'query', 'documents', 'top_n', 'return_documents', 'max_tokens_per_doc']);
  return { value, warnings: warnings.list };
}

/** A request as Jina, vLLM and their like take it, with what they cannot carry. */
export function encodeRequest(
  { query, documents, top, returnDocuments, maxTokensPerDocument }: RerankRequest,
  { model, quirks }: Target,
): Carried<string> {
  const warnings: Warning[] = [];
  if (maxTokensPerDocument !== undefined) {
    warnings.push({
      field: 'max_tokens_per_doc',
      detail: 'not every server of this protocol has such a field, and most refuse what they do not know',
    });
  }
  const body = { model, query, documents, top_n: top, return_documents: returnDocuments };
  return { value: writeJson(withQuirks(body, quirks, warnings)), warnings };
}
