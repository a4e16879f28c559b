import type { AudioContent, DocumentContent, ImageContent } from '../../llm/request.ts';

/**
 * About what an image of a usual size takes: 765 tokens for 1024 x 1024 at OpenAI (https://platform.openai.com/docs/guides/images-vision), width x height / 750
 * and at most about 1,600 with most of Anthropic's models (https://docs.claude.com/en/docs/build-with-claude/vision), 258 per tile of 768 x 768, or 1,120, at Google
 * (https://ai.google.dev/gemini-api/docs/media-resolution). How large an image is would have to be read from its bytes, and for a URL cannot be known.
 */
const imageTokens = 1000;
/** What OpenAI takes for an image that is only glanced at. */
const glanceTokens = 85;

/** Input tokens of an image, roughly. */
export const tokensOfImage = ({ detail }: ImageContent): number => (detail === 'low' ? glanceTokens : imageTokens);

/** A page of a PDF takes 258 tokens at Google (https://ai.google.dev/gemini-api/docs/document-processing), and 1,500 to 3,000 and an image at Anthropic. */
const pageTokens = 258;
/** How many pages there are only a reader of PDFs could tell; those with pictures have many more bytes per page than those without. */
const bytesPerPage = 15_000;
const mostPages = 100;

/** Input tokens of a document, rather too few; its text's own where it is plain text. */
export function tokensOfDocument({ source }: DocumentContent): number {
  if (source.kind !== 'base64') return pageTokens;
  const bytes = decodedBytes(source.data);
  if (source.mediaType.startsWith('text/')) return Math.ceil(bytes / 4);
  return pageTokens * Math.min(mostPages, Math.ceil(bytes / bytesPerPage));
}

/** Google's number (https://ai.google.dev/gemini-api/docs/audio). */
const tokensPerSecond = 32;

/** Input tokens of a recording, by its size: 16 kHz of 16 bits where it is not compressed, 128 kbit/s where it is. */
export const tokensOfAudio = ({ source: { mediaType, data } }: AudioContent): number =>
  Math.ceil((decodedBytes(data) / (/wav|pcm|l16/.test(mediaType) ? 32_000 : 16_000)) * tokensPerSecond);

const decodedBytes = (base64: string): number => Math.floor((base64.length * 3) / 4);
