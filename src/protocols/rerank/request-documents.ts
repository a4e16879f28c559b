import { optional, required } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { Warnings } from '../warnings.ts';

/** The documents of a request: texts, or objects with one. Of an object without `text` its JSON is the text. Throws JsonFieldError for images. */
export const decodeDocuments = (body: JsonNode, warnings: Warnings): string[] =>
  required(body, 'documents')
    .items()
    .map((document) => (document.type === 'object' ? decodeObject(document, warnings) : document.string()));

function decodeObject(document: JsonNode, warnings: Warnings): string {
  if (optional(document, 'image') !== undefined)
    throw new JsonFieldError(document.path, 'is an image, which a provider of another protocol cannot rank');
  const text = optional(document, 'text');
  if (text === undefined) {
    warnings.add(document, 'is carried as the text of its JSON');
    return document.text;
  }
  warnings.others(document, ['text']);
  return text.string();
}

/** Refuses a request without a query or documents. Throws JsonFieldError. */
export function checkQuery(body: JsonNode): void {
  required(body, 'query');
  if (required(body, 'documents').items().length === 0) throw new JsonFieldError('documents', 'must not be empty');
}
