import { RE2JS } from 're2js';

/** Longest pattern, in characters. */
const maxPatternLength = 256;

/** Most instructions that a pattern may become: how long a test takes grows with them. */
const maxProgramSize = 250;

/** Most patterns that are kept compiled. */
const maxKept = 1000;

const compiled = new Map<string, RE2JS>();

/** What is wrong with a pattern, as the end of a sentence; undefined where nothing is. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > maxPatternLength) return `is longer than ${maxPatternLength} characters`;
  try {
    return patternOf(pattern).programSize() > maxProgramSize ? 'repeats too much; make its counts smaller' : undefined;
  } catch (error) {
    return `is no RE2 pattern: ${error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it cannot be read'}`;
  }
}

/** Whether a text holds a match of a pattern. Takes time that grows with the text's length, and with nothing else of it: RE2 does not go back. */
export const matchesPattern = (text: string, pattern: string): boolean => patternOf(pattern).test(text);

function patternOf(pattern: string): RE2JS {
  let found = compiled.get(pattern);
  if (found === undefined) {
    found = RE2JS.compile(pattern);
    const [oldest] = compiled.keys();
    if (compiled.size >= maxKept && oldest !== undefined) compiled.delete(oldest);
    compiled.set(pattern, found);
  }
  return found;
}
