import { writeJson } from '../../framing/json-write.ts';
import type { RerankRequest } from '../../llm/embed.ts';
import type { Warning } from '../../llm/request.ts';
import type { Carried, Target } from '../protocol.ts';

/** The version of Cohere's API that Bedrock's models speak. */
const cohereVersion = 2;

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-rerank.html. Amazon's own model takes the same, but for the version and a limit of tokens. */
export function encodeRequest({ query, documents, top, returnDocuments, maxTokensPerDocument }: RerankRequest, { model }: Target): Carried<string> {
  const warnings: Warning[] = [];
  const isCohere = !model.includes('amazon.rerank');
  if (returnDocuments) warnings.push({ field: 'return_documents', detail: 'Bedrock does not repeat documents: the index says which one is meant' });
  if (maxTokensPerDocument !== undefined && !isCohere)
    warnings.push({ field: 'max_tokens_per_doc', detail: 'has no counterpart in this model and is left out' });
  const body = {
    query,
    documents,
    top_n: top,
    ...(isCohere && { api_version: cohereVersion, max_tokens_per_doc: maxTokensPerDocument }),
  };
  return { value: writeJson(body), warnings };
}
