import { objectsIn } from '../../framing/json-fields.ts';
import type { JsonNode } from '../../framing/json.ts';
import type { StateSpot } from '../protocol.ts';
import { field } from './wire-fields.ts';
import { noSignature, readSignature } from './wire-signature.ts';

/** Ids of function calls and of their responses, and thought signatures. */
export function stateSpots(body: JsonNode): StateSpot[] {
  return objectsIn(field(body, 'contents')).flatMap((content) => {
    const list = field(content, 'parts');
    return list === undefined ? [] : objectsIn(list).flatMap((item) => spotsOf(item, list));
  });
}

/** A call stays, whoever signed it; a part that is signed and no call was written by us to carry the signature. */
function spotsOf(item: JsonNode, list: JsonNode): StateSpot[] {
  const call = field(item, 'functionCall');
  const id = idOf(call) ?? idOf(field(item, 'functionResponse'));
  const signature = field(item, 'thoughtSignature');
  const spots: StateSpot[] = id === undefined ? [] : [{ kind: 'call-id', node: id }];
  if (signature?.type !== 'string') return spots;
  const spot: StateSpot = { kind: 'state', node: signature, item, list, value: readSignature(signature.string()) };
  return [...spots, call === undefined ? spot : { ...spot, otherwise: noSignature }];
}

function idOf(holder: JsonNode | undefined): JsonNode | undefined {
  const id = holder?.type === 'object' ? field(holder, 'id') : undefined;
  return id?.type === 'string' ? id : undefined;
}
