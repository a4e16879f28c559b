import type { Bytes } from './conversation.ts';

/** One red pixel. */
export const png: Bytes = {
  mediaType: 'image/png',
  base64: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==',
};

/** A document of no pages. */
export const pdf: Bytes = {
  mediaType: 'application/pdf',
  base64: Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n').toString('base64'),
};

/** A sound of no samples. */
export const wav: Bytes = {
  mediaType: 'audio/wav',
  base64: Buffer.from('RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\0\0\0\0', 'latin1').toString('base64'),
};

export const imageUrl = 'https://example.com/aare.png';
