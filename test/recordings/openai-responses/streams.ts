import type {
  ResponseOutputItem,
  ResponseOutputMessage,
  ResponseOutputText,
  ResponseReasoningItem,
  ResponseStreamEvent,
} from 'openai/resources/responses/responses';
import { envelope, failed, type SentResponse } from './answers.ts';

/** An event before it is given its place in the stream. */
type Unnumbered<Event> = Event extends { response: unknown; type: infer Type }
  ? { type: Type; response: SentResponse }
  : Omit<Event, 'sequence_number' | 'obfuscation'>;
type Sent = Unnumbered<ResponseStreamEvent>;

const begun = (id: string): Sent[] => {
  const { usage: _, ...response } = { ...envelope, id, instructions: 'Be good to Bob.', status: 'in_progress' as const, output: [] };
  return [
    { type: 'response.created', response },
    { type: 'response.in_progress', response },
  ];
};

const completed = (id: string, output: ResponseOutputItem[]): Sent[] => [
  { type: 'response.completed', response: { ...envelope, id, instructions: 'Be good to Bob.', output } },
];

const streamOf = (id: string, items: { events: Sent[]; item: ResponseOutputItem }[]): Sent[] => [
  ...begun(id),
  ...items.flatMap(({ events }) => events),
  ...completed(
    id,
    items.map(({ item }) => item),
  ),
];

const textPart = (text: string, more: Partial<ResponseOutputText> = {}): ResponseOutputText => ({
  type: 'output_text',
  annotations: [],
  logprobs: [],
  text,
  ...more,
});

const message = (id: string, content: ResponseOutputMessage['content'], status: ResponseOutputMessage['status'] = 'completed') =>
  ({ id, type: 'message', status, content, role: 'assistant' }) satisfies ResponseOutputMessage;

function textItem(output_index: number, id: string, pieces: string[], status?: ResponseOutputMessage['status']) {
  const place = { item_id: id, output_index, content_index: 0 };
  const text = pieces.join('');
  const item = message(id, [textPart(text)], status);
  const events: Sent[] = [
    { type: 'response.output_item.added', output_index, item: message(id, [], 'in_progress') },
    { type: 'response.content_part.added', ...place, part: textPart('') },
    ...pieces.map((delta): Sent => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...place, text, logprobs: [] },
    { type: 'response.content_part.done', ...place, part: textPart(text) },
    { type: 'response.output_item.done', output_index, item },
  ];
  return { events, item };
}

function refusalItem(output_index: number, id: string, pieces: string[]) {
  const place = { item_id: id, output_index, content_index: 0 };
  const refusal = pieces.join('');
  const item = message(id, [{ type: 'refusal', refusal }]);
  const events: Sent[] = [
    { type: 'response.output_item.added', output_index, item: message(id, [], 'in_progress') },
    { type: 'response.content_part.added', ...place, part: { type: 'refusal', refusal: '' } },
    ...pieces.map((delta): Sent => ({ type: 'response.refusal.delta', ...place, delta })),
    { type: 'response.refusal.done', ...place, refusal },
    { type: 'response.content_part.done', ...place, part: { type: 'refusal', refusal } },
    { type: 'response.output_item.done', output_index, item },
  ];
  return { events, item };
}

function reasoningItem(output_index: number, id: string, summaries: string[][], encrypted_content: string) {
  const texts = summaries.map((pieces) => ({ type: 'summary_text' as const, text: pieces.join('') }));
  const item: ResponseReasoningItem = { id, type: 'reasoning', summary: texts, encrypted_content };
  const events: Sent[] = [
    {
      type: 'response.output_item.added',
      output_index,
      item: { id, type: 'reasoning', summary: [], encrypted_content: `${encrypted_content.slice(0, 6)}…` },
    },
    ...summaries.flatMap((pieces, summary_index): Sent[] => {
      const place = { item_id: id, output_index, summary_index };
      const text = pieces.join('');
      return [
        { type: 'response.reasoning_summary_part.added', ...place, part: { type: 'summary_text', text: '' } },
        ...pieces.map((delta): Sent => ({ type: 'response.reasoning_summary_text.delta', ...place, delta })),
        { type: 'response.reasoning_summary_text.done', ...place, text },
        { type: 'response.reasoning_summary_part.done', ...place, part: { type: 'summary_text', text } },
      ];
    }),
    { type: 'response.output_item.done', output_index, item },
  ];
  return { events, item };
}

function callItem(output_index: number, id: string, call: { call_id: string; name: string }, pieces: string[], hasDeltas = true) {
  const args = pieces.join('');
  const item: ResponseOutputItem = { id, type: 'function_call', status: 'completed', arguments: args, ...call };
  const events: Sent[] = [
    { type: 'response.output_item.added', output_index, item: { id, type: 'function_call', status: 'in_progress', arguments: '', ...call } },
    ...(hasDeltas ? pieces : []).map((delta): Sent => ({ type: 'response.function_call_arguments.delta', item_id: id, output_index, delta })),
    { type: 'response.function_call_arguments.done', item_id: id, output_index, arguments: args },
    { type: 'response.output_item.done', output_index, item },
  ];
  return { events, item };
}

