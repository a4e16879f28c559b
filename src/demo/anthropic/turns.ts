import type { ContentBlockParam, MessageParam } from '@anthropic-ai/sdk/resources/messages/messages';

/** Messages of the same role in a row, which the API takes as one. */
export interface Turn {
  role: 'user' | 'assistant';
  /** Index of the first of its messages. */
  index: number;
  blocks: readonly ContentBlockParam[];
}

/** A message's content as blocks: a string is one text block. */
export const blocksOf = ({ content }: { content: string | readonly ContentBlockParam[] }): readonly ContentBlockParam[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

/** Joins messages of the same role; `system` messages stand outside the turns. */
export function toTurns(messages: readonly MessageParam[]): Turn[] {
  const turns: Turn[] = [];
  for (const [index, message] of messages.entries()) {
    if (message.role === 'system') continue;
    const last = turns.at(-1);
    const blocks = blocksOf(message);
    if (last?.role === message.role) turns[turns.length - 1] = { ...last, blocks: [...last.blocks, ...blocks] };
    else turns.push({ role: message.role, index, blocks });
  }
  return turns;
}
