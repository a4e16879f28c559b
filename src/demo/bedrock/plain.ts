import { bedrockProblem, refuseModel } from './error.ts';
import { idOf } from './models.ts';
import { toAddress } from './path.ts';
import type { Shape } from '../shape.ts';
import type { AddressedCall, PlainEndpoint, Refusal } from '../vendor.ts';

/** Finds `invoke` where it is posted to one of these models. */
export const invoked =
  (models: readonly string[]): PlainEndpoint['match'] =>
  (method, path) => {
    const address = method === 'POST' ? toAddress(path, { invoke: false }) : undefined;
    return address && models.includes(idOf(address.model)) ? address : undefined;
  };

/** Refuses a model that is not there, and a body that is not of this shape. */
export function refuseCall(
  shape: Shape,
  { address: { model = '' }, json }: AddressedCall & { json: unknown },
  models: ReadonlySet<string>,
): Refusal | undefined {
  const refusal = refuseModel(model, models);
  if (refusal) return refusal;
  const problem = shape(json, []);
  return problem && bedrockProblem(problem);
}

/** What embeddings and rerank count is in a header, since not every body has a place for it. */
export const countHeader = (inputTokens: number): Record<string, string> => ({ 'x-amzn-bedrock-input-token-count': String(inputTokens) });
