import type { Deployment } from '../deployment.ts';

/** How many tokens a model's own tokenizer makes of a text, per token of OpenAI's `o200k_base`. */
export interface TokenScale {
  /** Of English text and programs. */
  usual: number;
  /** What is not undercut, whatever the text is: for limits, which only a text that is surely too long may meet. */
  least: number;
}

/**
 * Looked at in their order. Where the numbers come from:
 * - Claude up to 4.6: 1.1 to 1.25 for English and programs, more for other languages (multipliers of ai-tokenizer 1.0.6, which were measured at Anthropic's API).
 * - Claude since Opus 4.7: "roughly 1.0 to 1.35 times" as many as before, says Anthropic (What's new in Claude Opus 4.7); measured up to 1.45 for English and 1.0 for Chinese.
 * - Gemini: 1.08 to 1.11 (ai-tokenizer).
 * - OpenAI since GPT-4o has `o200k_base` itself; a sampled text may be off by a few per cent.
 * - The others have vocabularies like GPT-4's: as many for English, more for most other languages.
 */
const scales: readonly (readonly [family: RegExp, scale: TokenScale])[] = [
  [/claude-(?:opus-4-[7-9]|[a-z]+-(?:[5-9]|\d\d)(?:-|$))/, { usual: 1.5, least: 1.05 }],
  [/claude/, { usual: 1.2, least: 1 }],
  [/gemini|gemma/, { usual: 1.1, least: 0.9 }],
  [/(?:^|[/.])(?:gpt-(?:4o|4\.1|[5-9]|oss)|chatgpt|o\d)/, { usual: 1, least: 0.93 }],
];

const otherwise: TokenScale = { usual: 1.05, least: 0.9 };

/** How a model counts beside `o200k_base`, by its id at any provider. */
export const scaleOf = (model: string): TokenScale => scales.find(([family]) => family.test(model))?.[1] ?? otherwise;

/** What a request with so many tokens of `o200k_base` has at a deployment, for what it is expected to cost there. */
export const tokensAt = ({ model }: Pick<Deployment, 'model'>, tokens: number): number => Math.ceil(tokens * scaleOf(model).usual);
