import type { ClientRequest } from '../protocols/client-request.ts';
import type { Capabilities } from './capabilities.ts';
import { lookUp } from './catalogue/look-up.ts';
import { apisOf } from './choose-api.ts';
import type { Deployment } from './deployment.ts';
import type { RequestFeatures } from './features.ts';
import { oncePer } from './once-per.ts';
import { scaleOf } from './tokens/scale.ts';

/**
 * What a deployment's model can take and do: what the config says, else the catalogue. What neither says is absent, and nothing is refused by it.
 * The catalogue is not asked about what operators run themselves: they choose how long a context is there.
 */
export const capabilitiesOf = oncePer((deployment: Deployment): Partial<Capabilities> => ({
  ...fromCatalogue(deployment),
  ...deployment.capabilities,
}));

function fromCatalogue({ endpoint: { provider, selfHosted }, model }: Deployment): Partial<Capabilities> {
  const { pricedAs } = provider;
  const id = typeof pricedAs === 'function' ? pricedAs(model) : pricedAs;
  return id === undefined || selfHosted ? {} : lookUp(id, model);
}

/** What a deployment cannot do for a request. */
export interface Lack {
  kind: 'capability' | 'context-length';
  /** In words, such as `it takes no images`. */
  detail: string;
}

/** What is asked of the client's own request. */
type Asked = Pick<ClientRequest, 'bytes' | 'protocol'>;

/** What a request may hold, the capability that it needs, and what is said where that is missing. */
const needs = [
  ['images', 'hasImages', 'it takes no images'],
  ['documents', 'hasDocuments', 'it takes no documents'],
  ['audio', 'hasAudio', 'it takes no audio'],
  ['tools', 'hasTools', 'it cannot call tools'],
  ['jsonSchema', 'hasJsonSchema', 'it cannot be held to a JSON schema'],
] as const satisfies readonly (readonly [keyof Capabilities, keyof RequestFeatures, string])[];

/**
 * What a deployment cannot do of what a request needs; undefined where nothing is known to be missing.
 * Of the features only those are asked for that meet a known limit: where nothing is limited, none.
 */
export function lacks(deployment: Deployment, features: RequestFeatures, request: Asked): Lack | undefined {
  const can = capabilitiesOf(deployment);
  const { operation } = request.protocol;
  const missing = operation === 'embed' ? missingDimensions(can, features) : missingOf(can, deployment, features, request);
  if (missing !== undefined) return { kind: 'capability', detail: missing };
  const tooLong = operation === 'chat' ? beyondContext(can, deployment, features, request) : undefined;
  return tooLong === undefined ? undefined : { kind: 'context-length', detail: tooLong };
}

function missingDimensions({ dimensions }: Partial<Capabilities>, features: RequestFeatures): string | undefined {
  if (dimensions === undefined || features.dimensions === undefined || dimensions.includes(features.dimensions)) return undefined;
  return `it makes no vectors of length ${features.dimensions}, only of ${dimensions.join(', ')}`;
}

function missingOf(can: Partial<Capabilities>, deployment: Deployment, features: RequestFeatures, request: Asked): string | undefined {
  for (const [capability, feature, detail] of needs) if (can[capability] === false && features[feature]) return detail;
  if (can.reasoning === false && features.hasReasoning && isRefused('reasoning', deployment, request)) return 'it does not reason';
  const { outputTokens } = can;
  const maxTokens = outputTokens && features.maxTokens;
  if (outputTokens === undefined || maxTokens === undefined || maxTokens <= outputTokens) return undefined;
  return isRefused('outputTokens', deployment, request)
    ? `it gives at most ${outputTokens} output tokens, and ${maxTokens} are asked for`
    : undefined;
}

/**
 * Whether a request is refused for what goes beyond a limit, as the provider does with one in its own protocol. One that is translated loses that instead,
 * with a warning: where it shall reason it is answered without, and it gets as many tokens as there are. Limits of the config always hold.
 */
const isRefused = (limit: keyof Capabilities, deployment: Deployment, { protocol }: Asked): boolean =>
  deployment.capabilities[limit] !== undefined || apisOf(deployment, protocol.operation).some((api) => api.protocol === protocol);

/**
 * Models that answer until their context is full rather than refuse a request that leaves less room than it asks for: Google's, whose limits of input and output
 * are two, and Anthropic's since Claude 4.5 (https://docs.claude.com/en/docs/build-with-claude/context-windows).
 */
const answersUntilFull = /gemini|claude-[a-z]+-(?:4-[5-9]|[5-9]|\d\d)/;

/** An estimate is only one, so it must clearly be too much. A token has a byte at least: most requests need no estimate. */
function beyondContext(can: Partial<Capabilities>, { model }: Deployment, features: RequestFeatures, { bytes }: Asked): string | undefined {
  const { contextTokens, outputTokens = Number.POSITIVE_INFINITY } = can;
  if (contextTokens === undefined) return undefined;
  const room = answersUntilFull.test(model) ? 0 : Math.min(features.maxTokens ?? 0, outputTokens);
  if (bytes.length + room <= contextTokens) return undefined;
  const { usual, least } = scaleOf(model);
  const surely = features.inputTokens * least;
  if (surely + room <= contextTokens) return undefined;
  const input = `the input of about ${Math.round(features.inputTokens * usual)}`;
  return `its context of ${contextTokens} tokens is less than ${surely > contextTokens ? input : `${input} and the output of ${room}`}`;
}
