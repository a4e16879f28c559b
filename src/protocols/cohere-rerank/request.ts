import { optionalCount, requiredString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import { writeJson } from '../../framing/json-write.ts';
import type { RerankRequest } from '../../llm/embed.ts';
import type { Warning } from '../../llm/request.ts';
import type { Carried, Target } from '../protocol.ts';
import { decodeDocuments } from '../rerank/request-documents.ts';
import { Warnings } from '../warnings.ts';

/** A request in canonical form. Version 2 never repeats documents. Throws JsonFieldError. */
export function decodeRequest(body: JsonNode): Carried<RerankRequest> {
  const warnings = new Warnings();
  const value: RerankRequest = { query: requiredString(body, 'query'), documents: decodeDocuments(body, warnings), returnDocuments: false };
  const top = optionalCount(body, 'top_n', 1);
  if (top !== undefined) value.top = top;
  const maxTokens = optionalCount(body, 'max_tokens_per_doc', 1);
  if (maxTokens !== undefined) value.maxTokensPerDocument = maxTokens;
  warnings.others(body, ['model', 'query', 'documents', 'top_n', 'max_tokens_per_doc']);
  return { value, warnings: warnings.list };
}

/** A request as Cohere takes it, with what it cannot carry. */
export function encodeRequest({ query, documents, top, returnDocuments, maxTokensPerDocument }: RerankRequest, { model }: Target): Carried<string> {
  const warnings: Warning[] = returnDocuments
    ? [{ field: 'return_documents', detail: 'Cohere does not repeat documents: the index says which one is meant' }]
    : [];
  return { value: writeJson({ model, query, documents, top_n: top, max_tokens_per_doc: maxTokensPerDocument }), warnings };
}
