import { optional, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { AudioContent, DocumentContent, ImageContent, TextContent, UserContent } from '../../llm/request.ts';
import type { CacheMarker } from '../../llm/state.ts';
import { inlineData, isDataUrl } from '../data-url.ts';
import type { Warnings } from '../warnings.ts';

/** A string, or a list of content. Empty texts are left out: they say nothing, and some providers refuse them. */
export const userContent = (content: JsonNode, warnings: Warnings): UserContent[] =>
  content.type === 'string' ? nonEmpty(content.string()) : content.items().flatMap((part) => decodePart(part, warnings));

/** A string, or a list of texts, where nothing else may stand. */
export function texts(content: JsonNode, warnings: Warnings): TextContent[] {
  if (content.type === 'string') return nonEmpty(content.string());
  return content.items().flatMap((part) => {
    const type = requiredString(part, 'type');
    if (textFields.has(type)) return decodeText(part, type, warnings);
    warnings.add(part, `is not carried: content of type ${type}`);
    return [];
  });
}

const nonEmpty = (text: string): TextContent[] => (text === '' ? [] : [{ type: 'text', text }]);

/** Where each type of text has it. `text` is no type of this API, but of the one before it, and is taken for it often. */
const textFields: ReadonlyMap<string, string> = new Map([
  ['input_text', 'text'],
  ['output_text', 'text'],
  ['text', 'text'],
  ['summary_text', 'text'],
  ['refusal', 'refusal'],
]);

const marker = 'prompt_cache_breakpoint';

function decodePart(part: JsonNode, warnings: Warnings): UserContent[] {
  const type = requiredString(part, 'type');
  switch (type) {
    case 'input_image':
      return decodeImage(part, warnings);
    case 'input_file':
      return decodeFile(part, warnings);
    case 'input_audio':
      return [decodeAudio(part, warnings)];
    default:
      if (textFields.has(type)) return decodeText(part, type, warnings);
      warnings.add(part, `is not carried: content of type ${type}`);
      return [];
  }
}

function decodeText(part: JsonNode, type: string, warnings: Warnings): TextContent[] {
  const field = textFields.get(type) ?? 'text';
  // An answer's own text comes back with a list of annotations, mostly empty, and with log probabilities that no model reads.
  const isBare = optional(part, 'annotations')?.text === '[]';
  warnings.others(part, ['type', field, marker, 'logprobs', ...(isBare ? ['annotations'] : [])]);
  return nonEmpty(requiredString(part, field)).map((text) => ({ ...text, ...cacheOf(part, warnings) }));
}

/** The mark for the prompt cache that stands on a part. OpenAI keeps half an hour, or twelve. */
function cacheOf(part: JsonNode, warnings: Warnings): { cache?: CacheMarker } {
  const breakpoint = optional(part, marker);
  if (breakpoint === undefined) return {};
  warnings.others(breakpoint, ['mode', 'ttl']);
  const ttl = optionalString(breakpoint, 'ttl');
  if (ttl === undefined) return { cache: {} };
  if (ttl !== '30m') warnings.add(required(breakpoint, 'ttl'), 'is not carried: the longest that others keep is an hour');
  return { cache: { ttl: '1h' } };
}

const keptByOpenAi = 'is not carried: only OpenAI has the file of this id';

function decodeImage(part: JsonNode, warnings: Warnings): ImageContent[] {
  const url = optionalString(part, 'image_url');
  if (url === undefined) {
    warnings.add(part, keptByOpenAi);
    return [];
  }
  warnings.others(part, ['type', 'image_url', 'detail', marker]);
  const detail = optionalString(part, 'detail');
  const more = { ...(detail !== undefined && detail !== 'auto' && { detail }), ...cacheOf(part, warnings) };
  if (!isDataUrl(url)) return [{ type: 'image', source: { kind: 'url', url }, ...more }];
  const source = inlineData(url);
  if (source !== undefined) return [{ type: 'image', source, ...more }];
  warnings.add(part, 'is not carried: a data URL without a media type or base64');
  return [];
}

function decodeFile(part: JsonNode, warnings: Warnings): DocumentContent[] {
  const data = optionalString(part, 'file_data');
  const url = optionalString(part, 'file_url');
  const name = optionalString(part, 'filename');
  if (data === undefined && url === undefined) {
    warnings.add(part, keptByOpenAi);
    return [];
  }
  const detail = optionalString(part, 'detail') === 'auto' ? ['detail'] : [];
  warnings.others(part, ['type', data === undefined ? 'file_url' : 'file_data', 'filename', marker, ...detail]);
  const source = data === undefined ? { kind: 'url' as const, url: url ?? '' } : fileSource(data);
  if (source !== undefined) return [{ type: 'document', source, ...(name !== undefined && { name }), ...cacheOf(part, warnings) }];
  warnings.add(part, 'is not carried: a data URL without a media type or base64');
  return [];
}

/** Bare base64 can only be what nearly all files are. */
const fileSource = (data: string): DocumentContent['source'] | undefined =>
  isDataUrl(data) ? inlineData(data) : { kind: 'base64', mediaType: 'application/pdf', data };

function decodeAudio(part: JsonNode, warnings: Warnings): AudioContent {
  const audio = required(part, 'input_audio');
  warnings.others(part, ['type', 'input_audio']);
  warnings.others(audio, ['data', 'format']);
  const format = requiredString(audio, 'format');
  return {
    type: 'audio',
    source: { kind: 'base64', mediaType: format === 'mp3' ? 'audio/mpeg' : `audio/${format}`, data: requiredString(audio, 'data') },
  };
}
