import { optional, optionalBoolean, optionalString, required, requiredString } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { AudioContent, DocumentContent, ImageContent, InlineData, TextContent, UserContent } from '../../llm/request.ts';
import type { Warnings } from '../warnings.ts';
import { memberOf, type Member } from './request-decode-union.ts';
import { audioFormats, documentFormats, imageFormats } from './wire-media.ts';

/** A content block that is left out. */
export const omitBlock = (value: JsonNode, warnings: Warnings): void => warnings.add(value, 'has no counterpart in other protocols and is left out');

/** What may stand in a user's message or in the result of a tool. */
export function userContent({ name, value }: Member, warnings: Warnings): UserContent[] {
  switch (name) {
    case 'text':
      return [{ type: 'text', text: value.string() }];
    case 'image':
      return imageContent(value, warnings);
    case 'document':
      return documentContent(value, warnings);
    case 'audio':
      return audioContent(value, warnings);
    case 'searchResult':
      return [searchResult(value, warnings)];
    case 'guardContent': {
      const image = optional(value, 'image');
      return image === undefined ? guardText(value, warnings) : imageContent(image, warnings);
    }
    default:
      omitBlock(value, warnings);
      return [];
  }
}

/** Text that a guardrail shall look at: guardrails are Bedrock's own. */
export function guardText(content: JsonNode, warnings: Warnings): TextContent[] {
  const guarded = optional(content, 'text');
  if (guarded === undefined) {
    omitBlock(content, warnings);
    return [];
  }
  warnings.add(content, 'is carried as plain text: guardrails are for providers of this protocol');
  return [{ type: 'text', text: requiredString(guarded, 'text') }];
}

/** What the model said with citations. */
export function citedText(cited: JsonNode, warnings: Warnings): TextContent[] {
  warnings.others(cited, ['content', ...((optional(cited, 'citations')?.items().length ?? 0) > 0 ? [] : ['citations'])]);
  return (optional(cited, 'content')?.items() ?? []).map((item) => ({ type: 'text', text: requiredString(item, 'text') }));
}

/** Bytes of a file; undefined for one that is in S3, where other providers cannot read. */
function bytesOf(source: JsonNode, warnings: Warnings): string | undefined {
  const { name, value } = memberOf(source, warnings);
  if (name === 'bytes') return value.string();
  warnings.add(value, 'is a file that only Bedrock can reach, and is left out');
  return undefined;
}

const inline = (mediaType: string, data: string): InlineData => ({ kind: 'base64', mediaType, data });

function imageContent(image: JsonNode, warnings: Warnings): ImageContent[] {
  warnings.others(image, ['format', 'source']);
  const format = requiredString(image, 'format');
  const data = bytesOf(required(image, 'source'), warnings);
  return data === undefined ? [] : [{ type: 'image', source: inline(imageFormats.mediaType(format) ?? `image/${format}`, data) }];
}

function audioContent(audio: JsonNode, warnings: Warnings): AudioContent[] {
  warnings.others(audio, ['format', 'source']);
  const format = requiredString(audio, 'format');
  const data = bytesOf(required(audio, 'source'), warnings);
  return data === undefined ? [] : [{ type: 'audio', source: inline(audioFormats.mediaType(format) ?? `audio/${format}`, data) }];
}

function documentContent(document: JsonNode, warnings: Warnings): DocumentContent[] {
  warnings.others(document, ['format', 'name', 'source', ...(asksForCitations(document) ? [] : ['citations'])]);
  const name = requiredString(document, 'name');
  const source = documentSource(required(document, 'source'), optionalString(document, 'format'), warnings);
  return source === undefined ? [] : [{ type: 'document', source, name }];
}

function documentSource(source: JsonNode, format: string | undefined, warnings: Warnings): DocumentContent['source'] | undefined {
  const { name, value } = memberOf(source, warnings);
  if (name === 'text') return { kind: 'text', text: value.string() };
  if (name === 'content') return { kind: 'text', text: joinedText(value) };
  const data = bytesOf(source, warnings);
  return data === undefined ? undefined : inline(documentFormats.mediaType(format ?? 'txt') ?? 'application/octet-stream', data);
}

const joinedText = (content: JsonNode): string =>
  content
    .items()
    .map((item) => requiredString(item, 'text'))
    .join('\n');

function asksForCitations(holder: JsonNode): boolean {
  const citations = optional(holder, 'citations');
  return citations !== undefined && optionalBoolean(citations, 'enabled') === true;
}

/** A search result is a document with a place where it was found, which nobody else has a field for. */
function searchResult(result: JsonNode, warnings: Warnings): DocumentContent {
  warnings.others(result, ['title', 'content', ...(asksForCitations(result) ? [] : ['citations'])]);
  return { type: 'document', source: { kind: 'text', text: joinedText(required(result, 'content')) }, name: requiredString(result, 'title') };
}
