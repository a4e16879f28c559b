/** Which sampling options a model takes: `temperature` and `top_p` together, one of the two, or none at all. */
export type Sampling = 'both' | 'one' | 'none';

/** Claude up to 4.6, under the names of all clouds: `claude-opus-4-20250514`, `us.anthropic.claude-haiku-4-5-20251001-v1:0`, `claude-3-5-haiku@20241022`. */
const upTo46 = /claude-(?:[23]|instant|(?:opus|sonnet|haiku)-4(?:-[0-6](?!\d)|(?!-\d(?!\d))))/;

/**
 * Claude refuses sampling options from Opus 4.7 on, and `temperature` beside `top_p` from 4.1 on; the latter is left to no model here, since few clients need both.
 * Models of other vendors that speak this protocol take both. Source: https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-7
 */
export function samplingOf(model: string): Sampling {
  if (!model.includes('claude-')) return 'both';
  return upTo46.test(model) ? 'one' : 'none';
}
