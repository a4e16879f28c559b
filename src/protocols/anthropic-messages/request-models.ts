import type { ReasoningEffort } from '../../llm/request.ts';

/** What a family of models takes and refuses. */
export interface ModelRules {
  /** Which sampling options: `temperature` and `top_p` together, one of the two, or none at all. */
  sampling: 'both' | 'one' | 'none';
  thinking: ThinkingRules;
  /** What `output_config.effort` may be; empty where there is no such field. */
  efforts: readonly ReasoningEffort[];
  /** Whether `tool_choice` may force a tool. */
  forcedTools: boolean;
  /** Continues a message of the assistant that the client began. */
  prefill: boolean;
  /** Whether answers and the arguments of tools can be held to a schema. */
  schemas: boolean;
  /** Most output tokens, thinking included. */
  maxOutput: number;
}

export interface ThinkingRules {
  /** Takes `enabled`, with a budget of tokens. */
  manual: boolean;
  /** Takes `adaptive`, where the model decides how much, led by the effort. */
  adaptive: boolean;
  /** Thinks where nothing is said. */
  byDefault: boolean;
  /** The word that switches thinking off, or nearly so; undefined where it is always on, or never. */
  off?: 'disabled' | 'between_tools';
  /** Takes `display`. */
  display: boolean;
}

const upToHigh: readonly ReasoningEffort[] = ['low', 'medium', 'high'];
const allEfforts: readonly ReasoningEffort[] = ['low', 'medium', 'high', 'xhigh', 'max'];

const never: ThinkingRules = { manual: false, adaptive: false, byDefault: false, display: false };
const manual: ThinkingRules = { manual: true, adaptive: false, byDefault: false, off: 'disabled', display: true };
const both: ThinkingRules = { ...manual, adaptive: true };
const adaptive: ThinkingRules = { ...both, manual: false };
const adaptiveByDefault: ThinkingRules = { ...adaptive, byDefault: true };
const always: ThinkingRules = { manual: false, adaptive: true, byDefault: true, display: true };

/** Models of other vendors that speak this protocol: they keep to what Claude took when the protocol was young. */
const others: ModelRules = {
  sampling: 'both',
  thinking: { ...manual, byDefault: true, display: false },
  efforts: [],
  forcedTools: true,
  prefill: true,
  schemas: false,
  maxOutput: 64_000,
};

const young: ModelRules = { sampling: 'one', thinking: never, efforts: [], forcedTools: true, prefill: true, schemas: false, maxOutput: 8192 };
const from37: ModelRules = { ...young, thinking: manual, maxOutput: 32_000 };
const from45: ModelRules = { ...from37, schemas: true, maxOutput: 64_000 };
const from46: ModelRules = { ...from45, thinking: both, efforts: [...upToHigh, 'max'], prefill: false };
const from47: ModelRules = { ...from46, sampling: 'none', thinking: adaptive, efforts: allEfforts, maxOutput: 128_000 };
const from5: ModelRules = { ...from47, thinking: adaptiveByDefault };
const from55: ModelRules = { ...from5, thinking: always, forcedTools: false };

/**
 * Families and the versions from which their rules hold, the youngest first.
 * Source: the table of https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting, and the pages on effort, structured outputs and sampling there.
 * `temperature` beside `top_p` is refused from 4.1 on; it is left to no Claude here, since few clients need both.
 */
const families: readonly (readonly [family: RegExp, from: number, ModelRules])[] = [
  [/sonnet/, 5.5, { ...from55, thinking: { ...adaptiveByDefault, off: 'between_tools' } }],
  [/haiku/, 5.5, from5],
  [/opus/, 5.5, from55],
  [/fable|mythos/, 5.1, from55],
  [/fable|mythos/, 0, { ...from55, forcedTools: true }],
  [/./, 5, from5],
  [/./, 4.7, from47],
  [/./, 4.6, from46],
  [/opus/, 4.5, { ...from45, efforts: upToHigh }],
  [/./, 4.5, from45],
  [/./, 3.7, from37],
  [/./, 0, young],
];

/** What a model takes, by the name it has at any cloud: `claude-opus-4-20250514`, `us.anthropic.claude-haiku-4-5-20251001-v1:0`, `claude-3-5-haiku@20241022`. */
export function rulesOf(model: string): ModelRules {
  const name = /claude-(.*)/.exec(model)?.[1];
  if (name === undefined) return others;
  const version = versionOf(name);
  return families.find(([family, from]) => version >= from && family.test(name))?.[2] ?? from5;
}

/** The first number of one or two digits and the one behind it: `opus-4-20250514` is 4, `3-5-haiku` 3.5. A model without one is either the oldest, or has a name of its own. */
function versionOf(name: string): number {
  const [, major, minor = '0'] = /(?<!\d)(\d{1,2})(?!\d)(?:[-.](\d)(?!\d))?/.exec(name) ?? [];
  if (major !== undefined) return Number(`${major}.${minor}`);
  return name.startsWith('instant') || /mythos|fable/.test(name) ? 0 : Number.POSITIVE_INFINITY;
}
