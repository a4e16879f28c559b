import { clientProtocols } from '../../protocols/registry.ts';
import type { ChatParameters } from '../../protocols/chat-parameters.ts';
import { compileCondition } from './expression.ts';
import { formulaOf, type Formula, type TextsOf } from './formula.ts';
import { namedKinds, namesIn, weekdayNames, type NamedVariable } from './names.ts';
import { isSatisfiable, type Effort, type Goal } from './satisfiable.ts';
import { partsOf, type Tree } from './tree.ts';

/** A rule as the config has it. */
export interface WrittenRule {
  name: string;
  when: string;
  use?: string | undefined;
  fallback: readonly string[];
  without: readonly string[];
  set?: ChatParameters | undefined;
}

/** All names that the config declares. */
export interface RuleNames {
  tenants: Iterable<string>;
  keys: Iterable<string>;
  models: Iterable<string>;
  providers: Iterable<string>;
  /** Types of personal data that redaction finds. */
  dataClasses: Iterable<string>;
  /** `provider/model` of all targets. */
  deployments: Iterable<string>;
}

/** Something wrong with a rule; `path` begins with `rules` and its index. */
export interface RuleFinding {
  path: (string | number)[];
  message: string;
}

/** The sentence on a name that nothing has. */
export type UnknownName = (what: string, name: string, known: ReadonlySet<string>) => string;

/** Conditions that cannot be read, or under which a rule is never reached; names that lead nowhere; what does nothing. */
export function checkRules(rules: readonly WrittenRule[], declared: RuleNames, unknownName: UnknownName = plainUnknownName): RuleFinding[] {
  const names = namesOf(declared);
  const findings: RuleFinding[] = [];
  const earlier: EarlierRule[] = [];
  const effort = { steps: maxEffort };
  for (const [index, rule] of rules.entries()) {
    const at = (field: string | number, ...rest: (string | number)[]): (string | number)[] => ['rules', index, field, ...rest];
    findings.push(...checkReferences(rule, at, names, unknownName), ...checkSet(rule, at));
    const compiled = compileCondition(rule.when);
    if (!compiled.ok) {
      findings.push({ path: at('when'), message: compiled.problem });
      continue;
    }
    const { tree } = compiled.condition;
    const unknown = unknownNames(tree, names, unknownName);
    findings.push(...unknown.map((message) => ({ path: at('when'), message })));
    const formula = formulaOf(tree, anyName);
    const isNever = unknown.length === 0 && !can([{ formula: formulaOf(tree, names.textsOf), wanted: true }], names.textsOf, effort);
    if (isNever) findings.push({ path: at('when'), message: 'is never true: its parts exclude each other; correct it, or take the rule out' });
    else if (unknown.length === 0) findings.push(...checkReached({ rule, formula, at }, earlier, effort));
    earlier.push({ name: rule.name, when: rule.when.trim(), formula, mayFail: mayFail(tree) });
  }
  return findings;
}

/** Most steps of reasoning about one config, and about one rule. */
const maxEffort = 200_000;
const maxEffortPerRule = 2000;

type At = (field: string | number, ...rest: (string | number)[]) => (string | number)[];

interface Names {
  of: Readonly<Record<NamedVariable, ReadonlySet<string>>>;
  models: ReadonlySet<string>;
  providers: ReadonlySet<string>;
  deployments: ReadonlySet<string>;
  textsOf: TextsOf;
}

function namesOf(declared: RuleNames): Names {
  const models = new Set(declared.models);
  const of = {
    tenant: new Set(declared.tenants),
    key: new Set(declared.keys),
    model: models,
    protocol: new Set<string>(clientProtocols.map(({ name }) => name)),
    data_classes: new Set(declared.dataClasses),
    'time.weekday': weekdayNames,
  };
  const texts = new Map<string, ReadonlySet<string>>(Object.entries(of).filter(([variable, known]) => variable !== 'data_classes' && known.size > 0));
  return { of, models, providers: new Set(declared.providers), deployments: new Set(declared.deployments), textsOf: (subject) => texts.get(subject) };
}

function unknownNames(tree: Tree, names: Names, unknownName: UnknownName): string[] {
  const unknown = namesIn(tree).filter(({ variable, name }) => !names.of[variable].has(name));
  return [...new Set(unknown.map(({ variable, name }) => unknownName(namedKinds[variable], name, names.of[variable])))];
}

