import type { IncomingMessage } from 'node:http';
import type { Delivery } from './deliver.ts';
import type { ChatBody, Refusal, Vendor } from './vendor.ts';

/** A request that arrived, and what this fake knows that it must fit. */
export interface Arrival {
  incoming: IncomingMessage;
  body: Buffer;
  apiKey: string;
  models: ReadonlySet<string>;
}

/** Lets a request in, or says why not: address, method, key, then the body. */
export function admit<Request extends ChatBody>(vendor: Vendor<Request>, arrival: Arrival): { request: Request } | { refusal: Refusal } {
  const { incoming, body, apiKey, models } = arrival;
  const refusal = checkAddress(vendor, incoming) ?? vendor.checkHeaders(incoming.headers, apiKey) ?? checkBody(vendor, arrival);
  if (refusal) return { refusal };
  const parsed = parse(body);
  if ('fault' in parsed) return { refusal: { ...vendor.refusalFor(400), message: `The body is not valid JSON: ${parsed.fault}` } };
  return vendor.read(parsed.value, models, incoming.headers);
}

/** A refusal as the vendor writes it. */
export function refusalDelivery<Request extends ChatBody>(vendor: Vendor<Request>, refusal: Refusal, requestId: string): Delivery {
  return {
    status: refusal.status,
    headers: { ...vendor.responseHeaders(requestId), 'content-type': 'application/json', ...refusal.headers },
    frames: [Buffer.from(JSON.stringify(vendor.errorBody(refusal, requestId)))],
  };
}

function checkAddress<Request extends ChatBody>(vendor: Vendor<Request>, { method = '', url = '' }: IncomingMessage): Refusal | undefined {
  const [path] = url.split('?', 1);
  if (path !== vendor.endpoint) return { ...vendor.refusalFor(404), message: `There is nothing at ${method} ${path}.` };
  if (method === 'POST') return undefined;
  return { ...vendor.refusalFor(405), message: `${path} does not take ${method}.`, headers: { allow: 'POST' } };
}

function checkBody<Request extends ChatBody>(vendor: Vendor<Request>, { incoming, body }: Arrival): Refusal | undefined {
  const contentType = incoming.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(contentType)) {
    return { ...vendor.refusalFor(400), message: `Content type "${contentType}" is not application/json.`, code: 'unsupported_content_type' };
  }
  if (body.length > vendor.maxBodyBytes) return { ...vendor.refusalFor(413), message: `The body is larger than ${vendor.maxBodyBytes} bytes.` };
  return undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parse(body: Buffer): { value: unknown } | { fault: string } {
  try {
    return { value: JSON.parse(utf8.decode(body)) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
