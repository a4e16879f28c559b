import type { Snapshot } from '../config/snapshot.ts';
import { GatewayError } from '../errors.ts';
import type { Identity } from '../policies/tenant.ts';
import { encodeModelList, type ModelListCall } from '../protocols/model-list.ts';
import type { Immediate } from './message.ts';
import { bodyHeaders } from './response-headers.ts';
import { ownHeaders, type ExchangeState } from './state.ts';

/** The answer to a client that asks which models it may use. Throws `model-not-found` for one that it may not, or that is not there. */
export function listModels(call: ModelListCall, state: ExchangeState, { models }: Snapshot, { tenant }: Identity): Immediate {
  const names = [...models.keys()].filter((name) => tenant.models === undefined || tenant.models.has(name));
  if (call.name !== undefined && !names.includes(call.name)) {
    throw new GatewayError('model-not-found', `There is no model "${call.name.slice(0, 100)}" for this key.`, { field: 'model' });
  }
  const body = Buffer.from(encodeModelList(call, names, state.createdAt));
  state.outcome.end = 'complete';
  state.outcome.status = 200;
  return { type: 'immediate', status: 200, headers: [...bodyHeaders(body), ...ownHeaders(state)], body, details: 'remora_models' };
}
