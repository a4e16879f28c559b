import {
  FunctionCallingConfigMode,
  HarmBlockThreshold,
  HarmCategory,
  ThinkingLevel,
  Type,
  type Content,
  type GenerationConfig,
  type SafetySetting,
  type Tool,
  type ToolConfig,
} from '@google/genai';

/** The body of a request as the SDK sends it. */
export interface RecordedRequest {
  contents: Content[];
  systemInstruction?: Content;
  tools?: Tool[];
  toolConfig?: ToolConfig;
  generationConfig?: GenerationConfig;
  safetySettings?: SafetySetting[];
  cachedContent?: string;
  labels?: Record<string, string>;
}

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** Requests as clients of Gemini send them, by what they ask for. */
export const requests = {
  plain: { contents: [{ role: 'user', parts: [{ text: 'Hi' }] }] },
  settings: {
    contents: [{ role: 'user', parts: [{ text: 'Write a haiku.' }] }],
    systemInstruction: { role: 'user', parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] },
    generationConfig: {
      temperature: 0.4,
      topP: 0.9,
      topK: 40,
      candidateCount: 2,
      maxOutputTokens: 900,
      stopSequences: ['END', 'STOP'],
      seed: 7,
      presencePenalty: 0.5,
      frequencyPenalty: -0.5,
      responseLogprobs: true,
      logprobs: 3,
      thinkingConfig: { includeThoughts: true, thinkingBudget: 2000 },
    },
    labels: { team: 'blue' },
  },
  media: {
    contents: [
      {
        role: 'user',
        parts: [
          { text: 'What is this?' },
          { inlineData: { mimeType: 'image/png', data: png } },
          { inlineData: { mimeType: 'application/pdf', data: 'JVBERi0xLjQ=' } },
          { inlineData: { mimeType: 'audio/wav', data: 'UklGRg==' } },
          { inlineData: { mimeType: 'text/csv', data: 'YSxiCg==' } },
          { fileData: { mimeType: 'image/jpeg', fileUri: 'https://images.example/cat.jpg' } },
        ],
      },
    ],
  },
  'a tool loop': {
    contents: [
      { role: 'user', parts: [{ text: 'Weather and time in Oslo?' }] },
      {
        role: 'model',
        parts: [
          { text: 'Two calls', thought: true },
          { functionCall: { name: 'get_weather', args: { city: 'Oslo' } }, thoughtSignature: 'EqQBCqEBAb4+9vs=' },
          { functionCall: { name: 'get_time', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { name: 'get_weather', response: { output: '4 °C' } } },
          { functionResponse: { name: 'get_time', response: { error: 'no clock' } } },
          { text: 'Go on.' },
        ],
      },
    ],
    tools: [
      {
        functionDeclarations: [
          {
            name: 'get_weather',
            description: 'The weather at a place',
            parameters: {
              type: Type.OBJECT,
              properties: { days: { type: Type.INTEGER, nullable: true }, city: { type: Type.STRING, description: 'A city' } },
              propertyOrdering: ['city', 'days'],
              required: ['city'],
            },
          },
          { name: 'get_time' },
        ],
      },
    ],
    toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
  },
  'structured output': {
    contents: [{ role: 'user', parts: [{ text: 'A person, please.' }] }],
    generationConfig: {
      responseMimeType: 'application/json',
      responseSchema: { type: Type.OBJECT, properties: { name: { type: Type.STRING } }, required: ['name'] },
      thinkingConfig: { thinkingLevel: ThinkingLevel.LOW },
    },
  },
  'what only Google has': {
    contents: [{ role: 'user', parts: [{ text: 'News?' }] }],
    tools: [{ googleSearch: {} }, { codeExecution: {} }, { urlContext: {} }],
    safetySettings: [{ category: HarmCategory.HARM_CATEGORY_HARASSMENT, threshold: HarmBlockThreshold.BLOCK_ONLY_HIGH }],
    cachedContent: 'cachedContents/demo',
  },
} satisfies Record<string, RecordedRequest>;
