import { describe, expect, test } from 'vitest';
import { JsonFieldError, parseJson } from '../../src/framing/json.ts';
import { isEcho, type ChatProtocol } from '../../src/protocols/protocol.ts';
import { recordings, type ChatRecordings, type Json } from './chat.ts';

/** The request as a provider of another protocol gets it, and what is warned of. */
function translated(from: ChatProtocol, { protocol: to, model }: ChatRecordings, request: Json): string {
  try {
    const body = parseJson(Buffer.from(JSON.stringify(request)));
    const facts = from.facts(body, { model: 'fast', stream: false });
    const canonical = from.decodeRequest(body, facts);
    const encoded = to.encodeRequest(canonical.value, { model, quirks: {} });
    const warnings = [...canonical.warnings, ...encoded.warnings].map(({ field, detail }) => `! ${field}: ${detail}\n`);
    return `${JSON.stringify(JSON.parse(encoded.value), null, 1)}\n${warnings.join('')}`;
  } catch (error) {
    if (error instanceof JsonFieldError) return `refused: ${error.message}\n`;
    throw error;
  }
}

/** The events that a client of another protocol gets, one per line. */
function carried(from: ChatProtocol, { protocol: to }: ChatRecordings, bytes: Buffer): string {
  const parser = from.framing.createParser();
  const decoder = from.createDecoder();
  const encoder = to.createEncoder({ wantsUsage: true, createdAt: 1_700_000_000, model: 'fast' });
  const events = [...parser.push(bytes), ...[parser.end() ?? []].flat()];
  const parts = events.flatMap((event) => decoder.push(event)).filter((part) => !isEcho(part));
  const isOver = parts.some(({ type }) => type === 'end' || type === 'error');
  return [...parts, ...(isOver ? [] : [{ type: 'end' } as const])]
    .flatMap((part) => encoder.push(part))
    .map(({ name = '', data }) => `${name === '' ? '' : `${name} `}${data}\n`)
    .join('');
}

/** What every recording becomes in every other protocol, for review as a diff. Refresh: npm run docs */
describe.each(recordings)('recordings of $protocol.name', ({ protocol: from, requests, streams }) => {
  test.each(recordings.filter(({ protocol }) => protocol !== from))('become these of $protocol.name', async (target) => {
    const folder = `goldens/${from.name}-to-${target.protocol.name}`;
    const bodies = requests.map(([name, request]) => `# ${name}\n${translated(from, target, request)}`);
    await expect(bodies.join('\n')).toMatchFileSnapshot(`${folder}/requests.txt`);
    const events = streams.map(([name, bytes]) => `# ${name}\n${carried(from, target, bytes)}`);
    await expect(events.join('\n')).toMatchFileSnapshot(`${folder}/streams.txt`);
  });
});
