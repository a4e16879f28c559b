import { BlockedReason, FinishReason, MediaModality } from '@google/genai';
import type { RecordedResponse } from './streams.ts';

/** JSON answers as Gemini gives them, by what happens in them. */
export const answers = {
  text: {
    candidates: [{ content: { parts: [{ text: 'Hello, world.' }], role: 'model' }, finishReason: FinishReason.STOP, index: 0 }],
    usageMetadata: {
      promptTokenCount: 8,
      candidatesTokenCount: 4,
      totalTokenCount: 12,
      promptTokensDetails: [{ modality: MediaModality.TEXT, tokenCount: 8 }],
    },
    modelVersion: 'gemini-2.5-flash',
    responseId: 'a1Yxabcd',
  },
  'thoughts, text and a call': {
    candidates: [
      {
        content: {
          parts: [
            { text: 'Looking for the tool', thought: true },
            { text: 'One moment.' },
            { functionCall: { id: 'p0', name: 'find', args: { room: 'north', floor: 2 } }, thoughtSignature: 'EqQBCqEBAb4+9vs=' },
          ],
          role: 'model',
        },
        finishReason: FinishReason.STOP,
        index: 0,
      },
    ],
    usageMetadata: {
      promptTokenCount: 118,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 57,
      cachedContentTokenCount: 64,
      totalTokenCount: 195,
      promptTokensDetails: [
        { modality: MediaModality.TEXT, tokenCount: 100 },
        { modality: MediaModality.AUDIO, tokenCount: 18 },
      ],
    },
    modelVersion: 'gemini-3-pro-preview',
    responseId: 'a2Yxabcd',
  },
  'two candidates': {
    candidates: [
      { content: { parts: [{ text: 'One' }], role: 'model' }, finishReason: FinishReason.STOP, index: 0 },
      { content: { parts: [{ text: 'Two' }], role: 'model' }, finishReason: FinishReason.MAX_TOKENS, index: 1 },
    ],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
    modelVersion: 'gemini-2.5-flash-lite',
    responseId: 'a3Yxabcd',
  },
  'a prompt that is blocked': {
    promptFeedback: { blockReason: BlockedReason.SAFETY },
    usageMetadata: { promptTokenCount: 7, totalTokenCount: 7 },
    modelVersion: 'gemini-2.5-flash',
    responseId: 'a4Yxabcd',
  },
} satisfies Record<string, RecordedResponse>;
