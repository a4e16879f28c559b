import { Environment } from '@marcbachmann/cel-js';
import { RequestVariable, TimeVariable } from './facts.ts';
import { matchesPattern, patternProblem } from './pattern.ts';
import { literalText, loops, partsOf, variableName, type Tree } from './tree.ts';

/** Fields of `request` and their types. */
export const requestFields = {
  input_tokens: 'int',
  max_tokens: 'int',
  messages: 'int',
  stream: 'bool',
  has_images: 'bool',
  has_documents: 'bool',
  has_audio: 'bool',
  has_tools: 'bool',
  has_json_schema: 'bool',
  has_reasoning: 'bool',
  language: 'string',
  user: 'string',
} as const satisfies Record<keyof RequestVariable, string>;

/** Fields of `time` and their types. */
export const timeFields = { hour: 'int', minute: 'int', weekday: 'string', day: 'int', month: 'int' } as const satisfies Record<
  keyof TimeVariable,
  string
>;

/** The variables of conditions and their types. */
const variables: Readonly<Record<string, string>> = {
  tenant: 'string',
  key: 'string',
  model: 'string',
  path: 'string',
  protocol: 'string',
  headers: 'map<string, string>',
  metadata: 'map<string, string>',
  request: 'Request',
  data_classes: 'list<string>',
  time: 'Time',
};

/** What is called by its name alone. */
const functions: ReadonlySet<string> = new Set(['has', 'size', 'int', 'double', 'string']);

/** What is called behind a dot. */
const methods: ReadonlySet<string> = new Set(['contains', 'startsWith', 'endsWith', 'matches', 'lowerAscii', 'size', ...loops]);

/** `matches` as it is evaluated here. The library's own goes back over the text and may take forever. No condition can name it: no name has a space. */
const linearMatches = 'matches (RE2)';

/** Deepest nesting of a condition. */
const maxDepth = 100;

/** Knows the variables and types of conditions. */
export const environment = new Environment({ limits: { maxAstNodes: 2000, maxDepth, maxListElements: 1000 } })
  .registerType('Request', { ctor: RequestVariable, fields: requestFields })
  .registerType('Time', { ctor: TimeVariable, fields: timeFields })
  .registerFunction({
    name: linearMatches,
    receiverType: 'string',
    returnType: 'bool',
    params: [{ name: 'pattern', type: 'string' }],
    handler: matchesPattern,
    async: false,
  })
  .registerVariable('headers_or_empty', 'map<string, string>')
  .registerVariable('metadata_or_empty', 'map<string, string>');
for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);

/** What stands for a map where one of its values is looked up: a name that is not there is empty rather than an error. */
const lookUps: ReadonlyMap<string | undefined, Tree> = new Map([
  ['headers', environment.parse('headers_or_empty').ast],
  ['metadata', environment.parse('metadata_or_empty').ast],
]);

/** Something that conditions do not have; `offset` counts characters of the source. */
export class Refusal extends Error {
  readonly offset: number;

  constructor(message: string, { start }: Tree) {
    super(message);
    this.name = 'Refusal';
    this.offset = start;
  }
}

/** Where a node stands: the names it may use, how deep it is, and whether it is tried on each item of a list. */
interface Scope {
  names: ReadonlySet<string>;
  depth: number;
  isInLoop: boolean;
}

/**
 * Keeps a parsed condition to the small language of rules, in which every evaluation is short, and gives `matches` and look-ups in maps their meaning here.
 * Must be called before types are checked. Throws Refusal.
 */
export const settle = (tree: Tree): void => settleNode(tree, { names: new Set(Object.keys(variables)), depth: 1, isInLoop: false });

function settleNode(node: Tree, scope: Scope): void {
  if (scope.depth > maxDepth) throw new Refusal('it is nested too deep; use "in" with a list, or several rules', node);
  if (settleCall(node, scope)) return;
  switch (node.op) {
    case 'id':
      if (!scope.names.has(node.args)) throw new Refusal(`there is no variable ${node.args}; there are ${[...scope.names].join(', ')}`, node);
      break;
    case 'value':
      if (!['string', 'bigint', 'number', 'boolean'].includes(typeof node.args))
        throw new Refusal('conditions know text, numbers, true and false alone', node);
      break;
    case 'map':
      throw new Refusal('conditions have no maps of their own', node);
    case '.':
    case '[]':
      settleAccess(node);
      break;
    default:
      break;
  }
  for (const part of partsOf(node)) settleNode(part, { ...scope, depth: scope.depth + 1 });
}

function settleAccess(node: Tree & { op: '.' | '[]' }): void {
  const name = variableName(node.args[0]);
  if (node.op === '[]' && (name === 'request' || name === 'time'))
    throw new Refusal(`its fields are named behind a dot: ${name === 'time' ? 'time.hour' : 'request.stream'}`, node);
}

/** True where all parts of the node are settled. */
function settleCall(node: Tree, scope: Scope): boolean {
  if (node.op === 'call') {
    const [name, [argument]] = node.args;
    if (!functions.has(name)) throw new Refusal(`there is no function ${name}(); there are ${[...functions].join(', ')}`, node);
    if (name === 'has') return settleHas(node, argument);
  } else if (node.op === 'rcall') {
    const [name, , [argument]] = node.args;
    if (!methods.has(name)) throw new Refusal(`there is no method .${name}(); there are ${[...methods].join(', ')}`, node);
    if (loops.has(name)) return settleLoop(node, scope);
    if (name === 'matches') {
      checkPattern(node, argument);
      node.args[0] = linearMatches;
    }
  } else if (node.op === '.' || node.op === '[]') {
    const lookUp = lookUps.get(variableName(node.args[0]));
    if (lookUp === undefined) return false;
    node.args[0] = lookUp;
    if (node.op === '[]') settleNode(node.args[1], { ...scope, depth: scope.depth + 1 });
    return true;
  }
  return false;
}

function settleHas(node: Tree, argument: Tree | undefined): true {
  if (argument?.op === '.' && lookUps.has(variableName(argument.args[0]))) return true;
  throw new Refusal('has() asks for a name in headers or metadata, such as has(metadata.team); for others write "x-team" in headers', node);
}

/** A loop within a loop, or over what a loop has made, could take long. */
function settleLoop(node: Tree & { op: 'rcall' }, scope: Scope): true {
  const [name, list, [item, ...conditions]] = node.args;
  if (scope.isInLoop) throw new Refusal(`.${name}() cannot stand inside of another one; write two rules`, node);
  if (list.op !== 'id' && list.op !== 'list') throw new Refusal(`.${name}() goes over a variable or a list that is written out`, node);
  const variable = variableName(item);
  if (variable === undefined || scope.names.has(variable))
    throw new Refusal(`.${name}() first wants a new name for the items, such as .${name}(item, item == "a")`, node);
  const depth = scope.depth + 1;
  settleNode(list, { ...scope, depth });
  for (const condition of conditions) settleNode(condition, { names: new Set([...scope.names, variable]), depth, isInLoop: true });
  return true;
}

function checkPattern(node: Tree, argument: Tree | undefined): void {
  const pattern = literalText(argument);
  if (pattern === undefined) throw new Refusal('.matches() wants its pattern as a text in quotes', node);
  const problem = patternProblem(pattern);
  if (problem !== undefined) throw new Refusal(`the pattern ${problem}`, argument ?? node);
}
