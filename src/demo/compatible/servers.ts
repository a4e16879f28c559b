import { isObject } from '../shape.ts';
import { openAIError, tgiError, vllmError } from './error.ts';
import { asksToThink, basicFields, basicMessageFields, hexId, likeOpenAI, mostFields, words } from './fields.ts';
import { threeCounts, type Flavour } from './flavour.ts';
import { picturesAsData, takes } from './rules.ts';

// What these sources leave open behaves as OpenAI does, and unknown fields are then ignored.

/** github.com/ollama/ollama: middleware/openai.go, docs/api/openai-compatibility.mdx, openai/openai.go, which lacks `max_completion_tokens`. */
export const ollama: Flavour = {
  name: 'Ollama',
  basePath: '/v1',
  models: ['llama3.2', 'gpt-oss:20b', 'qwen3:8b'],
  isOpen: true,
  fields: [
    ...words('model messages stream stream_options max_tokens seed stop temperature frequency_penalty presence_penalty top_p response_format tools'),
    ...words('reasoning reasoning_effort'),
  ],
  messageFields: [...basicMessageFields, 'reasoning'],
  unknownFields: 'ignored',
  rules: [picturesAsData],
  reasons: (request) => asksToThink(request) || (isObject(request['reasoning']) && request['reasoning']['effort'] !== 'none'),
  answer: {
    ...likeOpenAI,
    reasoning: 'reasoning',
    usageOf: threeCounts,
    calls: 'whole',
    repeatsRole: true,
    beside: () => ({ system_fingerprint: 'fp_ollama' }),
  },
  errorBody: openAIError,
};

/** github.com/vllm-project/vllm: vllm/entrypoints/openai/protocol.py; the name of reasoning: pull/27752; errors: pull/22099. */
export const vllm: Flavour = {
  name: 'vLLM',
  basePath: '/v1',
  models: ['Qwen/Qwen3-8B', 'meta-llama/Llama-3.1-8B-Instruct'],
  fields: [...mostFields, ...words('top_k min_p chat_template_kwargs guided_json include_reasoning')],
  messageFields: [...basicMessageFields, 'reasoning'],
  unknownFields: 'ignored',
  rules: [],
  reasons: (request) => asksToThink(request) && request['include_reasoning'] !== false,
  answer: { ...likeOpenAI, reasoning: 'reasoning', usageOf: threeCounts, besideChoice: () => ({ stop_reason: null }) },
  errorBody: vllmError,
};

/** github.com/ggml-org/llama.cpp, tools/server: server-task.cpp (to_json_oaicompat_chat_stream) and server-common.cpp (format_error_response). */
export const llamaCpp: Flavour = {
  name: 'llama.cpp',
  basePath: '/v1',
  models: ['model.gguf'],
  fields: [...mostFields, ...words('top_k min_p grammar json_schema chat_template_kwargs reasoning_format')],
  messageFields: [...basicMessageFields, 'reasoning_content'],
  unknownFields: 'ignored',
  rules: [],
  reasons: (request) => asksToThink(request) && request['reasoning_format'] !== 'none',
  answer: {
    ...likeOpenAI,
    reasoning: 'reasoning_content',
    usageOf: threeCounts,
    callIdOf: (id) => hexId(id, 32),
    beside: (_, { isFinish }) => ({ system_fingerprint: 'b1-demo', ...(isFinish && { timings: { prompt_n: 1, predicted_n: 1 } }) }),
  },
  errorBody: ({ status, message, type }) => ({ error: { code: status, message, type } }),
};

const isList = (value: unknown): boolean => Array.isArray(value);

/** github.com/huggingface/text-generation-inference: docs/openapi.json, router/src/chat.rs and lib.rs, the snapshots of test_tools_llama. */
export const tgi: Flavour = {
  name: 'TGI',
  basePath: '/v1',
  models: ['tgi', 'meta-llama/Llama-3.1-8B-Instruct'],
  fields: [...basicFields, ...words('stream_options seed logprobs top_logprobs')],
  messageFields: basicMessageFields,
  unknownFields: 'ignored',
  shapeStatus: 422,
  matchesResults: false, // all calls have one id
  rules: [takes('stop', isList, 422), takes('logit_bias', isList, 422)],
  answer: {
    ...likeOpenAI,
    usageOf: threeCounts,
    finish: {
      json: { 'stop-sequence': 'stop_sequence', 'tool-calls': 'stop' },
      stream: { 'stop-sequence': 'stop_sequence', 'tool-calls': 'stop' },
    },
    idOf: () => '',
    callIdOf: () => '0',
    repeatsRole: true,
    beside: () => ({ system_fingerprint: '3.1.2-demo' }),
  },
  errorBody: tgiError,
};
