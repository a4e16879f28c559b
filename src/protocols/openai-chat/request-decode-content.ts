import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { AudioContent, DocumentContent, ImageContent, TextContent, UserContent } from '../../llm/request.ts';
import type { CacheMarker } from '../../llm/state.ts';
import { inlineData, isDataUrl } from '../data-url.ts';
import type { Warnings } from '../warnings.ts';

/** A string, or an array of content parts. Empty texts are left out: they say nothing, and some providers refuse them. */
export const userContent = (content: JsonNode, warnings: Warnings): UserContent[] =>
  content.type === 'string' ? nonEmpty(content.string()) : content.items().flatMap((part) => decodePart(part, warnings));

/** A string, or an array of text parts, where nothing else may stand. */
export function texts(content: JsonNode, warnings: Warnings): TextContent[] {
  if (content.type === 'string') return nonEmpty(content.string());
  return content.items().flatMap((part) => {
    const type = requiredString(part, 'type');
    if (type === 'text' || type === 'refusal') return decodeText(part, type, warnings);
    warnings.add(part, `is not carried: content of type ${type}`);
    return [];
  });
}

export const nonEmpty = (text: string): TextContent[] => (text === '' ? [] : [{ type: 'text', text }]);

/** Fields of a part beside its content: marks for the prompt cache, OpenAI's own and the one that gateways take for Claude. */
const markers = ['prompt_cache_breakpoint', 'cache_control'];

function decodePart(part: JsonNode, warnings: Warnings): UserContent[] {
  const type = requiredString(part, 'type');
  switch (type) {
    case 'text':
    case 'refusal':
      return decodeText(part, type, warnings);
    case 'image_url':
      warnings.others(part, ['type', type, ...markers]);
      return decodeImage(required(part, type), warnings).map((image) => ({ ...image, ...cacheOf(part, warnings) }));
    case 'file':
      warnings.others(part, ['type', type, ...markers]);
      return decodeFile(required(part, type), warnings).map((file) => ({ ...file, ...cacheOf(part, warnings) }));
    case 'input_audio':
      warnings.others(part, ['type', type]);
      return [decodeAudio(required(part, type), warnings)];
    default:
      warnings.add(part, `is not carried: content of type ${type}`);
      return [];
  }
}

function decodeText(part: JsonNode, type: 'text' | 'refusal', warnings: Warnings): TextContent[] {
  warnings.others(part, ['type', type, ...markers]);
  return nonEmpty(requiredString(part, type)).map((text) => ({ ...text, ...cacheOf(part, warnings) }));
}

/** The mark for the prompt cache that stands on a part, a tool or a message. */
export function cacheOf(holder: JsonNode, warnings: Warnings): { cache?: CacheMarker } {
  const marker = optional(holder, 'prompt_cache_breakpoint') ?? optional(holder, 'cache_control');
  if (marker === undefined) return {};
  warnings.others(marker, ['mode', 'type', 'ttl']);
  const ttl = optionalString(marker, 'ttl');
  if (ttl === undefined) return { cache: {} };
  if (ttl === '5m' || ttl === '1h') return { cache: { ttl } };
  if (ttl !== '30m') warnings.add(required(marker, 'ttl'), 'is not carried: the longest that others keep is an hour');
  return { cache: { ttl: '1h' } };
}

function decodeImage(image: JsonNode, warnings: Warnings): ImageContent[] {
  const url = requiredString(image, 'url');
  warnings.others(image, ['url', 'detail']);
  const detail = optionalString(image, 'detail');
  const more = detail === undefined || detail === 'auto' ? {} : { detail };
  if (!isDataUrl(url)) return [{ type: 'image', source: { kind: 'url', url }, ...more }];
  const source = inlineData(url);
  if (source !== undefined) return [{ type: 'image', source, ...more }];
  warnings.add(image, 'is not carried: a data URL without a media type or base64');
  return [];
}

function decodeFile(file: JsonNode, warnings: Warnings): DocumentContent[] {
  const data = optionalString(file, 'file_data');
  const name = optionalString(file, 'filename');
  if (data === undefined) {
    warnings.add(file, 'is not carried: a file that the provider keeps');
    return [];
  }
  warnings.others(file, ['file_data', 'filename']);
  const source = isDataUrl(data) ? inlineData(data) : { kind: 'base64' as const, mediaType: 'application/pdf', data };
  if (source !== undefined) return [{ type: 'document', source, ...(name !== undefined && { name }) }];
  warnings.add(file, 'is not carried: a data URL without a media type or base64');
  return [];
}

function decodeAudio(audio: JsonNode, warnings: Warnings): AudioContent {
  warnings.others(audio, ['data', 'format']);
  const format = requiredString(audio, 'format');
  return {
    type: 'audio',
    source: { kind: 'base64', mediaType: format === 'mp3' ? 'audio/mpeg' : `audio/${format}`, data: requiredString(audio, 'data') },
  };
}
