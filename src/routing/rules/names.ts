import { weekdays } from './facts.ts';
import { literalText, loops, partsOf, variableName, type Tree } from './tree.ts';

/** Kinds of values that have names, by the variable that is compared with them. */
export const namedKinds = {
  tenant: 'tenant',
  key: 'key',
  model: 'model',
  protocol: 'protocol',
  data_classes: 'type of personal data',
  'time.weekday': 'weekday',
} as const;
export type NamedVariable = keyof typeof namedKinds;

/** A name that a condition compares something with. */
export interface NamedValue {
  variable: NamedVariable;
  name: string;
}

/** The days as conditions name them. */
export const weekdayNames: ReadonlySet<string> = new Set(weekdays);

/** All names that a condition compares tenants, models and the like with. `items`: what the name of an item in a loop stands for. */
export function namesIn(node: Tree, items: ReadonlyMap<string, NamedVariable> = new Map()): NamedValue[] {
  const own = compared(node).flatMap(({ side, values }) => {
    const variable = namedVariable(side, items);
    return variable === undefined ? [] : values.map((name) => ({ variable, name }));
  });
  return [...own, ...partsOf(node).flatMap((part) => namesIn(part, itemsIn(node, items)))];
}

/** What a node compares with which texts. */
function compared(node: Tree): { side: Tree; values: string[] }[] {
  if (node.op !== '==' && node.op !== '!=' && node.op !== 'in') return [];
  const [left, right] = node.args;
  return [
    { side: left, values: textsIn(right) },
    { side: right, values: textsIn(left) },
  ];
}

function textsIn(node: Tree): string[] {
  const parts = node.op === 'list' ? node.args : [node];
  return parts.map(literalText).filter((text) => text !== undefined);
}

function namedVariable(node: Tree, items: ReadonlyMap<string, NamedVariable>): NamedVariable | undefined {
  if (node.op === '[]') return variableName(node.args[0]) === 'data_classes' ? 'data_classes' : undefined;
  if (node.op === '.') return variableName(node.args[0]) === 'time' && node.args[1] === 'weekday' ? 'time.weekday' : undefined;
  const name = variableName(node);
  if (name === undefined) return undefined;
  return items.get(name) ?? (name in namedKinds ? (name as NamedVariable) : undefined);
}

function itemsIn(node: Tree, items: ReadonlyMap<string, NamedVariable>): ReadonlyMap<string, NamedVariable> {
  if (node.op !== 'rcall' || !loops.has(node.args[0]) || variableName(node.args[1]) !== 'data_classes') return items;
  const item = variableName(node.args[2][0]);
  return item === undefined ? items : new Map([...items, [item, 'data_classes']]);
}
