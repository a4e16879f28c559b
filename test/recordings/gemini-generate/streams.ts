import { BlockedReason, FinishReason, MediaModality, type Candidate, type GenerateContentResponse, type Part } from '@google/genai';

/** A response as it stands on the wire: what of the SDK's class is data. */
export type RecordedResponse = Pick<GenerateContentResponse, 'candidates' | 'promptFeedback' | 'usageMetadata' | 'modelVersion' | 'responseId'>;

/** An event of a stream: a response, or the error that ends it. */
export type RecordedEvent = RecordedResponse | { error: { code: number; message: string; status: string } };

type Counts = NonNullable<RecordedResponse['usageMetadata']>;

const usage = (prompt: number, candidates: number, more: Counts = {}): Counts => ({
  promptTokenCount: prompt,
  ...(candidates > 0 && { candidatesTokenCount: candidates }),
  totalTokenCount: prompt + candidates + (more.thoughtsTokenCount ?? 0),
  promptTokensDetails: [{ modality: MediaModality.TEXT, tokenCount: prompt }],
  ...more,
});

const says = (parts: Part[], more: Candidate = {}): Candidate => ({ content: { parts, role: 'model' }, index: 0, ...more });

const responses = (
  responseId: string,
  modelVersion: string,
  steps: readonly (readonly [candidates: Candidate[], usage: Counts])[],
): RecordedResponse[] => steps.map(([candidates, usageMetadata]) => ({ candidates, usageMetadata, modelVersion, responseId }));

/** Streams as Gemini sends them, by what happens in them. */
export const streams = {
  'thoughts and text': responses('3vYwaezI', 'gemini-2.5-flash', [
    [[says([{ text: '**Weighing**', thought: true }])], usage(11, 0, { thoughtsTokenCount: 40 })],
    [[says([{ text: ' the words\n', thought: true }])], usage(11, 0, { thoughtsTokenCount: 61 })],
    [[says([{ text: 'Grüße', thoughtSignature: 'CpgBAdHtim9t' }])], usage(11, 2, { thoughtsTokenCount: 61 })],
    [[says([{ text: ' aus 東京 ' }])], usage(11, 6, { thoughtsTokenCount: 61 })],
    [[says([{ text: '👩‍🚀!' }], { finishReason: FinishReason.STOP })], usage(11, 9, { thoughtsTokenCount: 61, cachedContentTokenCount: 4 })],
  ]),
  'parallel calls': responses('x1Yxabcd', 'gemini-3-flash-preview', [
    [[says([{ text: 'I look both up.' }])], usage(72, 5)],
    [
      [
        says([
          { functionCall: { id: 'k3jd8s1a', name: 'get_weather', args: { city: 'Oslo', days: [1, 2.5] } }, thoughtSignature: 'EqQBCqEBAb4+9vs=' },
          { functionCall: { id: 'k3jd8s1b', name: 'get_time', args: {} } },
        ]),
      ],
      usage(72, 31, { thoughtsTokenCount: 18 }),
    ],
    [[says([{ text: '' }], { finishReason: FinishReason.STOP })], usage(72, 31, { thoughtsTokenCount: 18 })],
  ]),
  'a call without an id': responses('zzYxabcd', 'gemini-2.5-pro', [
    [
      [
        says([{ functionCall: { name: 'list_rooms' } }, { functionCall: { name: 'mail', args: { to: 'bob' } } }], {
          finishReason: FinishReason.STOP,
        }),
      ],
      usage(9, 12),
    ],
  ]),
  'a signature at the end': responses('q9Yxabcd', 'gemini-3-pro-preview', [
    [[says([{ text: 'Done' }])], usage(30, 1, { thoughtsTokenCount: 12 })],
    [[says([{ text: '', thoughtSignature: 'EpICCo8C' }], { finishReason: FinishReason.STOP })], usage(30, 1, { thoughtsTokenCount: 12 })],
  ]),
  'two candidates': responses('c2Yxabcd', 'gemini-2.5-flash-lite', [
    [[says([{ text: 'One' }]), says([{ text: 'Another' }], { index: 1 })], usage(5, 2)],
    [[says([{ text: ' more' }], { index: 1 })], usage(5, 3)],
    [
      [says([{ text: ' too.' }], { finishReason: FinishReason.MAX_TOKENS }), says([{ text: '.' }], { index: 1, finishReason: FinishReason.STOP })],
      usage(5, 6),
    ],
  ]),
  'an answer that is filtered': responses('f1Yxabcd', 'gemini-2.5-flash', [
    [[says([{ text: 'First, you' }])], usage(14, 3)],
    [[{ index: 0, finishReason: FinishReason.SAFETY }], usage(14, 3)],
  ]),
  'a prompt that is blocked': [
    {
      promptFeedback: { blockReason: BlockedReason.PROHIBITED_CONTENT },
      usageMetadata: usage(20, 0),
      modelVersion: 'gemini-2.5-flash',
      responseId: 'b1Yxabcd',
    },
  ],
  'error midway': [
    ...responses('e1Yxabcd', 'gemini-2.5-flash', [[[says([{ text: 'Well' }])], usage(5, 1)]]),
    { error: { code: 503, message: 'The model is overloaded. Please try again later.', status: 'UNAVAILABLE' } },
  ],
} satisfies Record<string, RecordedEvent[]>;

/** A stream as its client gets it that asks for server-sent events. */
export const bytesOf = (events: readonly RecordedEvent[]): Buffer =>
  Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join(''));
