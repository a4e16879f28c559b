import type { AddressedCall, Call, Endpoints, Gate, PlainAnswer, PlainEndpoint, Refusal, Vendor } from './vendor.ts';

/** A request that was let in, with what will answer it. */
export type Admitted =
  | { vendor: Vendor<unknown>; request: unknown }
  | { gate: Gate; model: string | undefined; answer: Exclude<PlainAnswer, { refusal: Refusal }> };

/** What this fake knows that a request must fit. */
export interface Known {
  apiKey: string;
  models: ReadonlySet<string>;
}

type ChatTarget = AddressedCall & { vendor: Vendor<unknown> };
type PlainTarget = AddressedCall & { plain: PlainEndpoint; gate: Gate };
type Target = ChatTarget | PlainTarget;

/** Lets a request in, or says why not: address, method, key, then the body. */
export function admit(endpoints: Endpoints, call: Call, known: Known): Admitted | { gate: Gate; refusal: Refusal } {
  const target = find(endpoints, call);
  if ('refusal' in target) return target;
  const gate = 'vendor' in target ? target.vendor : target.gate;
  const refusal = refuseMethod(target, gate) ?? gate.checkCall(call, known.apiKey) ?? checkBody(target, gate);
  if (refusal) return { gate, refusal };
  const parsed = parse(target);
  if ('fault' in parsed) return { gate, refusal: { ...gate.refusalFor(400), message: `The body is not valid JSON: ${parsed.fault}` } };
  return 'vendor' in target ? askVendor(target, parsed.value, known) : askPlain(target, parsed.value, known);
}

function find({ vendors, plain = [] }: Endpoints, call: Call): Target | { gate: Gate; refusal: Refusal } {
  const [path = '', search] = call.url.split('?', 2);
  const query = new URLSearchParams(search);
  for (const endpoint of plain) {
    const address = endpoint.match(call.method, path, query);
    if (address) return { ...call, address, plain: endpoint, gate: endpoint.gate ?? vendors[0] };
  }
  for (const vendor of vendors) {
    const address = vendor.match(path, query);
    if (address) return { ...call, address, vendor };
  }
  return { gate: vendors[0], refusal: { ...vendors[0].refusalFor(404), message: `There is nothing at ${call.method} ${path}.` } };
}

function refuseMethod(target: Target, gate: Gate): Refusal | undefined {
  if ('plain' in target || target.method === 'POST') return undefined;
  return { ...gate.refusalFor(405), message: `${target.url} does not take ${target.method}.`, headers: { allow: 'POST' } };
}

const mayBeEmpty = ({ method, body }: Call): boolean => body.length === 0 && ['GET', 'HEAD', 'DELETE'].includes(method);

const isBytes = (target: Target): boolean => 'plain' in target && target.plain.takes === 'bytes';

function checkBody(target: Target, gate: Gate): Refusal | undefined {
  const { headers, body } = target;
  const contentType = headers['content-type'] ?? '';
  if (!isBytes(target) && !mayBeEmpty(target) && !/^application\/json\s*(;|$)/i.test(contentType)) {
    return { ...gate.refusalFor(400), message: `Content type "${contentType}" is not application/json.`, code: 'unsupported_content_type' };
  }
  if (body.length > gate.maxBodyBytes) return { ...gate.refusalFor(413), message: `The body is larger than ${gate.maxBodyBytes} bytes.` };
  return undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(target: Target): { value: unknown } | { fault: string } {
  if (isBytes(target) || mayBeEmpty(target)) return { value: undefined };
  try {
    return { value: JSON.parse(utf8.decode(target.body)) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function askVendor({ vendor, ...call }: ChatTarget, body: unknown, { models }: Known): ReturnType<typeof admit> {
  const read = vendor.read(body, models, call);
  return 'refusal' in read ? { gate: vendor, ...read } : { vendor, ...read };
}

function askPlain({ plain, gate, ...call }: PlainTarget, json: unknown, { models }: Known): ReturnType<typeof admit> {
  const answer = plain.answer({ ...call, json }, models);
  if ('refusal' in answer) return { gate, ...answer };
  const named = typeof json === 'object' && json !== null && 'model' in json && typeof json.model === 'string' ? json.model : undefined;
  return { gate, model: call.address.model ?? named, answer };
}
