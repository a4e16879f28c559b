import type { AudioContent, DocumentContent, ImageContent, TextContent, UserContent, Warning } from '../../llm/request.ts';
import { inlineData, isDataUrl } from '../data-url.ts';
import { markOf } from '../anthropic-messages/request-cache.ts';
import type { Block } from './request-encode-blocks.ts';
import type { DocumentNames } from './request-encode-names.ts';
import type { ConverseRules } from './request-models.ts';
import { audioFormats, documentFormats, imageFormats } from './wire-media.ts';

/** Where content stands, what the model takes, and who is told what it does not. */
export interface ContentContext {
  field: string;
  rules: ConverseRules;
  names: DocumentNames;
  warnings: Warning[];
}

/** The API refuses text that is empty or blank; it says nothing anyway. */
export function textBlocks(content: readonly TextContent[], { field, warnings }: Pick<ContentContext, 'field' | 'warnings'>): Block[] {
  return content.flatMap(({ text, cache }): Block[] => {
    if (text.trim() !== '') return [{ value: { text }, ...markOf(cache) }];
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
        return audioBlock(item, context);
    }
  });

function imageBlock({ source, detail, cache }: ImageContent, { field, warnings }: ContentContext): Block[] {
  if (detail !== undefined && detail !== 'auto')
    warnings.push({ field, detail: 'how closely an image is looked at cannot be set in the Converse API' });
  if (source.kind === 'url' && !isDataUrl(source.url)) {
    warnings.push({ field, detail: 'an image by URL is left out: images must be sent as base64 to this provider' });
    return [];
  }
  const inline = source.kind === 'url' ? inlineData(source.url) : source;
  const format = inline && imageFormats.word(inline.mediaType);
  if (inline === undefined || format === undefined) {
    warnings.push({
      field,
      detail: `an image of type ${inline?.mediaType ?? 'unknown'} is left out: the Converse API takes JPEG, PNG, GIF and WebP`,
    });
    return [];
  }
  return [{ value: { image: { format, source: { bytes: inline.data } } }, ...markOf(cache) }];
}

function documentBlock({ source, name, cache }: DocumentContent, { field, names, warnings }: ContentContext): Block[] {
  if (source.kind === 'text' && source.text === '') return [];
  if (source.kind === 'url' && !isDataUrl(source.url)) {
    warnings.push({ field, detail: 'a document by URL is left out: documents must be sent as base64 to this provider' });
    return [];
  }
  const file = fileOf(source);
  if (file === undefined) {
    warnings.push({ field, detail: 'a document is left out: the Converse API takes PDF, CSV, Word, Excel, HTML, Markdown and plain text' });
    return [];
  }
  const { format, bytes } = file;
  return [{ value: { document: { format, name: names.of(name), source: { bytes } } }, ...markOf(cache) }];
}

function fileOf(source: DocumentContent['source']): { format: string; bytes: string } | undefined {
  if (source.kind === 'text') return { format: 'txt', bytes: Buffer.from(source.text).toString('base64') };
  const inline = source.kind === 'url' ? inlineData(source.url) : source;
  if (inline === undefined) return undefined;
  const format = documentFormats.word(inline.mediaType) ?? (inline.mediaType.startsWith('text/') ? 'txt' : undefined);
  return format === undefined ? undefined : { format, bytes: inline.data };
}

function audioBlock({ source }: AudioContent, { field, rules, warnings }: ContentContext): Block[] {
  const format = audioFormats.word(source.mediaType);
  if (rules.audio && format !== undefined) return [{ value: { audio: { format, source: { bytes: source.data } } } }];
  warnings.push({ field, detail: rules.audio ? `audio of type ${source.mediaType} is left out` : 'audio is left out: this model takes none' });
  return [];
}
