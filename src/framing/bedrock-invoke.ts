import { AwsEventStreamParser, AwsEventWriter, withAwsData, type AwsEvent } from './aws-event-stream.ts';
import type { EventParser, EventWriter, Framing, StreamEvent } from './event.ts';

/** Name of the events that hold what the model sends. */
const chunkName = 'chunk';

/** The type of a JSON event where it stands first, as it nearly always does. */
const leadingType = /^\{"type":"(\w+)"/;

/**
 * Cuts the stream of `invoke-with-response-stream` into the events of the model's own API: each is one message of AWS's, `{"bytes": …}` in base64.
 * An event's name is its `type`. An exception becomes an error as Anthropic's API sends it inside a stream.
 */
export class BedrockInvokeParser implements EventParser {
  readonly #messages: AwsEventStreamParser;

  constructor(options: { maxEventBytes?: number } = {}) {
    this.#messages = new AwsEventStreamParser(options);
  }

  /** Bytes kept of a message that is not complete yet. */
  get pendingBytes(): number {
    return this.#messages.pendingBytes;
  }

  /** The events that this chunk completes. Throws FramingError, EventTooLargeError. */
  push(chunk: Buffer): StreamEvent[] {
    return this.#messages.push(chunk).map(unwrapped);
  }

  end(): StreamEvent | undefined {
    return this.#messages.end();
  }
}

function unwrapped({ name, data, raw, messageType }: AwsEvent): StreamEvent {
  if (messageType !== 'event') return { name: 'error', data: errorOf(name, data), raw, messageType };
  const bytes = name === chunkName ? parsed(data)['bytes'] : undefined;
  if (typeof bytes !== 'string') return { name, data: '', raw };
  const inner = Buffer.from(bytes, 'base64').toString('utf8');
  return { name: leadingType.exec(inner)?.[1] ?? typeIn(inner), data: inner, raw };
}

function typeIn(inner: string): string {
  const { type } = parsed(inner);
  return typeof type === 'string' ? type : '';
}

/** A JSON object; an empty one for anything else, which who reads the data will see. */
function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Bedrock's exceptions, in Anthropic's words (https://platform.claude.com/docs/en/api/errors). */
const errorTypes = new Map([
  ['throttlingException', 'rate_limit_error'],
  ['validationException', 'invalid_request_error'],
  ['serviceUnavailableException', 'overloaded_error'],
  ['modelTimeoutException', 'timeout_error'],
]);

function errorOf(name: string, data: string): string {
  const { message, originalMessage } = parsed(data);
  const said = [message, originalMessage, data].find((text) => typeof text === 'string' && text !== '');
  return JSON.stringify({ type: 'error', error: { type: errorTypes.get(name) ?? 'api_error', message: said ?? name } });
}

const wrapped = (data: string): string => JSON.stringify({ bytes: Buffer.from(data).toString('base64') });

function createWriter(): EventWriter {
  const messages = new AwsEventWriter();
  return {
    write: ({ name = '', data, messageType = 'event' }) =>
      messages.write(messageType === 'event' ? { name: chunkName, data: wrapped(data) } : { name, data, messageType }),
    passed: () => {},
    end: () => '',
  };
}

/** Events of a model's own API inside AWS event stream, as Bedrock streams Claude by `invoke-with-response-stream`. */
export const bedrockInvoke: Framing = {
  contentType: 'application/vnd.amazon.eventstream',
  createParser: () => new BedrockInvokeParser(),
  createWriter,
  withData: (event, data) => withAwsData(event, event.messageType === undefined ? wrapped(data) : data),
};
