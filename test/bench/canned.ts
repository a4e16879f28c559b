/** What the client says and what the provider answers, the same in every case: about as large as real ones. */

export const workloads = ['json', 'stream', 'paced'] as const;
/** `json`: one JSON answer. `stream`: an event stream, written as fast as it is read. `paced`: one whose chunks come at the pace of a model. */
export type Workload = (typeof workloads)[number];

/** Time between two chunks of a `paced` stream. */
export const paceMs = 10;

/** Text chunks of a stream. */
const textChunks = 50;

/** One value of each type that is redacted; all of them are examples that belong to nobody. */
const personal = {
  email: 'ann.lee@example.com',
  phone: '+1 202-555-0143',
  card: '4111 1111 1111 1111',
  ssn: '078-05-1120',
  iban: 'DE89 3704 0044 0532 0130 00',
} as const;

/** The client's request, in OpenAI's protocol: a system prompt and three messages, about 1 KB. */
export function requestBody(model: string, workload: Workload): string {
  return JSON.stringify({
    model,
    ...(workload === 'json' ? {} : { stream: true }),
    temperature: 0.2,
    max_completion_tokens: 600,
    messages: [
      {
        role: 'system',
        content:
          'You are the assistant of the customer service of a mail-order company. Answer in the language of the customer, in at most five sentences, and ' +
          'never promise a date of delivery. When the customer asks for a refund, name the terms: thirty days, unused, in the original packaging.',
      },
      {
        role: 'user',
        content: `My parcel 8841 came damaged. I wrote from ${personal.email} last week and called from ${personal.phone}, and nobody has answered yet.`,
      },
      {
        role: 'assistant',
        content: 'I am sorry to hear that. To send the money back I need to know how you have paid, and to which account it should go.',
      },
      {
        role: 'user',
        content: `I paid with card ${personal.card}; my tax number is ${personal.ssn} and the account is ${personal.iban}. Where will you write to me?`,
      },
    ],
  });
}

/** The provider's text, chunk by chunk, with one placeholder in it that is cut twice. To a provider that saw no redaction it is text like any other. */
const chunks: readonly string[] = [
  ...['Thank', ' you', '.', ' I', ' will', ' write', ' to', ' [', 'EMAIL', '_1]'],
  ...Array.from({ length: textChunks - 10 }, (_, index) => [' as', ' soon', ' as', ' the', ' refund', ' is', ' made', '.'][index % 8] ?? ''),
];

const providerText = chunks.join('');
/** The text that a client is to get. */
export const expectedText = ({ restored }: { restored: boolean }): string =>
  restored ? providerText.replace('[EMAIL_1]', personal.email) : providerText;
/** What must not reach a provider where it is redacted. */
export const personalData: readonly string[] = Object.values(personal);

const openaiHead = { id: 'chatcmpl-CQ5ZrW8d1oX2yTfBvN0aKpLsEuJmG', created: 1_760_000_000, model: 'gpt-5-mini-2025-08-07', service_tier: 'default' };
const openaiUsage = {
  prompt_tokens: 231,
  completion_tokens: textChunks,
  total_tokens: 231 + textChunks,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
};

/** OpenAI's JSON answer. */
export const openaiJson = (): string =>
  JSON.stringify({
    ...openaiHead,
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content: providerText, refusal: null, annotations: [] }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: openaiUsage,
    system_fingerprint: 'fp_6a2c1d9e40',
  });

/** OpenAI's events; the one with usage comes only to those who asked for it. */
export function openaiEvents({ usage }: { usage: boolean }): string[] {
  const chunk = (fields: object): string =>
    `data: ${JSON.stringify({ ...openaiHead, object: 'chat.completion.chunk', system_fingerprint: 'fp_6a2c1d9e40', ...fields })}\n\n`;
  const choice = (delta: object, reason: string | null = null): string =>
    chunk({ choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }] });
  return [
    choice({ role: 'assistant', content: '', refusal: null }),
    ...chunks.map((content) => choice({ content })),
    choice({}, 'stop'),
    ...(usage ? [chunk({ choices: [], usage: openaiUsage })] : []),
    'data: [DONE]\n\n',
  ];
}

const anthropicHead = { id: 'msg_01XFDUDYJgAACzvnptvVoYEL', type: 'message', role: 'assistant', model: 'claude-haiku-4-5-20251001' };
const anthropicUsage = (outputTokens: number) => ({
  input_tokens: 231,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: outputTokens,
  service_tier: 'standard',
});

/** Anthropic's JSON answer. */
export const anthropicJson = (): string =>
  JSON.stringify({
    ...anthropicHead,
    content: [{ type: 'text', text: providerText }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: anthropicUsage(textChunks),
  });

/** Anthropic's events. */
export function anthropicEvents(): string[] {
  const event = (data: { type: string; [field: string]: unknown }): string => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  return [
    event({ type: 'message_start', message: { ...anthropicHead, content: [], stop_reason: null, stop_sequence: null, usage: anthropicUsage(1) } }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...chunks.map((text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    event({ type: 'content_block_stop', index: 0 }),
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: textChunks } }),
    event({ type: 'message_stop' }),
  ];
}

/** The text of an answer in OpenAI's protocol, JSON or stream. Throws where it is neither, or not complete. */
export function textOf(body: string, workload: Workload): string {
  if (workload === 'json') return (JSON.parse(body) as { choices: [{ message: { content: string } }] }).choices[0].message.content;
  const events = body.split('\n\n').slice(0, -1);
  if (events.pop() !== 'data: [DONE]') throw new Error('the stream does not end in [DONE]');
  return events
    .map((event) => JSON.parse(event.replace(/^data: /, '')) as { choices: { delta: { content?: string } }[] })
    .map(({ choices: [choice] }) => choice?.delta.content ?? '')
    .join('');
}
