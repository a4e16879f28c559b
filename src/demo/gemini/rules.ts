import { configRules } from './config-rules.ts';
import { contentRules } from './content-rules.ts';
import { toolRules } from './tool-rules.ts';
import type { GeminiRequest } from './request.ts';
import type { Rule } from '../vendor.ts';

/** What a body of the right shape may still do wrong. */
export const geminiRules: readonly Rule<GeminiRequest>[] = [...contentRules, ...toolRules, ...configRules];
