import type { IncomingMessage } from 'node:http';
import { AdminError } from './admin-error.ts';

/** Most bytes of a request's body. */
export const maxBodyBytes = 64 << 10;

/** A request's JSON body; undefined where there is none. Throws AdminError. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    // the answer still goes out
    size += chunk.length;
    if (size > maxBodyBytes) throw new AdminError('body-too-large', `A body may have ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new AdminError('invalid-request', 'The body is no JSON: check its quotes, commas and encoding (UTF-8).');
  }
}
