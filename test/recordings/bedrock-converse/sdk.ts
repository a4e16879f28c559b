import { Readable } from 'node:stream';
import { BedrockRuntimeClient, ConverseStreamCommand, type ContentBlock, type ConverseStreamOutput } from '@aws-sdk/client-bedrock-runtime';
import { wire } from './wire.ts';

/** What a server answers. */
export interface Served {
  status?: number;
  headers?: Record<string, string>;
  body: Buffer | string;
}

/** The official client, whose every call gets this answer. */
export const clientServed = ({ status = 200, headers = {}, body }: Served): BedrockRuntimeClient =>
  new BedrockRuntimeClient({
    region: 'eu-central-1',
    token: { token: 'x' },
    authSchemePreference: ['httpBearerAuth'],
    maxAttempts: 1,
    requestHandler: {
      handle: () => Promise.resolve({ response: { statusCode: status, headers, body: Readable.from([Buffer.from(body)]) } }),
      updateHttpClientConfig: () => {},
      httpHandlerConfigs: () => ({}),
    },
  });

/** What the SDK reads of a stream. Throws what the stream ends with. */
export async function eventsOf(body: Buffer): Promise<ConverseStreamOutput[]> {
  const client = clientServed({ headers: { 'content-type': 'application/vnd.amazon.eventstream' }, body });
  const { stream } = await client.send(new ConverseStreamCommand({ modelId: 'fast', messages: [{ role: 'user', content: [{ text: 'Hi' }] }] }));
  const events: ConverseStreamOutput[] = [];
  for await (const event of stream ?? []) events.push(event);
  return events;
}

/** What the events of a stream say together, as a JSON answer on the wire. */
export function collected(events: readonly ConverseStreamOutput[]): object {
  const blocks = new Map<number, Partial<Record<string, object | string>>>();
  const answer: { stopReason?: unknown; usage?: unknown; metrics?: unknown } = {};
  for (const { contentBlockStart, contentBlockDelta, messageStop, metadata } of events) {
    const toolUse = contentBlockStart?.start?.toolUse;
    if (contentBlockStart?.start !== undefined) {
      blocks.set(contentBlockStart.contentBlockIndex ?? 0, toolUse === undefined ? { toolResult: {} } : { toolUse: { ...toolUse, input: '' } });
    }
    if (contentBlockDelta?.delta !== undefined) {
      const index = contentBlockDelta.contentBlockIndex ?? 0;
      blocks.set(index, extended(blocks.get(index) ?? {}, wire(contentBlockDelta.delta)));
    }
    Object.assign(answer, messageStop, metadata);
  }
  const content = [...blocks.values()].map((block): unknown =>
    isCall(block) ? { toolUse: { ...block.toolUse, input: JSON.parse(block.toolUse.input || '{}') as unknown } } : block,
  );
  return { output: { message: { role: 'assistant', content: content as ContentBlock[] } }, ...answer };
}

const isCall = (block: object): block is { toolUse: { input: string } } => 'toolUse' in block;

interface Step {
  text?: string | undefined;
  toolUse?: { input?: string | undefined } | undefined;
  reasoningContent?: { text?: string; signature?: string; redactedContent?: string } | undefined;
}

function extended(
  block: Partial<Record<string, object | string>>,
  { text, toolUse, reasoningContent }: Step,
): Partial<Record<string, object | string>> {
  if (text !== undefined) return { text: (typeof block['text'] === 'string' ? block['text'] : '') + text };
  if (isCall(block)) return { toolUse: { ...block.toolUse, input: block.toolUse.input + (toolUse?.input ?? '') } };
  if (reasoningContent?.redactedContent !== undefined) return { reasoningContent: { redactedContent: reasoningContent.redactedContent } };
  if (reasoningContent === undefined) return block;
  const { reasoningText = { text: '' } } = (block['reasoningContent'] ?? {}) as { reasoningText?: { text: string; signature?: string } };
  const { signature } = reasoningContent;
  const said = { ...reasoningText, text: reasoningText.text + (reasoningContent.text ?? ''), ...(signature !== undefined && { signature }) };
  return { reasoningContent: { reasoningText: said } };
}
