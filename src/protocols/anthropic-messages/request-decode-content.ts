import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import { JsonFieldError, type JsonNode } from '../../framing/json.ts';
import type { DocumentContent, ImageContent, TextContent, UserContent } from '../../llm/request.ts';
import type { CacheMarker } from '../../llm/state.ts';
import type { Warnings } from '../warnings.ts';

export function contentBlocks(content: JsonNode): JsonNode[] {
  if (content.type !== 'array') throw new JsonFieldError(content.path, 'must be a string or an array of content blocks');
  return content.items();
}

/** A content block that is left out. */
export const omitBlock = (block: JsonNode, type: string, warnings: Warnings): void =>
  warnings.add(block, `content of type "${type}" has no counterpart in other protocols and is left out`);

/** The mark for the prompt cache that stands on a block, a tool or the whole request. */
export function cacheOf(holder: JsonNode, warnings: Warnings): { cache?: CacheMarker } {
  const mark = optional(holder, 'cache_control');
  if (mark === undefined) return {};
  warnings.others(mark, ['type', 'ttl']);
  const ttl = optionalString(mark, 'ttl');
  if (ttl === undefined) return { cache: {} };
  if (ttl === '5m' || ttl === '1h') return { cache: { ttl } };
  throw new JsonFieldError(`${mark.path}.ttl`, 'must be 5m or 1h');
}

/** What may stand in a user's message or in the result of a tool. */
export function userContent(block: JsonNode, warnings: Warnings): UserContent[] {
  const type = requiredString(block, 'type');
  switch (type) {
    case 'text':
      return [textContent(block, warnings)];
    case 'image':
      return imageContent(block, warnings);
    case 'document':
      return documentContent(block, warnings);
    case 'search_result':
      return [searchResult(block, warnings)];
    default:
      omitBlock(block, type, warnings);
      return [];
  }
}

export function textContent(block: JsonNode, warnings: Warnings): TextContent {
  warnings.others(block, ['type', 'text', 'cache_control']);
  return { type: 'text', text: requiredString(block, 'text'), ...cacheOf(block, warnings) };
}

function imageContent(block: JsonNode, warnings: Warnings): ImageContent[] {
  warnings.others(block, ['type', 'source', 'cache_control']);
  const cache = cacheOf(block, warnings);
  const source = required(block, 'source');
  switch (requiredString(source, 'type')) {
    case 'url':
      return [{ type: 'image', source: { kind: 'url', url: requiredString(source, 'url') }, ...cache }];
    case 'base64':
      return [{ type: 'image', source: inlineData(source), ...cache }];
    default:
      warnings.add(source, 'only images by URL or in base64 can be carried; this one is left out');
      return [];
  }
}

const inlineData = (source: JsonNode) => ({
  kind: 'base64' as const,
  mediaType: requiredString(source, 'media_type'),
  data: requiredString(source, 'data'),
});

function documentContent(block: JsonNode, warnings: Warnings): DocumentContent[] {
  warnings.others(block, ['type', 'source', 'title', 'cache_control', ...(asksForCitations(block) ? [] : ['citations'])]);
  const name = optionalString(block, 'title');
  const source = documentSource(required(block, 'source'), warnings);
  const cache = cacheOf(block, warnings);
  return source === undefined ? [] : [{ type: 'document', source, ...(name !== undefined && { name }), ...cache }];
}

function asksForCitations(block: JsonNode): boolean {
  const citations = optional(block, 'citations');
  return citations?.type === 'object' && optional(citations, 'enabled')?.type === 'true';
}

function documentSource(source: JsonNode, warnings: Warnings): DocumentContent['source'] | undefined {
  switch (requiredString(source, 'type')) {
    case 'url':
      return { kind: 'url', url: requiredString(source, 'url') };
    case 'base64':
      return inlineData(source);
    case 'text':
      return { kind: 'text', text: requiredString(source, 'data') };
    case 'content':
      return { kind: 'text', text: joinedText(required(source, 'content'), warnings) };
    default:
      warnings.add(source, 'only documents by URL, in base64 or as text can be carried; this one is left out');
      return undefined;
  }
}

/** The texts of a document that is made of blocks. */
function joinedText(content: JsonNode, warnings: Warnings): string {
  if (content.type === 'string') return content.string();
  const texts = contentBlocks(content).flatMap((block) => {
    const type = requiredString(block, 'type');
    if (type === 'text') return [textContent(block, warnings).text];
    omitBlock(block, type, warnings);
    return [];
  });
  return texts.join('\n');
}

/** A search result is a document with a place where it was found, which nobody else has a field for. */
function searchResult(block: JsonNode, warnings: Warnings): DocumentContent {
  warnings.others(block, ['type', 'title', 'content', 'cache_control', ...(asksForCitations(block) ? [] : ['citations'])]);
  const text = joinedText(required(block, 'content'), warnings);
  return { type: 'document', source: { kind: 'text', text }, name: requiredString(block, 'title'), ...cacheOf(block, warnings) };
}
