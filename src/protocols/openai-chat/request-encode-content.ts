import type { Writable } from '../../framing/json-write.ts';
import type { AudioContent, DocumentContent, ImageContent, UserContent, Warning } from '../../llm/request.ts';
import type { CacheMarker } from '../../llm/state.ts';
import { dataUrl } from '../data-url.ts';
import type { Quirks } from '../protocol.ts';

/** Where content stands, what its server has, and who is told what it has not. */
export interface ContentContext {
  field: string;
  quirks: Quirks;
  warnings: Warning[];
}

/** One text is a string, which every compatible server takes; more are an array. */
export function encodeContent(content: readonly UserContent[], context: ContentContext): Writable {
  const parts = encodeParts(content, context);
  const [first] = parts;
  if (first === undefined) return '';
  const isPlain = parts.length === 1 && first['type'] === 'text' && Object.keys(first).length === 2;
  return isPlain ? first['text'] : parts;
}

type Part = Record<string, Writable>;

/** Content as an array of parts. */
export const encodeParts = (content: readonly UserContent[], context: ContentContext): Part[] => content.flatMap((item) => encodePart(item, context));

function encodePart(item: UserContent, context: ContentContext): Part[] {
  switch (item.type) {
    case 'text':
      return [{ type: 'text', text: item.text, ...markerOf(item, context) }];
    case 'image':
      return encodeImage(item, context).map((part) => ({ ...part, ...markerOf(item, context) }));
    case 'document':
      return encodeDocument(item, context).map((part) => ({ ...part, ...markerOf(item, context) }));
    case 'audio':
      return encodeAudio(item, context);
  }
}

function markerOf({ cache }: { cache?: CacheMarker }, { field, quirks: { cacheMarkers }, warnings }: ContentContext): Part {
  if (cache === undefined) return {};
  if (cacheMarkers !== undefined) return cacheMarker(cache, cacheMarkers);
  warnings.push({ field, detail: 'its mark for the prompt cache is not carried' });
  return {};
}

/** A mark for the prompt cache as a server has it. OpenAI keeps half an hour or twelve. */
export function cacheMarker(cache: CacheMarker | undefined, kind: NonNullable<Quirks['cacheMarkers']>): Part {
  if (cache === undefined) return {};
  if (kind === 'cache_control') return { cache_control: { type: 'ephemeral', ttl: cache.ttl } };
  return { prompt_cache_breakpoint: { mode: 'explicit', ttl: cache.ttl === '1h' ? '12h' : undefined } };
}

function encodeImage({ source, detail }: ImageContent, { field, quirks, warnings }: ContentContext): Part[] {
  if (source.kind !== 'url') return [{ type: 'image_url', image_url: { url: dataUrl(source), detail } }];
  if (quirks.imageUrls !== false) return [{ type: 'image_url', image_url: { url: source.url, detail } }];
  warnings.push({ field, detail: 'has an image by its address, which this provider does not fetch' });
  return [];
}

/** Plain text is said as it is. OpenAI fetches no files, and wants a name for each. */
function encodeDocument({ source, name }: DocumentContent, { field, warnings }: ContentContext): Part[] {
  switch (source.kind) {
    case 'text':
      return [{ type: 'text', text: name === undefined ? source.text : `${name}\n\n${source.text}` }];
    case 'base64':
      return [{ type: 'file', file: { filename: name ?? fileName(source.mediaType), file_data: dataUrl(source) } }];
    case 'url':
      warnings.push({ field, detail: 'has a document by its address, which OpenAI Chat Completions does not fetch' });
      return [];
  }
}

const fileName = (mediaType: string): string => `document.${/^[\w-]+\/(\w+)$/.exec(mediaType)?.[1] ?? 'bin'}`;

const audioFormats = new Map([
  ['audio/wav', 'wav'],
  ['audio/x-wav', 'wav'],
  ['audio/wave', 'wav'],
  ['audio/mpeg', 'mp3'],
  ['audio/mp3', 'mp3'],
]);

function encodeAudio({ source }: AudioContent, { field, warnings }: ContentContext): Part[] {
  const format = audioFormats.get(source.mediaType);
  if (format !== undefined) return [{ type: 'input_audio', input_audio: { data: source.data, format } }];
  warnings.push({ field, detail: `has audio of type ${source.mediaType}; OpenAI Chat Completions takes wav and mp3` });
  return [];
}
