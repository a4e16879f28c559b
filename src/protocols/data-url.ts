import type { InlineData } from '../llm/request.ts';

export const isDataUrl = (url: string): boolean => /^data:/i.test(url);

/** What a data URL in base64 holds; undefined for one without a media type, or in another form. */
export function inlineData(url: string): InlineData | undefined {
  const comma = url.indexOf(',');
  const [mediaType = '', ...parameters] = url.slice('data:'.length, comma).split(';');
  if (comma === -1 || mediaType === '' || parameters.at(-1)?.toLowerCase() !== 'base64') return undefined;
  return { kind: 'base64', mediaType, data: url.slice(comma + 1) };
}

/** Bytes as a data URL in base64. */
export const dataUrl = ({ mediaType, data }: Pick<InlineData, 'mediaType' | 'data'>): string => `data:${mediaType};base64,${data}`;
