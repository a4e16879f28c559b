import type { ResponseInputItem } from 'openai/resources/responses/responses';
import { tokensOfBytes } from '../../answerer.ts';
import { knowsModel } from '../../behaviour.ts';
import type { PlainAnswer, PlainEndpoint } from '../../vendor.ts';
import { openAIFault, openAIProblem, openAIRefusal } from '../error.ts';
import { idIn } from '../files.ts';
import { unknownModel } from '../models.ts';
import type { ResponsesState } from './rules.ts';
import { inputTokensShape } from './shape.ts';
import type { ResponsesRequest } from './shape.ts';
import { joinConversation } from './vendor.ts';

/** Stored responses, and the counting of tokens, as https://platform.openai.com/docs/api-reference/responses has them. */
export const responsesEndpoints = (state: ResponsesState): PlainEndpoint[] => [
  {
    name: 'look at a stored response, or delete it',
    match: (method, path) => (method === 'GET' || method === 'DELETE' ? idIn(path, /^\/v1\/responses\/([^/]+)$/) : undefined),
    answer({ method, address, url }) {
      const id = String(address['id']);
      const found = state.responses.get(id);
      if (!found) return noSuchResponse(id);
      if (new URLSearchParams(url.split('?', 2)[1]).get('stream') === 'true')
        return { refusal: openAIFault('stream', undefined, 'Only a response that was created in the background can be streamed.') };
      return { json: method === 'GET' ? found.response : { id, object: 'response', deleted: state.responses.delete(id) } };
    },
  },
  {
    name: 'look at the input of a stored response',
    match(method, path, query) {
      const found = method === 'GET' ? idIn(path, /^\/v1\/responses\/([^/]+)\/input_items$/) : undefined;
      if (!found) return undefined;
      const { order = 'desc', limit = '20', after = '' } = Object.fromEntries(query);
      return { ...found, order, limit, after };
    },
    answer({ address }) {
      const id = String(address['id']);
      const found = state.responses.get(id);
      return found ? listInput(found.input, id, address) : noSuchResponse(id);
    },
  },
  {
    name: 'count input tokens',
    match: (method, path) => (method === 'POST' && path === '/v1/responses/input_tokens' ? {} : undefined),
    answer({ json, body }, models) {
      const problem = inputTokensShape(json, []);
      if (problem) return { refusal: openAIProblem(problem) };
      // The shape has just been checked.
      const asked = json as ResponsesRequest['body'];
      if (asked.model && !knowsModel(models, asked.model)) return { refusal: unknownModel(asked.model) };
      const joined = joinConversation(asked, state);
      if ('refusal' in joined) return joined;
      const before = asked.previous_response_id ? Buffer.byteLength(JSON.stringify(joined.request.items)) : 0;
      return { json: { object: 'response.input_tokens', input_tokens: tokensOfBytes(body.length + before) } };
    },
  },
];

const noSuchResponse = (id: string): PlainAnswer => ({
  refusal: { ...openAIRefusal(404), message: `There is no response with id '${id}'.` },
});

function listInput(input: readonly ResponseInputItem[], responseId: string, { order, limit, after }: Record<string, unknown>): PlainAnswer {
  const size = Number(limit);
  if (!Number.isInteger(size) || size < 1 || size > 100)
    return { refusal: openAIFault('limit', 'invalid_value', "'limit' must be between 1 and 100.") };
  const items = input.map((item, index) => toListed(item, `${responseId.slice('resp_'.length)}_in_${index}`));
  const ordered = order === 'asc' ? items : items.toReversed();
  const rest = ordered.slice(ordered.findIndex(({ id }) => id === after) + 1);
  const data = rest.slice(0, size);
  return {
    json: { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: rest.length > data.length },
  };
}

const prefixes: Readonly<Record<string, string>> = { function_call: 'fc', function_call_output: 'fc', reasoning: 'rs', custom_tool_call: 'ctc' };

/** An item as the API lists it: with an id, and a message's text as a part. */
function toListed(item: ResponseInputItem, number: string): { id: string; [more: string]: unknown } {
  const given = 'id' in item && typeof item.id === 'string' ? item.id : undefined;
  if (!('role' in item) || !('content' in item)) return { ...item, id: given ?? `${prefixes[item.type ?? ''] ?? 'item'}_${number}` };
  const type = item.role === 'assistant' ? 'output_text' : 'input_text';
  const content = typeof item.content === 'string' ? [{ type, text: item.content }] : item.content;
  return { status: 'completed', ...item, type: 'message', id: given ?? `msg_${number}`, content };
}
