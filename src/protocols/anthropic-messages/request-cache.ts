import type { Writable } from '../../framing/json-write.ts';
import type { Warning } from '../../llm/request.ts';
import type { CacheMarker } from '../../llm/state.ts';

/** A block, or a tool, of a request that is being written. */
export interface Block {
  type?: string;
  text?: string;
  cache_control?: { type: 'ephemeral'; ttl?: CacheMarker['ttl'] };
  [key: string]: Writable;
}

/** Most marks in one request. Source: https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
const maxMarks = 4;

/** The mark as a field of a block. */
export const markOf = (cache: CacheMarker | undefined): Pick<Block, 'cache_control'> =>
  cache === undefined ? {} : { cache_control: { type: 'ephemeral', ...(cache.ttl !== undefined && { ttl: cache.ttl }) } };

/**
 * Keeps to what the API takes of marks: four, of which those for an hour come first. `blocks` are all of a request, in the order of its prefix: tools, system, messages.
 * The first two and the last two are kept: those mark what all conversations share, these what the next turn of this one will.
 */
export function limitMarks(blocks: readonly Pick<Block, 'cache_control'>[], warnings: Warning[]): void {
  const marked = blocks.filter(({ cache_control }) => cache_control !== undefined);
  const surplus = marked.slice(maxMarks / 2, Math.max(maxMarks / 2, marked.length - maxMarks / 2));
  for (const block of surplus) delete block.cache_control;
  if (surplus.length > 0)
    warnings.push({ field: 'cache_control', detail: `at most ${maxMarks} marks are taken; the ${surplus.length} in the middle are left out` });
  let isShort = false;
  let shortened = 0;
  for (const { cache_control: mark } of marked) {
    if (mark === undefined) continue;
    if (mark.ttl !== '1h') isShort = true;
    else if (isShort) {
      delete mark.ttl;
      shortened++;
    }
  }
  if (shortened > 0) warnings.push({ field: 'cache_control', detail: 'marks for an hour behind one for five minutes are for five minutes too' });
}
