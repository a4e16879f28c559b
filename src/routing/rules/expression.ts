import { EvaluationError, ParseError, TypeError as CelTypeError } from '@marcbachmann/cel-js';
import type { RuleFacts } from './facts.ts';
import { environment, Refusal, settle } from './language.ts';
import type { Tree } from './tree.ts';

/** A condition on requests, ready to be tried. */
export interface Condition {
  /** As it was written. */
  readonly source: string;
  readonly tree: Tree;
  /** Throws ConditionError where it cannot be told, as for a division by zero. */
  evaluate(facts: RuleFacts): boolean;
}

/** A condition, or the end of a sentence that says where and why it is none. */
export type Compiled = { ok: true; condition: Condition } | { ok: false; problem: string };

/** A condition could not be evaluated; `reason` is one of few words, such as `division_by_zero`, and holds nothing of the request. */
export class ConditionError extends Error {
  readonly reason: string;

  constructor(reason: string, cause: unknown) {
    super(`the condition cannot be evaluated: ${reason}`, { cause });
    this.name = 'ConditionError';
    this.reason = reason;
  }
}

/** Longest condition, in characters. */
export const maxSourceLength = 4000;

/** Reads a condition in CEL (https://cel.dev) and checks its names and types. Never throws. */
export function compileCondition(source: string): Compiled {
  if (source.length > maxSourceLength) return { ok: false, problem: `is longer than ${maxSourceLength} characters; make several rules of it` };
  try {
    const parsed = environment.parse(source);
    settle(parsed.ast);
    const { valid, type, error } = parsed.check();
    if (!valid) return { ok: false, problem: describe(error, source) };
    if (type !== 'bool') return { ok: false, problem: `must be true or false for a request, and is of the type ${type}` };
    const evaluate = (facts: RuleFacts): boolean => {
      try {
        return parsed(facts) === true;
      } catch (cause) {
        throw new ConditionError(cause instanceof EvaluationError ? cause.code : 'internal', cause);
      }
    };
    return { ok: true, condition: { source, tree: parsed.ast, evaluate } };
  } catch (error) {
    return { ok: false, problem: describe(error, source) };
  }
}

function describe(error: unknown, source: string): string {
  if (error instanceof Refusal) return `${place(source, error.offset)}: ${error.message}`;
  if (error instanceof ParseError) return `${place(source, error.range?.start)}: ${readable(error.summary)}`;
  if (error instanceof CelTypeError) return `${place(source, error.range?.start)}: ${readable(error.summary)}`;
  if (error instanceof RangeError) return 'is nested too deep; use "in" with a list, or several rules';
  return 'cannot be read as a condition';
}

/** Where a character stands, both counted from 1. */
function place(source: string, offset = 0): string {
  const before = source.slice(0, offset).split('\n');
  return `is wrong at line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

const signs: Readonly<Record<string, string>> = {
  EOF: 'the end',
  IDENTIFIER: 'a name',
  LPAREN: '(',
  RPAREN: ')',
  LBRACKET: '[',
  RBRACKET: ']',
  LBRACE: '{',
  RBRACE: '}',
  DOT: '.',
  COMMA: ',',
  COLON: ':',
  QUESTION: '?',
  AND: '&&',
  OR: '||',
  NOT: '!',
  EQ: '==',
  NE: '!=',
  LT: '<',
  LE: '<=',
  GT: '>',
  GE: '>=',
  PLUS: '+',
  MINUS: '-',
  MULTIPLY: '*',
  DIVIDE: '/',
  MODULO: '%',
};

const mismatch = 'no such overload: ';

/** The library's words, with signs as they are written. */
function readable(summary: string): string {
  if (summary.startsWith(mismatch)) return `${summary.slice(mismatch.length)} is not possible; write both sides as one type`;
  return lowerFirst(summary.replaceAll(/\b[A-Z]{2,}\b/g, (word) => signs[word] ?? word).replace(' (RE2)', ''));
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
