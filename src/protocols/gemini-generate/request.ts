import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { PathFacts, RequestFacts } from '../protocol.ts';
import { countField, field, listField } from './wire-fields.ts';

/** What the gateway must know of a request: the path has its model, and whether it is streamed. Throws JsonFieldError where the API too would refuse. */
export function facts(body: JsonNode, { model, stream = false, framing }: PathFacts): RequestFacts {
  if (model === undefined || model === '') throw new JsonFieldError('model', 'must be named in the path');
  checkContents(body);
  const config = field(body, 'generationConfig');
  const choices = (config && countField(config, 'candidateCount', 1)) ?? 1;
  const maxTokens = config && countField(config, 'maxOutputTokens', 1);
  return {
    model,
    stream,
    maxTokens: maxTokens === undefined ? undefined : maxTokens * choices,
    choices,
    wantsUsage: true, // every answer of this protocol carries it
    ...(framing !== undefined && { framing }),
  };
}

/** Refuses a conversation of nothing. Throws JsonFieldError. */
export function checkContents(body: JsonNode): void {
  const contents = field(body, 'contents');
  if (contents === undefined) throw new JsonFieldError(body.path === '' ? 'contents' : `${body.path}.contents`, 'is required');
  const items = listField(body, 'contents');
  if (items.length === 0) throw new JsonFieldError(contents.path, 'must not be empty');
  for (const content of items) listField(content, 'parts');
}
