import { requiredString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { UserContent } from '../../llm/request.ts';
import type { Warnings } from '../warnings.ts';
import { bothCases, field, stringField } from './wire-fields.ts';
import { mediaTypeOf } from './wire-media-type.ts';

/** What a part that is no text shows the model. What has no counterpart in other protocols is left out, with a warning. */
export function mediaContent(part: JsonNode, warnings: Warnings): UserContent[] {
  const inline = field(part, 'inlineData');
  const file = field(part, 'fileData');
  if (inline === undefined && file === undefined) {
    warnings.add(part, 'has no counterpart in other protocols and is left out');
    return [];
  }
  warnings.others(part, bothCases(['inlineData', 'fileData', 'thought', 'thoughtSignature']));
  return [...(inline === undefined ? [] : inlineContent(inline, warnings)), ...(file === undefined ? [] : fileContent(file, warnings))];
}

const inlineFields = bothCases(['mimeType', 'data', 'displayName']);
const fileFields = bothCases(['mimeType', 'fileUri', 'displayName']);

function inlineContent(blob: JsonNode, warnings: Warnings): UserContent[] {
  warnings.others(blob, inlineFields);
  const mediaType = stringField(blob, 'mimeType') ?? '';
  const data = standardBase64(requiredString(blob, 'data'));
  const source = { kind: 'base64', mediaType, data } as const;
  const name = stringField(blob, 'displayName');
  switch (kindOf(mediaType)) {
    case 'image':
      return [{ type: 'image', source }];
    case 'audio':
      return [{ type: 'audio', source }];
    case 'text': {
      const text = Buffer.from(data, 'base64').toString('utf8');
      return [{ type: 'document', source: { kind: 'text', text }, ...(name !== undefined && { name }) }];
    }
    case 'document':
      return [{ type: 'document', source, ...(name !== undefined && { name }) }];
    case undefined:
      return omit(blob, mediaType, warnings);
  }
}

function fileContent(file: JsonNode, warnings: Warnings): UserContent[] {
  warnings.others(file, fileFields);
  const url = stringField(file, 'fileUri') ?? '';
  if (!/^https?:/i.test(url) || url.startsWith(googleFiles)) {
    warnings.add(file, 'is a file that only Google can reach, and is left out');
    return [];
  }
  const mediaType = stringField(file, 'mimeType') ?? mediaTypeOf(url) ?? '';
  const name = stringField(file, 'displayName');
  switch (kindOf(mediaType)) {
    case 'image':
      return [{ type: 'image', source: { kind: 'url', url } }];
    case 'text':
    case 'document':
      return [{ type: 'document', source: { kind: 'url', url }, ...(name !== undefined && { name }) }];
    case 'audio':
    case undefined:
      return omit(file, mediaType, warnings);
  }
}

/** The Files API: its addresses look like any others, but take a key. */
const googleFiles = 'https://generativelanguage.googleapis.com/';

function omit(node: JsonNode, mediaType: string, warnings: Warnings): UserContent[] {
  const what = mediaType === '' ? 'a file of unknown type' : `a file of type ${mediaType}`;
  warnings.add(node, `${what} has no counterpart in other protocols and is left out`);
  return [];
}

function kindOf(mediaType: string): 'image' | 'audio' | 'text' | 'document' | undefined {
  const [type] = mediaType.toLowerCase().split('/', 1);
  if (type === 'image' || type === 'audio' || type === 'text') return type;
  return type === 'application' ? 'document' : undefined;
}

/** Bytes in proto3 JSON may be in the alphabet for URLs, which no other API takes. */
const standardBase64 = (data: string): string => data.replaceAll('-', '+').replaceAll('_', '/');
