import { noUsage, type Usage } from '../../llm/usage.ts';
import { isObject } from '../untrusted.ts';

/** Usage of an answer that is made of input alone; undefined where it is none. Some servers give the total only. */
export function readInputUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const { prompt_tokens: prompt, total_tokens: total } = value;
  const inputTokens = typeof prompt === 'number' ? prompt : total;
  return typeof inputTokens === 'number' && Number.isSafeInteger(inputTokens) && inputTokens >= 0 ? { ...noUsage, inputTokens } : undefined;
}

/** The same as OpenAI writes it. */
export const writeInputUsage = ({ inputTokens }: Usage) => ({ prompt_tokens: inputTokens, total_tokens: inputTokens });
