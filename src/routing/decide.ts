import type { Warning } from '../llm/request.ts';
import type { ClientRequest } from '../protocols/client-request.ts';
import type { ChatParameters } from '../protocols/chat-parameters.ts';
import type { Seal } from '../protocols/seal.ts';
import { taskHintHeader } from './auto/choose.ts';
import type { AskClassifier } from './auto/classifier.ts';
import { callerKey } from './caller-key.ts';
import type { Bar, Skipped } from './candidate.ts';
import { lacks } from './capability.ts';
import { apisOf } from './choose-api.ts';
import { chooseModel, fallbacks, type ModelChoice } from './choose-model.ts';
import { deploymentId, keeps, type Deployment, type ErrorClass, type Model } from './deployment.ts';
import { featuresOf } from './features-of.ts';
import type { RequestFeatures } from './features.ts';
import { noDeployment } from './no-deployment.ts';
import type { OrderView } from './order/order-view.ts';
import { forbids, restrictionsOf, type RestrictedTenant } from './residency.ts';
import { claimFirst, route, type Route, type RouteHealth } from './route.ts';
import { RuleFacts } from './rules/facts.ts';
import { withParameters } from './rules/parameters.ts';
import { chooseRule, isCut, type Rule } from './rules/rule.ts';
import { carriers, carriesAll } from './strict.ts';
import { tokensAt } from './tokens/scale.ts';

/** What routing knows of the world beyond the request. */
export interface RoutingParts {
  models: ReadonlyMap<string, Model>;
  rules: readonly Rule[];
  whenAllRest: 'refuse' | 'try-one';
  health: RouteHealth & Pick<OrderView, 'latencyOf' | 'headroomOf' | 'inFlight'>;
  /** What tokens cost at a deployment, in nano-dollars; undefined where no price is known. */
  costNanos: (deployment: Deployment, inputTokens: number, outputTokens: number) => number | undefined;
  classify: AskClassifier | undefined;
  random: () => number;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Hears of a condition that could not be reckoned for a request. */
  onRuleFailure: (rule: string, message: string) => void;
}

/** What a request is, for routing. */
export interface RoutedRequest {
  /** As policies left it. */
  request: ClientRequest;
  /** The client's headers. */
  headers: ReadonlyMap<string, string>;
  /** Path without query. */
  path: string;
  tenant: RoutedTenant;
  /** Name of the virtual key. */
  key: string;
  /** Types of personal data that were found in it. */
  dataClasses: readonly string[];
  /** The account that keeps what the request refers to; undefined where it refers to nothing. */
  keeper: string | undefined;
  /** What policies want done besides. */
  guidance: { use?: string; set?: ChatParameters };
  seal: Seal;
  /** Whether a deployment's provider takes an attempt of this request. */
  hasRoom: (deployment: Deployment) => boolean;
  /** Hears what was found, also where it refuses the request. */
  onFound: (found: Found) => void;
  signal: AbortSignal;
}

/** What was found out about a request on the way to a chain. */
export interface Found {
  choice: ModelChoice;
  rule: Rule | undefined;
  skipped: readonly Skipped[];
}

/** What routing must know of a tenant. */
export interface RoutedTenant extends RestrictedTenant<string> {
  name: string;
  models: ReadonlySet<string> | undefined;
}

/** Where a request goes. */
export interface Decision extends Route {
  /** The first of the chain where it is on probation, claimed for this request. */
  probe: Deployment | undefined;
  /** With what a rule sets. */
  request: ClientRequest;
  choice: ModelChoice;
  rule: Rule | undefined;
  /** What a rule sets and the client's protocol has no place for. */
  warnings: readonly Warning[];
  /** The chain where a deployment fails in such a way; empty where the model names none. */
  chainFor: (failure: ErrorClass) => Deployment[];
  /** Where a copy of the request may go at another model; undefined where it may go nowhere. */
  aside: (model: Model) => Deployment | undefined;
}

/** How a client asks that nothing of its request be left out. */
const strictHeader = 'x-remora-strict';

/** Output of a request that does not say how long its answer may be, for comparing costs and times. */
const usualOutputTokens = 500;

/**
 * Finds the deployments to try for a request: rule, model, what may serve it, in which order. Throws what refuses it.
 * Its chain is empty where all that may serve it are busy: then a wait may help.
 */
