import type { Message } from '../llm/request.ts';
import type { ReadableRequest } from './readable-request.ts';

/** Most characters of a task that anybody looks at. */
export const maxTaskChars = 4000;

/** What the user said last; the query of a ranking, the first text of a request for embeddings. Of a long one its beginning and its end, where instructions stand. */
export function taskOf(request: ReadableRequest): string {
  const text = lastSaid(request);
  if (text.length <= maxTaskChars) return text;
  const half = maxTaskChars / 2;
  return wellFormed(`${text.slice(0, half - 1)}…${text.slice(-half)}`);
}

function lastSaid(request: ReadableRequest): string {
  switch (request.kind) {
    case 'chat':
      return request.chat.messages.map(userText).findLast((text) => text !== '') ?? '';
    case 'embed':
      return request.embed.inputs.map((input) => (input.type === 'text' ? input.text : '')).find((text) => text !== '') ?? '';
    case 'rerank':
      return request.rerank.query;
    case 'unreadable':
      return '';
  }
}

/** What a message of the user's says; empty where it is another's. */
export const userText = (message: Message): string => (message.role === 'user' ? textOf(message) : '');

/** The text of a message, its blocks on lines of their own. */
export const textOf = ({ content }: Message): string => {
  const texts: string[] = [];
  for (const block of content) if (block.type === 'text') texts.push(block.text);
  return texts.join('\n');
};

/** A cut may have gone through a character. */
const wellFormed = (text: string): string => text.toWellFormed();
