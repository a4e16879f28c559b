import type { Writable } from '../../framing/json-write.ts';
import type { Warning } from '../../llm/request.ts';
import { limitMarks, type Block as MarkedBlock } from '../anthropic-messages/request-cache.ts';
import type { CachePlace, ConverseRules } from './request-models.ts';

/** A block, or a tool, of a request that is being written: one of Converse's unions, and whether a cache point is to stand behind it. */
export interface Block extends Pick<MarkedBlock, 'cache_control'> {
  value: Readonly<Record<string, Writable>>;
}

/** Takes away the marks that the model does not take: in some places, or at all, and beyond what it takes of them. */
export function fitMarks(blocks: Readonly<Record<CachePlace, readonly Block[]>>, rules: ConverseRules, warnings: Warning[]): void {
  const warn = (detail: string): void => void warnings.push({ field: 'cache_control', detail });
  let refused = 0;
  let shortened = 0;
  for (const place of ['tools', 'system', 'messages'] as const) {
    for (const block of blocks[place]) {
      const mark = block.cache_control;
      if (mark === undefined) continue;
      if (!rules.cachePoints.includes(place)) {
        delete block.cache_control;
        refused++;
      } else if (mark.ttl === '1h' && !rules.longCache) {
        delete mark.ttl;
        shortened++;
      }
    }
  }
  if (refused > 0) warn(`${refused} of the marks are left out: this model takes no cache points there`);
  if (shortened > 0) warn('this model keeps nothing for an hour; marks are for five minutes');
  limitMarks([...blocks.tools, ...blocks.system, ...blocks.messages], warnings);
}

/** Blocks with their cache points behind them. Five minutes are what goes without saying. */
export const withCachePoints = (blocks: readonly Block[]): Writable[] =>
  blocks.flatMap(({ value, cache_control: mark }): Writable[] =>
    mark === undefined ? [value] : [value, { cachePoint: { type: 'default', ttl: mark.ttl === '1h' ? '1h' : undefined } }],
  );
