import { createHash } from 'node:crypto';

/** A Lua script, and the name by which a Redis that has run it knows it. */
export interface Script {
  text: string;
  sha: string;
}

export const toScript = (text: string): Script => ({ text, sha: createHash('sha1').update(text).digest('hex') });

/** The values of a script's answer that is a list; none of one that is not. */
export const valuesOf = (answer: unknown): readonly unknown[] => (Array.isArray(answer) ? answer : []);
