import { serialize } from '@marcbachmann/cel-js';
import { requestFields, timeFields } from './language.ts';
import { literalText, variableName, type Tree } from './tree.ts';

/** What a condition says, as far as it can be reckoned with: parts are true or false, and subjects have values. Parts that say the same have the same words. */
export type Formula =
  | { kind: 'constant'; value: boolean }
  | { kind: 'all' | 'any'; parts: readonly Formula[] }
  | { kind: 'not'; part: Formula }
  | { kind: 'text'; subject: string; values: ReadonlySet<string> }
  | { kind: 'whole'; subject: string; min: number; max: number }
  | { kind: 'other'; subject: string };

/** All texts that a subject can be; undefined where they cannot be told. */
export type TextsOf = (subject: string) => ReadonlySet<string> | undefined;

/** Least and most that a subject can be that is a whole number. */
export const rangeOf = (subject: string): { min: number; max: number } => ranges.get(subject) ?? { min: 0, max: Infinity };

const ranges: ReadonlyMap<string, { min: number; max: number }> = new Map([
  ['time.hour', { min: 0, max: 23 }],
  ['time.minute', { min: 0, max: 59 }],
  ['time.day', { min: 1, max: 31 }],
  ['time.month', { min: 1, max: 12 }],
]);

/** What a node that is true or false says. */
export function formulaOf(node: Tree, textsOf: TextsOf): Formula {
  const formula = (part: Tree): Formula => formulaOf(part, textsOf);
  switch (node.op) {
    case 'value':
      return typeof node.args === 'boolean' ? constant(node.args) : other(node);
    case '!_':
      return not(formula(node.args));
    case '&&':
      return { kind: 'all', parts: node.args.map(formula) };
    case '||':
      return { kind: 'any', parts: node.args.map(formula) };
    case '?:': {
      const [condition, yes, no] = node.args.map(formula) as [Formula, Formula, Formula]; // a ternary has three parts
      return either({ kind: 'all', parts: [condition, yes] }, { kind: 'all', parts: [not(condition), no] });
    }
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(node, formula) ?? other(node);
    case 'in':
      return membership(node) ?? other(node);
    case 'rcall':
      return predicate(node, textsOf) ?? other(node);
    default:
      return other(node);
  }
}

const constant = (value: boolean): Formula => ({ kind: 'constant', value });
const other = (node: Tree): Formula => ({ kind: 'other', subject: serialize(node) });
const not = (part: Formula): Formula => ({ kind: 'not', part });
const either = (...parts: Formula[]): Formula => ({ kind: 'any', parts });

/** The same comparison with its sides exchanged. */
const mirrored = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;
type Comparison = keyof typeof mirrored;

function comparison(node: Tree & { op: Comparison }, formula: (part: Tree) => Formula): Formula | undefined {
  const [left, right] = node.args;
  return isLiteral(left) && !isLiteral(right) ? compare(right, mirrored[node.op], left, formula) : compare(left, node.op, right, formula);
}

const isLiteral = (node: Tree): boolean => node.op === 'value' || wholeLiteral(node) !== undefined;

function compare(side: Tree, op: Comparison, literal: Tree, formula: (part: Tree) => Formula): Formula | undefined {
  const text = literalText(literal);
  if (text !== undefined) return op === '==' || op === '!=' ? unless(op === '!=', textIs(side, [text])) : undefined;
  const truth = literal.op === 'value' ? literal.args : undefined;
  if (typeof truth === 'boolean') return op === '==' || op === '!=' ? unless((op === '!=') === truth, formula(side)) : undefined;
  const number = wholeLiteral(literal);
  return number === undefined ? undefined : wholeIs(side, op, number);
}

const unless = (isNegated: boolean, formula: Formula): Formula => (isNegated ? not(formula) : formula);

function textIs(side: Tree, values: readonly string[]): Formula {
  const text = literalText(side);
  return text === undefined ? { kind: 'text', subject: serialize(side), values: new Set(values) } : constant(values.includes(text));
}

function wholeIs(side: Tree, op: Comparison, number: number): Formula | undefined {
  const { min, max, isNegated } = limits(op, number);
  const value = wholeLiteral(side);
  if (value !== undefined) return unless(isNegated, constant(value >= min && value <= max));
  return isWhole(side) ? unless(isNegated, { kind: 'whole', subject: serialize(side), min, max }) : undefined;
}

function limits(op: Comparison, number: number): { min: number; max: number; isNegated: boolean } {
  switch (op) {
    case '<':
      return { min: -Infinity, max: number - 1, isNegated: false };
    case '<=':
      return { min: -Infinity, max: number, isNegated: false };
    case '>':
      return { min: number + 1, max: Infinity, isNegated: false };
    case '>=':
      return { min: number, max: Infinity, isNegated: false };
    default:
      return { min: number, max: number, isNegated: op === '!=' };
  }
}

/** A whole number that is written out. */
function wholeLiteral(node: Tree): number | undefined {
  if (node.op === '-_') {
    const value = wholeLiteral(node.args);
    return value === undefined ? undefined : -value;
  }
  const value = node.op === 'value' && typeof node.args === 'bigint' ? Number(node.args) : undefined;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Whether a value is a whole number of at least 0 whatever the request: what else is reckoned could also be a fraction, or less. */
function isWhole(node: Tree): boolean {
  if (node.op === 'call') return node.args[0] === 'size';
  if (node.op === 'rcall') return node.args[0] === 'size';
  if (node.op !== '.') return false;
  const fields: Readonly<Record<string, string>> = variableName(node.args[0]) === 'time' ? timeFields : requestFields;
  return fields[node.args[1]] === 'int';
}

function membership(node: Tree & { op: 'in' }): Formula | undefined {
  const [side, list] = node.args;
  if (list.op !== 'list') return undefined;
  const texts = list.args.map(literalText);
  if (texts.every((text) => text !== undefined)) return textIs(side, texts);
  const numbers = list.args.map(wholeLiteral);
  if (!isWhole(side) || !numbers.every((number) => number !== undefined)) return undefined;
  const subject = serialize(side);
  return either(...numbers.map((number): Formula => ({ kind: 'whole', subject, min: number, max: number })));
}

/** What a method says of a text that can only be one of a few. */
function predicate(node: Tree & { op: 'rcall' }, textsOf: TextsOf): Formula | undefined {
  const [name, side, [argument]] = node.args;
  const subject = serialize(side);
  const texts = textsOf(subject);
  const wanted = literalText(argument);
  const test = tests.get(name);
  if (texts === undefined || wanted === undefined || test === undefined) return undefined;
  return { kind: 'text', subject, values: new Set([...texts].filter((text) => test(text, wanted))) };
}

const tests: ReadonlyMap<string, (text: string, wanted: string) => boolean> = new Map([
  ['startsWith', (text, wanted) => text.startsWith(wanted)],
  ['endsWith', (text, wanted) => text.endsWith(wanted)],
  ['contains', (text, wanted) => text.includes(wanted)],
]);