function checkReferences({ use, fallback, without }: WrittenRule, at: At, names: Names, unknownName: UnknownName): RuleFinding[] {
  const { models, providers, deployments } = names;
  return [
    ...(use === undefined || models.has(use) ? [] : [{ path: at('use'), message: unknownName('model', use, models) }]),
    ...fallback.flatMap((name, index) => (models.has(name) ? [] : [{ path: at('fallback', index), message: unknownName('model', name, models) }])),
    ...without.flatMap((name, index) => {
      if (providers.has(name) || deployments.has(name)) return [];
      const isDeployment = name.includes('/');
      const message = unknownName(isDeployment ? 'deployment' : 'provider', name, isDeployment ? deployments : providers);
      return [{ path: at('without', index), message }];
    }),
  ];
}

/** A rule that does nothing at all keeps requests from later rules, and may be meant so. */
function checkSet({ set }: WrittenRule, at: At): RuleFinding[] {
  if (set === undefined || Object.values(set).some((value) => value !== undefined)) return [];
  return [{ path: at('set'), message: 'sets nothing; name a parameter, such as maxTokens, or take it out' }];
}

interface EarlierRule {
  name: string;
  when: string;
  formula: Formula;
  /** Whether it may fail to be told, and then is not true of a request that it seems to be true of. */
  mayFail: boolean;
}

interface Reached {
  rule: WrittenRule;
  formula: Formula;
  at: At;
}

/** Whether rules before it leave something to a rule, and whether it changes anything. That holds for tenants and models yet to come, too. */
function checkReached({ rule, formula, at }: Reached, earlier: readonly EarlierRule[], effort: Effort): RuleFinding[] {
  const holds: Goal = { formula, wanted: true };
  const same = earlier.find(({ when }) => when === rule.when.trim());
  if (same !== undefined) return [{ path: at('when'), message: `is the condition of the rule "${same.name}" before it, which is applied instead` }];
  const certain = earlier
    .filter((before) => !before.mayFail)
    .map(({ name, formula: before }) => ({ name, goal: { formula: before, wanted: false } }));
  if (!can([...certain.map(({ goal }) => goal), holds], anyName, effort)) {
    const one = certain.find(({ goal }) => !can([goal, holds], anyName, effort));
    const by = one === undefined ? 'the rules before it are, together, true' : `the rule "${one.name}" before it is true`;
    return [{ path: at('when'), message: `is never reached: ${by} of all that it is true of; put it before them, or take it out` }];
  }
  const { use } = rule;
  if (use === undefined) return [];
  const isOther: Goal = { formula: { kind: 'text', subject: 'model', values: new Set([use]) }, wanted: false };
  if (can([isOther, holds], anyName, effort)) return [];
  return [{ path: at('use'), message: `sends ${use} to itself, since the condition is true of no other model; take it out, or name another one` }];
}

/** Names can be any; days cannot. */
const anyName: TextsOf = (subject) => (subject === 'time.weekday' ? weekdayNames : undefined);

/** Whether all goals can come true in one request. What it costs is taken from the effort. */
function can(goals: readonly Goal[], textsOf: TextsOf, effort: Effort): boolean {
  const own = { steps: Math.min(effort.steps, maxEffortPerRule) };
  const before = own.steps;
  const result = isSatisfiable(goals, textsOf, own);
  effort.steps -= before - Math.max(0, own.steps);
  return result;
}

/** Whether evaluation can go wrong: numbers made of text, divisions, sums that overflow, items of a list. */
function mayFail(node: Tree): boolean {
  switch (node.op) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '[]':
      if (node.op !== '[]' || !isLookUp(node)) return true;
      break;
    case 'call':
      if (node.args[0] === 'int' || node.args[0] === 'double') return true;
      break;
    default:
      break;
  }
  return partsOf(node).some(mayFail);
}

const isLookUp = ({ args: [map] }: Tree & { op: '[]' }): boolean => map.op === 'id' && map.args.endsWith('_or_empty');

const plainUnknownName: UnknownName = (what, name, known) =>
  `there is no ${what} ${JSON.stringify(name.slice(0, 100))}; there are ${known.size === 0 ? 'none' : [...known].slice(0, 20).join(', ')}`;
