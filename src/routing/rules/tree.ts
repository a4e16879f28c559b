import type { ASTNode } from '@marcbachmann/cel-js';

/** A parsed condition, or a part of it. */
export type Tree = ASTNode;

/** The methods that try a condition on each item of a list, or each key of a map. */
export const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter']);

/** The parts of a node that are conditions or values themselves, in their order. */
export function partsOf(node: Tree): Tree[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case '!_':
    case '-_':
      return [node.args];
    case 'map':
      return node.args.flat();
    default:
      return node.args;
  }
}

/** The name of a variable; undefined where the node is something else. */
export const variableName = (node: Tree | undefined): string | undefined => (node?.op === 'id' ? node.args : undefined);

/** The text of a literal; undefined where the node is something else. */
export const literalText = (node: Tree | undefined): string | undefined =>
  node?.op === 'value' && typeof node.args === 'string' ? node.args : undefined;
