import type { Writable } from '../../framing/json-write.ts';
import type { UserContent, Warning } from '../../llm/request.ts';
import { fetchesUrls } from './request-models.ts';
import { mediaTypeOf } from './wire-media-type.ts';
import { isKept } from './request-stored-ids.ts';

/** A part of a content, or of a function response. */
export type WrittenPart = Record<string, Writable>;

/** Where content stands and to whom it goes. */
export interface MediaContext {
  model: string;
  field: string;
  warnings: Warning[];
}

/** What a person or a tool says and shows, as a part; none where it says nothing, or cannot be shown. */
export function mediaPart(item: UserContent, context: MediaContext): WrittenPart[] {
  const { field, warnings } = context;
  switch (item.type) {
    case 'text':
      return item.text === '' ? [] : [{ text: item.text }];
    case 'image':
      if (item.detail === 'low' || item.detail === 'high') warnings.push({ field, detail: 'how closely the model looks at an image is left to it' });
      return sourcePart(item.source, context);
    case 'audio':
      return sourcePart(item.source, context);
    case 'document': {
      if (item.source.kind === 'text') {
        const text = item.name === undefined ? item.source.text : `${item.name}:\n${item.source.text}`;
        return text === '' ? [] : [{ text }];
      }
      if (item.name !== undefined) warnings.push({ field, detail: 'names of documents have no place in the Gemini API and are left out' });
      return sourcePart(item.source, context);
    }
  }
}

type Source = { kind: 'url'; url: string } | { kind: 'base64'; mediaType: string; data: string };

/** Newer models fetch files themselves, from public addresses (https://ai.google.dev/gemini-api/docs/file-input-methods). */
function sourcePart(source: Source, { model, field, warnings }: MediaContext): WrittenPart[] {
  if (source.kind === 'base64') return [{ inlineData: { mimeType: source.mediaType, data: source.data } }];
  const { url } = source;
  if (!url.startsWith('https://') || isKept(url)) {
    warnings.push({ field, detail: 'files are fetched from public https addresses only; this one is left out' });
    return [];
  }
  if (!fetchesUrls(model)) {
    warnings.push({ field, detail: `${model} does not fetch files; this one is left out` });
    return [];
  }
  const mimeType = mediaTypeOf(url);
  if (mimeType === undefined) warnings.push({ field, detail: 'the address of a file does not say its type, without which Vertex AI refuses it' });
  return [{ fileData: { mimeType, fileUri: url } }];
}
