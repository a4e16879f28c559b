import { openAIFault, openAIRefusal } from '../openai/error.ts';
import { isObject } from '../shape.ts';
import type { Refusal, Rule } from '../vendor.ts';
import type { WireMessage, WireRequest } from './request.ts';

type WireRule = Rule<WireRequest>;

const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isSet = (value: unknown): boolean => value !== undefined && value !== null;

/** Refuses fields by name, whatever they hold. */
export const refuses = (fields: readonly string[], where: (request: WireRequest) => boolean = () => true): WireRule => ({
  name: `no ${fields.join(', ')}`,
  check(request) {
    const field = fields.find((name) => isSet(request[name]));
    return field !== undefined && where(request) ? openAIFault(field, undefined, `This model does not support the parameter ${field}.`) : undefined;
  },
});

/** Refuses values of a field. */
export const takes = (field: string, isTaken: (value: unknown) => boolean, status = 400): WireRule => ({
  name: `certain values of ${field}`,
  check: (request) =>
    isSet(request[field]) && !isTaken(request[field])
      ? { ...openAIFault(field, undefined, `This value of ${field} is not taken.`), status }
      : undefined,
});

/** Refuses messages by what one of them is. */
const eachMessage = (
  name: string,
  check: (message: WireMessage, index: number, messages: readonly WireMessage[]) => Refusal | undefined,
): WireRule => ({
  name,
  check({ messages }) {
    for (const [index, message] of messages.entries()) {
      const refusal = check(message, index, messages);
      if (refusal) return refusal;
    }
    return undefined;
  },
});

const invalid = (message: string, type = 'invalid_request_error', code?: string): Refusal => ({
  ...openAIRefusal(400),
  message,
  type,
  ...(code !== undefined && { code }),
});

/** Mistral: an id has nine letters or digits, in a call and in its result. */
export const nineCharacterIds = eachMessage('ids of nine characters', ({ tool_calls: calls, tool_call_id: answered }) => {
  const ids = [...itemsOf(calls).map((call) => (isObject(call) ? call['id'] : undefined)), answered];
  const wrong = ids.filter((id) => typeof id === 'string').find((id) => !/^[A-Za-z0-9]{9}$/.test(id));
  return wrong === undefined
    ? undefined
    : invalid(`The tool call id ${wrong} must have 9 characters of a-z, A-Z and 0-9.`, 'invalid_function_call', '3280');
});

const before: Readonly<Record<string, readonly string[]>> = {
  user: ['system', 'user', 'assistant'],
  tool: ['assistant', 'tool'],
};

/** Mistral: a person does not speak between a tool's result and the answer, and results follow calls. */
export const orderedRoles = eachMessage('the order of roles', ({ role }, index, messages) => {
  const previous = messages[index - 1]?.role;
  const isAllowed = before[role]?.includes(previous ?? 'system') ?? true;
  return isAllowed ? undefined : invalid(`The role '${role}' cannot come after the role '${previous}'.`, 'invalid_request_message_order', '3230');
});

/** Mistral: the last message asks for an answer, or is the beginning of one. */
export const lastAsks: WireRule = {
  name: 'the last message',
  check({ messages }) {
    const last = messages.at(-1);
    const asks = last === undefined || ['user', 'tool'].includes(last.role) || (last.role === 'assistant' && last['prefix'] === true);
    return asks ? undefined : invalid(`The last message must be of a user or a tool, or an assistant's with prefix, not of role ${last.role}.`);
  },
};

/** Knows no other roles than these. */
export const roles = (known: readonly string[], status = 400): WireRule =>
  eachMessage('roles', ({ role }, index) =>
    known.includes(role) ? undefined : { ...openAIFault(`messages.${index}.role`, undefined, `The role '${role}' is not known.`), status },
  );

/** DeepSeek, while it thinks: what it thought before a call goes back with the call. */
export const reasoningGoesBack = (thinks: (request: WireRequest) => boolean): WireRule => ({
  name: 'reasoning goes back with its calls',
  check(request) {
    const forgotten = request.messages.some(
      (message) => message.role === 'assistant' && isSet(message['tool_calls']) && typeof message['reasoning_content'] !== 'string',
    );
    return forgotten && thinks(request)
      ? invalid('In thinking mode the reasoning_content of a message with tool calls must be passed back.', undefined, 'invalid_request_error')
      : undefined;
  },
});

/** Perplexity: after what the system says, users and assistants take turns. */
export const takesTurns: WireRule = {
  name: 'users and assistants take turns',
  check({ messages }) {
    const first = messages.findIndex(({ role }) => role !== 'system');
    const isFair = messages.slice(Math.max(first, 0)).every(({ role }, index) => first >= 0 && role === (index % 2 === 0 ? 'user' : 'assistant'));
    return isFair ? undefined : invalid('After the system messages, user and assistant must take turns.', 'invalid_message');
  },
};

/** Ollama: a picture comes as data, never as an address. */
export const picturesAsData = eachMessage('pictures as data', ({ content }) => {
  const urls = itemsOf(content).flatMap((part) => (isObject(part) && isObject(part['image_url']) ? [part['image_url']['url']] : []));
  const isData = urls.every((url) => typeof url === 'string' && /^data:(image\/(jpeg|jpg|png|webp))?;base64,/.test(url));
  return isData ? undefined : invalid('The image input is not valid.');
});

/** Cohere: no `strict` in a tool. */
export const withoutStrictTools: WireRule = {
  name: 'no strict tools',
  check: ({ tools }) =>
    itemsOf(tools).some((tool) => isObject(tool) && isObject(tool['function']) && 'strict' in tool['function'])
      ? { ...openAIRefusal(400), status: 422, message: "There is no parameter 'strict'." }
      : undefined,
};

/** Fireworks: one way to say how much to think. */
export const thinkingOrEffort: WireRule = {
  name: 'thinking or reasoning_effort',
  check: ({ thinking, reasoning_effort: effort }) =>
    isSet(thinking) && isSet(effort) ? invalid('thinking and reasoning_effort exclude each other.') : undefined,
};
