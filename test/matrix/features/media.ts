import type { Content } from '../conversation.ts';
import { check, checkSent, type Feature } from '../feature.ts';
import { withoutContent, type Mutation } from '../mutation.ts';
import { imageUrl, pdf, png, wav } from '../samples.ts';

/** Content that the provider must be sent beside the text. */
const medium = (name: string, content: Content, word: string, mutation: Mutation): Feature => ({
  name,
  async run(stage) {
    const session = stage.open();
    session.user('What is this?', content);
    const { text } = await session.answer();
    check(text.includes('What is this?'), `it said ${text}`);
    checkSent(stage, word);
  },
  mutation,
});

export const mediaFeatures: readonly Feature[] = [
  medium('image in base64', { type: 'image', ...png }, png.base64, withoutContent('image')),
  medium('image by URL', { type: 'image-url', url: imageUrl }, imageUrl, withoutContent('image')),
  medium('document (PDF)', { type: 'document', name: 'aare.pdf', ...pdf }, pdf.base64, withoutContent('document')),
  medium('audio', { type: 'audio', ...wav }, wav.base64, withoutContent('audio')),
];