export async function decide(asked: RoutedRequest, parts: RoutingParts): Promise<Decision> {
  const { headers, tenant, signal } = asked;
  const { models, classify } = parts;
  const features = featuresOf(asked.request, { headers });
  const rule = ruleFor(asked, features, parts);
  const parameters = parametersOf(asked, rule);
  const sought = soughtOf(features, asked, parameters);
  const choice = await chooseModel(asked.request.facts.model, {
    models,
    rule: asked.guidance.use === undefined ? rule : { use: asked.guidance.use, fallback: rule?.fallback ?? [] },
    features,
    tenant: tenant.name,
    hint: headers.get(taskHintHeader),
    classify: isRestricted(asked) ? notAsked : classify,
    signal,
  });
  const { model } = choice;
  const options = {
    bar: barFor(asked, sought, rule),
    mayUse: ({ name }: Model) => tenant.models?.has(name) ?? true,
    view: viewOf(sought, parts),
    health: parts.health,
    hasRoom: asked.hasRoom,
  };
  const routeTo = (first: Model, fallback: readonly Model[], stickyKey?: number): Route => route({ model: first, fallback, stickyKey, ...options });
  // What is not tried first must not keep others from trying whether a deployment is back.
  const provenOf = ({ chain }: Route): Deployment[] => chain.filter((each) => parts.health.standing(each).type === 'good');
  const modelsFor = (failure: ErrorClass): Model[] => fallbacks(model.fallbackFor.get(failure) ?? [], models, model);
  const stickyKey = model.sticky && callerKey(model.sticky, tenant.name, features);
  const usual = routeTo(model, choice.fallback, stickyKey);
  // A request that is known to be too long for a target need not fail there first.
  const isTooLong = model.fallbackFor.has('context-length') && usual.skipped.some(({ kind }) => kind === 'context-length');
  const found = isTooLong ? routeTo(model, [...modelsFor('context-length'), ...choice.fallback], stickyKey) : usual;
  asked.onFound({ choice, rule, skipped: found.skipped });
  const set = parameters === undefined ? { value: asked.request, warnings: [] } : withParameters(asked.request, parameters);
  const isStrict = model.strict || headers.get(strictHeader) === 'true';
  const wholeOf = (chain: Deployment[]): Deployment[] =>
    isStrict ? chain.filter((each) => carriesAll({ ...asked, request: set.value }, each)) : chain;
  const able = isStrict && found.chain.length > 0 ? carriers({ ...asked, request: set.value }, found.chain, found.skipped) : found.chain;
  // Last of all, so that nothing that refuses the request leaves a claim behind.
  const probe = claimFirst(able, parts.health, found.skipped);
  return {
    ...found,
    chain: tried({ ...found, chain: able }, asked.request, parts),
    probe,
    request: set.value,
    warnings: set.warnings,
    choice,
    rule,
    chainFor(failure) {
      const [first, ...more] = modelsFor(failure);
      return first === undefined ? [] : wholeOf(provenOf(routeTo(first, more)));
    },
    aside: (other) => provenOf(routeTo(other, []))[0],
  };
}

/** Whether a request may not go everywhere. Nobody has said where a classifier is, so it does not see the task of such a request. */
const isRestricted = ({ tenant, dataClasses }: RoutedRequest): boolean => Object.keys(restrictionsOf(tenant, dataClasses)).length > 0;

const notAsked: AskClassifier = async () => ({ failure: 'not-permitted' });

/** The first rule that matches. */
function ruleFor(
  { request, headers, path, tenant, key, dataClasses }: RoutedRequest,
  features: RequestFeatures,
  parts: RoutingParts,
): Rule | undefined {
  if (parts.rules.length === 0) return undefined;
  const { facts, protocol } = request;
  const input = { tenant: tenant.name, key, model: facts.model, path, protocol: protocol.name, headers, features, dataClasses, now: parts.now() };
  return chooseRule(parts.rules, new RuleFacts(input), (rule, message) => parts.onRuleFailure(rule.name, message));
}

/** What deployments are asked for: no more output than is set. */
const soughtOf = (features: RequestFeatures, { request, headers }: RoutedRequest, parameters: ChatParameters | undefined): RequestFeatures =>
  parameters?.maxTokens === undefined ? features : featuresOf(withParameters(request, { maxTokens: parameters.maxTokens }).value, { headers });

/** The parameters that a rule sets and those that policies do: the latter are limits, so they win where both say something. */
function parametersOf({ guidance: { set } }: RoutedRequest, rule: Rule | undefined): ChatParameters | undefined {
  if (set === undefined || rule?.set === undefined) return set ?? rule?.set;
  const most = Math.min(set.maxTokens ?? Number.POSITIVE_INFINITY, rule.set.maxTokens ?? Number.POSITIVE_INFINITY);
  return { ...rule.set, ...set, ...(Number.isFinite(most) && { maxTokens: most }) };
}

/** What the request and who asks rule out, the graver reasons first. */
function barFor({ request, keeper, tenant, dataClasses }: RoutedRequest, features: RequestFeatures, rule: Rule | undefined): Bar {
  const { operation } = request.protocol;
  const restrictions = restrictionsOf(tenant, dataClasses);
  return (deployment) => {
    const forbidden = forbids(deployment.endpoint, restrictions);
    if (forbidden !== undefined) return { kind: 'residency', detail: forbidden };
    if (rule !== undefined && isCut(rule, deployment)) return { kind: 'cut', detail: rule.name };
    if (apisOf(deployment, operation).length === 0) return { kind: 'operation', detail: request.protocol.name };
    if (keeper !== undefined && !keeps(deployment.endpoint, keeper)) return { kind: 'kept-elsewhere', detail: keeper };
    return lacks(deployment, features, request);
  };
}

function viewOf(features: RequestFeatures, { health, random, costNanos }: RoutingParts): OrderView {
  const expectedOutputTokens = Math.min(features.maxTokens ?? usualOutputTokens, usualOutputTokens);
  return {
    random,
    expectedOutputTokens,
    latencyOf: health.latencyOf,
    headroomOf: health.headroomOf,
    inFlight: health.inFlight,
    costNanos: (deployment) => costNanos(deployment, tokensAt(deployment, features.inputTokens), expectedOutputTokens),
  };
}

/** The chain. Where all rest, nothing is tried or, as the config has it, the one that rests least. Throws where no wait of ours would help. */
function tried({ chain, waiting, skipped }: Route, request: ClientRequest, { whenAllRest, now }: RoutingParts): Deployment[] {
  if (chain.length > 0 || skipped.some(({ kind }) => kind === 'busy')) return chain;
  const [least] = waiting.toSorted((a, b) => restsUntil(a, skipped) - restsUntil(b, skipped));
  if (least !== undefined && whenAllRest === 'try-one') return [least];
  throw noDeployment(request, skipped, now());
}

const restsUntil = (deployment: Deployment, skipped: readonly Skipped[]): number =>
  skipped.find((each) => each.deployment === deploymentId(deployment))?.untilMs ?? Number.POSITIVE_INFINITY;