const logprob = (token: string, value: number) => ({ token, logprob: value, bytes: [...Buffer.from(token)] });
const logprobs = [{ ...logprob('Heads', -0.5), top_logprobs: [logprob('Heads', -0.5), logprob('Tails', -0.9)] }];

/** Streams in the events that OpenAI's own server sends. */
export const streams = {
  text: streamOf('resp_text', [textItem(0, 'msg_text', ['Grüße, ', '"Welt" 👋', ', from Rome'])]),
  tools: streamOf('resp_tools', [
    reasoningItem(0, 'rs_tools', [['**Looking** for', ' orders'], ['**Choosing** one']], 'gAAAAAtools'),
    textItem(1, 'msg_tools', ['Looking.']),
    callItem(2, 'fc_a', { call_id: 'call_a', name: 'find_order' }, ['{"order":92233', '72036854775807}']),
    callItem(3, 'fc_b', { call_id: 'call_b', name: 'list_orders' }, ['{}']),
  ]),
  hiddenReasoning: streamOf('resp_hidden', [reasoningItem(0, 'rs_hidden', [], 'gAAAAAhidden'), textItem(1, 'msg_hidden', ['Done.'])]),
  refusal: streamOf('resp_refusal', [refusalItem(0, 'msg_refusal', ['I cannot ', 'do that.'])]),
  length: [
    ...begun('resp_length'),
    ...textItem(0, 'msg_length', ['Once upon a', ' time'], 'incomplete').events,
    {
      type: 'response.incomplete',
      response: {
        ...envelope,
        id: 'resp_length',
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [textItem(0, 'msg_length', ['Once upon a', ' time'], 'incomplete').item],
      },
    },
  ],
  /** As some servers send: no deltas, and the text or the arguments only where they are summed up. */
  wholeAtOnce: [
    ...begun('resp_whole'),
    ...textItem(0, 'msg_whole', ['Looking for it.']).events.filter(({ type }) => type !== 'response.output_text.delta'),
    ...callItem(1, 'fc_whole', { call_id: 'call_whole', name: 'find_order' }, ['{"order":1}'], false).events,
    ...callItem(2, 'fc_done', { call_id: 'call_done', name: 'find_order' }, ['{"order":2}'], false).events.filter(
      ({ type }) => type !== 'response.function_call_arguments.done',
    ),
    ...completed('resp_whole', [
      textItem(0, 'msg_whole', ['Looking for it.']).item,
      callItem(1, 'fc_whole', { call_id: 'call_whole', name: 'find_order' }, ['{"order":1}']).item,
      callItem(2, 'fc_done', { call_id: 'call_done', name: 'find_order' }, ['{"order":2}']).item,
    ]),
  ],
  logprobs: [
    ...begun('resp_logprobs'),
    { type: 'response.output_item.added', output_index: 0, item: message('msg_logprobs', [], 'in_progress') },
    { type: 'response.content_part.added', item_id: 'msg_logprobs', output_index: 0, content_index: 0, part: textPart('') },
    { type: 'response.output_text.delta', item_id: 'msg_logprobs', output_index: 0, content_index: 0, delta: 'Heads', logprobs },
    { type: 'response.output_text.done', item_id: 'msg_logprobs', output_index: 0, content_index: 0, text: 'Heads', logprobs },
    { type: 'response.content_part.done', item_id: 'msg_logprobs', output_index: 0, content_index: 0, part: textPart('Heads', { logprobs }) },
    { type: 'response.output_item.done', output_index: 0, item: message('msg_logprobs', [textPart('Heads', { logprobs })]) },
    ...completed('resp_logprobs', [message('msg_logprobs', [textPart('Heads', { logprobs })])]),
  ],
  builtInTools: [
    ...begun('resp_search'),
    {
      type: 'response.output_item.added',
      output_index: 0,
      item: { id: 'ws_1', type: 'web_search_call', status: 'in_progress', action: { type: 'search', query: 'Rome' } },
    },
    { type: 'response.web_search_call.in_progress', output_index: 0, item_id: 'ws_1' },
    { type: 'response.web_search_call.searching', output_index: 0, item_id: 'ws_1' },
    { type: 'response.web_search_call.completed', output_index: 0, item_id: 'ws_1' },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'Rome' } },
    },
    ...textItem(1, 'msg_search', ['Rome is ', 'old.']).events,
    ...completed('resp_search', [
      { id: 'ws_1', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'Rome' } },
      textItem(1, 'msg_search', ['Rome is ', 'old.']).item,
    ]),
  ],
} satisfies Record<string, Sent[]>;

/** Streams that end badly. */
export const failures = {
  errorEvent: [
    ...begun('resp_error'),
    ...textItem(0, 'msg_error', ['So far']).events.slice(0, 3),
    { type: 'error', code: 'rate_limit_exceeded', message: 'Too fast.', param: null },
  ],
  failedResponse: [...begun('resp_failed'), { type: 'response.failed', response: failed }],
} satisfies Record<string, Sent[]>;

/** Bytes of a stream: each event under its own name, with its place and what the server adds against eavesdroppers. */
export const bytesOf = (events: readonly Sent[]): Buffer =>
  Buffer.from(
    events
      .map((event, sequence_number) => {
        const more = event.type.endsWith('.delta') ? { obfuscation: 'xY3' } : {};
        return `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number, ...more })}\n\n`;
      })
      .join(''),
  );
