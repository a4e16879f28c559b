import type { Writable } from '../../framing/json-write.ts';
import type { DocumentContent, ImageContent, TextContent, UserContent, Warning } from '../../llm/request.ts';
import { inlineData, isDataUrl } from '../data-url.ts';
import { markOf, type Block } from './request-cache.ts';

/** Where content stands, and who is told what the API does not take of it. */
export interface ContentContext {
  field: string;
  warnings: Warning[];
}

/** The API refuses text that is empty or blank; it says nothing anyway. */
export function textBlocks(content: readonly TextContent[], { field, warnings }: ContentContext): Block[] {
  return content.flatMap(({ text, cache }) => {
    if (text.trim() !== '') return [{ type: 'text', text, ...markOf(cache) }];
    if (cache !== undefined) warnings.push({ field, detail: 'a mark for the prompt cache stands on blank text, and is left out with it' });
    return [];
  });
}

export const userBlocks = (content: readonly UserContent[], context: ContentContext): Block[] =>
  content.flatMap((item) => {
    switch (item.type) {
      case 'text':
        return textBlocks([item], context);
      case 'image':
        return imageBlock(item, context);
      case 'document':
        return documentBlock(item, context);
      case 'audio':
        context.warnings.push({ field: context.field, detail: 'audio has no counterpart in the Anthropic API and is left out' });
        return [];
    }
  });

const imageTypes = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

function imageBlock({ source, detail, cache }: ImageContent, { field, warnings }: ContentContext): Block[] {
  if (detail !== undefined && detail !== 'auto')
    warnings.push({ field, detail: 'how closely an image is looked at cannot be set in the Anthropic API' });
  if (source.kind === 'url' && !isDataUrl(source.url)) return [{ type: 'image', source: { type: 'url', url: source.url }, ...markOf(cache) }];
  const inline = source.kind === 'url' ? inlineData(source.url) : source;
  const named = inline?.mediaType.toLowerCase();
  const mediaType = named === 'image/jpg' ? 'image/jpeg' : named;
  if (inline === undefined || mediaType === undefined || !imageTypes.has(mediaType)) {
    warnings.push({ field, detail: `an image of type ${mediaType ?? 'unknown'} is left out: the Anthropic API takes JPEG, PNG, GIF and WebP` });
    return [];
  }
  return [{ type: 'image', source: { type: 'base64', media_type: mediaType, data: inline.data }, ...markOf(cache) }];
}

function documentBlock({ source, name, cache }: DocumentContent, { field, warnings }: ContentContext): Block[] {
  const written = documentSource(source);
  if (written !== undefined) return [{ type: 'document', source: written, title: name, ...markOf(cache) }];
  warnings.push({ field, detail: 'a document is left out: the Anthropic API takes PDF and plain text' });
  return [];
}

function documentSource(source: DocumentContent['source']): Writable {
  if (source.kind === 'text') return { type: 'text', media_type: 'text/plain', data: source.text };
  if (source.kind === 'url' && !isDataUrl(source.url)) return { type: 'url', url: source.url };
  const inline = source.kind === 'url' ? inlineData(source.url) : source;
  const mediaType = inline?.mediaType.toLowerCase() ?? '';
  if (inline === undefined) return undefined;
  if (mediaType === 'application/pdf') return { type: 'base64', media_type: mediaType, data: inline.data };
  if (!isText(mediaType)) return undefined;
  return { type: 'text', media_type: 'text/plain', data: Buffer.from(inline.data, 'base64').toString('utf8') };
}

const isText = (mediaType: string): boolean => mediaType.startsWith('text/') || mediaType === 'application/json';
