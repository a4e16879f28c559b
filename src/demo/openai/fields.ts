import { isObject, text } from '../shape.ts';
import type { Shape } from '../shape.ts';

/** Names of tools, functions and response formats. */
export const toolName = text({ pattern: /^[a-zA-Z0-9_-]+$/, max: 64 });

const key = text({ min: 1, max: 64 });
const value = text({ max: 512 });

/** At most 16 strings (https://platform.openai.com/docs/api-reference/metadata); null for none. */
export const metadata: Shape = (given, path) => {
  if (given === null) return undefined;
  if (!isObject(given)) return { path, fault: { kind: 'type', expected: 'object', got: typeof given } };
  const entries = Object.entries(given);
  if (entries.length > 16) return { path, fault: { kind: 'above', of: 'array', limit: 16 } };
  for (const [name, held] of entries) {
    const problem = key(name, [...path, name]) ?? value(held, [...path, name]);
    if (problem) return problem;
  }
  return undefined;
};
