import { GoogleGenAI, type Candidate } from '@google/genai';
import { answers } from '../../../test/recordings/gemini-generate/answers.ts';
import { bytesOf, streams } from '../../../test/recordings/gemini-generate/streams.ts';
import { protocolContract } from '../protocol.contract.ts';
import { geminiGenerate } from './index.ts';

const respond = (stream: Buffer) => () => Promise.resolve(new Response(stream.toString(), { headers: { 'content-type': 'text/event-stream' } }));

/** What Google's SDK reads of a stream, as one response: its candidates' parts one after the other. */
async function collect(stream: Buffer): Promise<object> {
  const client = new GoogleGenAI({ apiKey: 'x', httpOptions: { baseUrl: 'http://gateway.example', fetch: respond(stream) } });
  const candidates = new Map<number, Candidate>();
  const whole = {};
  for await (const { candidates: next = [], promptFeedback, usageMetadata, modelVersion, responseId } of await client.models.generateContentStream({
    model: 'fast',
    contents: 'Hi',
  })) {
    for (const candidate of next) {
      const index = candidate.index ?? 0;
      const before = candidates.get(index);
      const parts = [...(before?.content?.parts ?? []), ...(candidate.content?.parts ?? [])];
      candidates.set(index, { ...before, ...candidate, content: { role: 'model', parts } });
    }
    Object.assign(whole, { usageMetadata, modelVersion, responseId, ...(promptFeedback && { promptFeedback }) });
  }
  return { ...whole, candidates: [...candidates.values()] };
}

const { 'error midway': _endsBadly, ...completeStreams } = streams;
const contents = [{ role: 'user', parts: [{ text: 'Hi' }] }];

protocolContract(geminiGenerate, {
  request: { contents },
  path: { model: 'fast' },
  requiredFields: ['contents'],
  faults: [
    [{ contents: [] }, 'contents'],
    [{ contents: ['Hi'] }, 'contents[0]'],
    [{ contents, generationConfig: { maxOutputTokens: 0 } }, 'generationConfig.maxOutputTokens'],
    [{ contents, generationConfig: { candidateCount: 1.5 } }, 'generationConfig.candidateCount'],
    [{ contents, generation_config: { max_output_tokens: 'many' } }, 'generation_config.max_output_tokens'],
    [{ contents, generationConfig: {}, generation_config: {} }, 'generation_config'],
  ],
  streams: Object.fromEntries(Object.entries(completeStreams).map(([name, stream]) => [name, bytesOf(stream)])),
  endsSilently: true,
  answers,
  collect,
  withMessage: (content, more) => ({ contents: [{ role: 'user', parts: Array.isArray(content) ? content : [{ text: content }], ...more }] }),
  withTool: (parametersJsonSchema) => ({ tools: [{ functionDeclarations: [{ name: 'mail', parametersJsonSchema }] }] }),
  withToolCall: (args, result) => ({
    contents: [
      { role: 'model', parts: [{ functionCall: { id: 'c1', name: 'mail', args } }] },
      { role: 'user', parts: [{ functionResponse: { id: 'c1', name: 'mail', response: { result } } }] },
    ],
  }),
  places: {
    'the system instruction': (value) => ({ systemInstruction: { parts: [{ text: value }] } }),
    'the system instruction in snake case': (value) => ({ system_instruction: { parts: [{ text: value }] } }),
    'a stop sequence': (value) => ({ generation_config: { stop_sequences: [value] } }),
    'a label': (value) => ({ labels: { who: value } }),
    'the address of a file': (value) => ({ contents: [{ parts: [{ file_data: { file_uri: value } }] }] }),
    'text in the place of inline data': (value) => ({
      contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: `by ${String(value)}` } }] }],
    }),
    'code that a model ran': (value) => ({ contents: [{ role: 'model', parts: [{ executableCode: { language: 'PYTHON', code: value } }] }] }),
    'the description of a function': (value) => ({ tools: [{ function_declarations: [{ name: 'mail', description: value }] }] }),
    'the description in a schema of Google': (value) => ({
      tools: [{ functionDeclarations: [{ name: 'mail', parameters: { type: 'OBJECT', properties: { to: { any_of: [{ description: value }] } } } }] }],
    }),
    'the schema of the answer': (value) => ({ generationConfig: { responseSchema: { type: 'STRING', enum: [value] } } }),
    'a tool of Google': (value) => ({ tools: [{ googleSearch: { excludeDomains: [value] } }] }),
  },
});
