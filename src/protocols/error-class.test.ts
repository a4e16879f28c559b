import { describe, expect, test } from 'vitest';
import { anthropicMessages } from './anthropic-messages/index.ts';
import { bedrockConverse } from './bedrock-converse/index.ts';
import { classifyFailure, type BodyClass } from './error-class.ts';
import { geminiGenerate } from './gemini-generate/index.ts';
import { openaiChat } from './openai-chat/index.ts';
import type { Protocol } from './protocol.ts';

const openaiError = (message: string, type: string | null, code: string | number | null) => ({ error: { message, type, param: null, code } });
const anthropicError = (type: string, message: string) => ({ type: 'error', error: { type, message }, request_id: 'req_011' });
const googleError = (code: number, status: string, message: string, ...details: object[]) => ({ error: { code, message, status, details } });

type Case = readonly [who: string, protocol: Protocol, status: number, body: object];

/** Error bodies as vendors send them, from their docs, their sources and reports of their users. */
const bodies: Record<BodyClass, readonly Case[]> = {
  'context-length': [
    // https://platform.openai.com/docs/guides/error-codes
    [
      'OpenAI',
      openaiChat,
      400,
      openaiError(
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 150014 tokens. Please reduce the length of the messages.",
        'invalid_request_error',
        'context_length_exceeded',
      ),
    ],
    [
      'OpenAI, Responses',
      openaiChat,
      400,
      openaiError('Your input exceeds the context window of this model. Please adjust your input and try again.', 'invalid_request_error', null),
    ],
    // https://platform.claude.com/docs/en/build-with-claude/context-windows
    ['Anthropic', anthropicMessages, 400, anthropicError('invalid_request_error', 'prompt is too long: 203456 tokens > 200000 maximum')],
    [
      'Anthropic, with its answer',
      anthropicMessages,
      400,
      anthropicError(
        'invalid_request_error',
        'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length or `max_tokens` and try again',
      ),
    ],
    [
      'Gemini',
      geminiGenerate,
      400,
      googleError(400, 'INVALID_ARGUMENT', 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'),
    ],
    [
      'Vertex AI',
      geminiGenerate,
      400,
      googleError(
        400,
        'INVALID_ARGUMENT',
        'Unable to submit request because the input token count is 1048577 but model only supports up to 1048576.',
      ),
    ],
    // https://repost.aws/questions/QUu3yLZj12R6iWT-ERaIUuKQ
    ['Bedrock', bedrockConverse, 400, { message: 'Input is too long for requested model.' }],
    [
      'Bedrock, of an embedding model',
      bedrockConverse,
      400,
      { message: 'Too many input tokens. Max input tokens: 8192, request input token count: 10027' },
    ],
    [
      'Bedrock, Nova',
      bedrockConverse,
      400,
      { message: 'Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again.' },
    ],
    // https://docs.mistral.ai
    [
      'Mistral',
      openaiChat,
      400,
      {
        object: 'error',
        message: 'Prompt contains 40012 tokens and 0 draft tokens, too large for model with 32768 maximum context length',
        type: 'invalid_request_prompt',
        code: '3051',
      },
    ],
    // https://docs.cohere.com/reference/errors
    ['Cohere', openaiChat, 400, { message: 'too many tokens: size limit exceeded by 4 tokens. Try using shorter or fewer inputs.' }],
    // vllm/entrypoints/openai/serving_engine.py
    [
      'vLLM',
      openaiChat,
      400,
      {
        object: 'error',
        message:
          "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages, 1000 in the completion).",
        type: 'BadRequestError',
        param: null,
        code: 400,
      },
    ],
    [
      'vLLM, its engine',
      openaiChat,
      400,
      openaiError('The decoder prompt (length 5000) is longer than the maximum model length of 4096.', 'BadRequestError', 400),
    ],
    // llama.cpp/tools/server
    [
      'llama.cpp',
      openaiChat,
      400,
      openaiError('the request exceeds the available context size, try increasing it', 'exceed_context_size_error', 400),
    ],
    // text-generation-inference/router/src/validation.rs
    ['TGI', openaiChat, 422, { error: 'Input validation error: `inputs` must have less than 4096 tokens. Given: 5001', error_type: 'validation' }],
    [
      'TGI, with its answer',
      openaiChat,
      422,
      {
        error: 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 200 `max_new_tokens`',
        error_type: 'validation',
      },
    ],
    [
      'Groq',
      openaiChat,
      400,
      openaiError('Please reduce the length of the messages or completion.', 'invalid_request_error', 'context_length_exceeded'),
    ],
    [
      'Fireworks',
      openaiChat,
      400,
      openaiError('The prompt is too long: 140002, model maximum context length: 131071', 'invalid_request_error', null),
    ],
    [
      'xAI',
      openaiChat,
      400,
      { code: 'Client specified an invalid argument', error: "This model's maximum prompt length is 131072 but the request contains 140002 tokens." },
    ],
    [
      'OpenRouter',
      openaiChat,
      400,
      { error: { message: "This endpoint's maximum context length is 8192 tokens. However, you requested about 9001 tokens.", code: 400 } },
    ],
    [
      'SGLang',
      openaiChat,
      400,
      {
        object: 'error',
        message: "The input (5001 tokens) is longer than the model's context length (4096 tokens).",
        type: 'BadRequestError',
        code: 400,
      },
    ],
  ],
  'content-filter': [
    // https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter
    [
      'Azure OpenAI',
      openaiChat,
      400,
      {
        error: {
          message:
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please modify your prompt and retry.",
          type: null,
          param: 'prompt',
          code: 'content_filter',
          status: 400,
          innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { hate: { filtered: true, severity: 'high' } } },
        },
      },
    ],
    [
      'OpenAI',
      openaiChat,
      400,
      openaiError('Invalid prompt: your prompt was flagged as potentially violating our usage policy.', 'invalid_request_error', 'invalid_prompt'),
    ],
    [
      'OpenAI, images',
      openaiChat,
      400,
      openaiError('Your request was rejected as a result of our safety system.', 'invalid_request_error', 'content_policy_violation'),
    ],
    ['Anthropic', anthropicMessages, 400, anthropicError('invalid_request_error', 'Output blocked by content filtering policy')],
    ['Bedrock', bedrockConverse, 400, { message: 'The model returned the following errors: Output blocked by content filtering policy' }],
    [
      'Bedrock, Titan',
      bedrockConverse,
      400,
      { message: 'This request has been blocked by our content filters. Our filters automatically flagged this prompt.' },
    ],
    ['DeepSeek', openaiChat, 400, openaiError('Content Exists Risk', 'invalid_request_error', 'invalid_request_error')],
    ['Alibaba', openaiChat, 400, openaiError('Input data may contain inappropriate content.', 'data_inspection_failed', 'data_inspection_failed')],
    ['Moonshot', openaiChat, 400, openaiError('The request was rejected because it was considered high risk', 'content_filter', null)],
    [
      'xAI',
      openaiChat,
      403,
      {
        code: 'The caller does not have permission to execute the specified operation',
        error: 'Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_CSAM',
      },
    ],
    [
      'OpenRouter',
      openaiChat,
      403,
      { error: { code: 403, message: 'openai/gpt-5 requires moderation on OpenAI. Your input was flagged for "violence".' } },
    ],
  ],
  overloaded: [
    // https://platform.claude.com/docs/en/api/errors
    ['Anthropic', anthropicMessages, 529, anthropicError('overloaded_error', 'Overloaded')],
    ['OpenAI', openaiChat, 503, openaiError('The engine is currently overloaded, please try again later', 'server_error', null)],
    ['OpenAI, slow down', openaiChat, 503, openaiError('Slow Down', 'server_error', 'slow_down')],
    // https://ai.google.dev/gemini-api/docs/troubleshooting
    ['Gemini', geminiGenerate, 503, googleError(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.')],
    ['Bedrock', bedrockConverse, 503, { __type: 'ServiceUnavailableException', message: 'Bedrock is unable to process your request.' }],
    ['Bedrock, a model that wakes', bedrockConverse, 429, { __type: 'ModelNotReadyException', message: 'The model is not ready for inference.' }],
    [
      'Mistral',
      openaiChat,
      429,
      { object: 'error', message: 'Service tier capacity exceeded for this model.', type: 'service_tier_capacity_exceeded', code: '3505' },
    ],
    [
      'Azure OpenAI',
      openaiChat,
      429,
      { error: { code: 'NoCapacity', message: 'The system is currently experiencing high demand and cannot process your request.' } },
    ],
    [
      'Groq',
      openaiChat,
      503,
      openaiError('llama-4 is currently over capacity. Please try again and back off exponentially.', 'internal_server_error', null),
    ],
    ['Groq, flex', openaiChat, 498, openaiError('Flex tier capacity exceeded', 'invalid_request_error', 'capacity_exceeded')],
    ['TGI', openaiChat, 429, { error: 'Model is overloaded', error_type: 'overloaded' }],
    ['Fireworks', openaiChat, 503, openaiError('Service overloaded', 'error', null)],
  ],
  'out-of-money': [
    // https://platform.openai.com/docs/guides/error-codes
    [
      'OpenAI',
      openaiChat,
      429,
      openaiError('You exceeded your current quota, please check your plan and billing details.', 'insufficient_quota', 'insufficient_quota'),
    ],
    [
      'OpenAI, hard limit',
      openaiChat,
      400,
      openaiError('Billing hard limit has been reached', 'invalid_request_error', 'billing_hard_limit_reached'),
    ],
    [
      'OpenAI, not active',
      openaiChat,
      429,
      openaiError('Your account is not active, please check your billing details on our website.', 'billing_not_active', 'billing_not_active'),
    ],
    [
      'Anthropic',
      anthropicMessages,
      400,
      anthropicError(
        'invalid_request_error',
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
      ),
    ],
    [
      'Anthropic, limit set by the owner',
      anthropicMessages,
      400,
      anthropicError('invalid_request_error', 'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.'),
    ],
    ['Anthropic, billing', anthropicMessages, 402, anthropicError('billing_error', 'There is an issue with your billing or payment information.')],
    [
      'Gemini, prepaid',
      geminiGenerate,
      429,
      googleError(429, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.'),
    ],
    [
      'Vertex AI',
      geminiGenerate,
      403,
      googleError(403, 'PERMISSION_DENIED', 'This API method requires billing to be enabled.', {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'BILLING_DISABLED',
        domain: 'googleapis.com',
      }),
    ],
    // https://api-docs.deepseek.com/quick_start/error_codes
    ['DeepSeek', openaiChat, 402, openaiError('Insufficient Balance', 'unknown_error', 'invalid_request_error')],
    ['OpenRouter', openaiChat, 402, { error: { code: 402, message: 'This request requires more credits, or fewer max_tokens.' } }],
    [
      'xAI',
      openaiChat,
      403,
      { code: 'permission-denied', error: 'Your team has either used all available credits or reached its monthly spending limit.' },
    ],
    ['Moonshot', openaiChat, 429, openaiError('Your account is suspended due to insufficient balance', 'exceeded_current_quota_error', null)],
    ['anyone who says no more than 402', openaiChat, 402, {}],
  ],
};

describe.each(Object.entries(bodies))('%s', (expected, cases) => {
  test.each(cases)('%s', (_, protocol, status, body) => {
    expect(classifyFailure(protocol.decodeFailure(status, Buffer.from(JSON.stringify(body))))).toBe(expected);
  });
});

describe('nothing more than the status', () => {
  const ordinary: readonly Case[] = [
    [
      'a rate limit of OpenAI',
      openaiChat,
      429,
      openaiError(
        'Rate limit reached for gpt-5 in organization org-1 on tokens per min (TPM): Limit 30000, Used 29000, Requested 2000.',
        'tokens',
        'rate_limit_exceeded',
      ),
    ],
    [
      'a request too large for the rate limit',
      openaiChat,
      429,
      openaiError('Request too large for gpt-5 on tokens per min (TPM): Limit 30000, Requested 40000.', 'tokens', 'rate_limit_exceeded'),
    ],
    // Gemini says so of limits per minute too.
    [
      'a quota of Gemini',
      geminiGenerate,
      429,
      googleError(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota, please check your plan and billing details.'),
    ],
    ['throttling of Bedrock', bedrockConverse, 429, { __type: 'ThrottlingException', message: 'Too many tokens, please wait before trying again.' }],
    [
      'a rate limit of Anthropic',
      anthropicMessages,
      429,
      anthropicError('rate_limit_error', 'This request would exceed your organization’s rate limit of 40,000 input tokens per minute.'),
    ],
    ['a wrong parameter', openaiChat, 400, openaiError("Invalid value for 'temperature'.", 'invalid_request_error', 'invalid_value')],
    ['a model that does not exist', openaiChat, 404, openaiError('The model `gpt-9` does not exist.', 'invalid_request_error', 'model_not_found')],
    ['a key that is refused', openaiChat, 401, openaiError('Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key')],
    ['a broken server', openaiChat, 500, openaiError('The server had an error while processing your request.', 'server_error', null)],
    ['a page of HTML', openaiChat, 502, {}],
  ];
  test.each(ordinary)('%s', (_, protocol, status, body) => {
    expect(classifyFailure(protocol.decodeFailure(status, Buffer.from(JSON.stringify(body))))).toBeUndefined();
  });
});

test('the client’s own words in an error do not decide', () => {
  const echo = {
    detail: [{ loc: ['body', 'messages'], msg: 'Field required', input: 'what is the maximum context length of an overloaded model?' }],
  };
  expect(classifyFailure(openaiChat.decodeFailure(422, Buffer.from(JSON.stringify(echo))))).toBeUndefined();
});

test.each([
  [400, "Invalid value: 'insufficient credits'. Supported values are: 'low', 'medium', and 'high'."],
  [400, "messages.0.role: Input should be 'user' or 'assistant', not 'your credit balance is too low'"],
  [404, 'The model `monthly spending limit` does not exist.'],
  [422, 'Input should be a valid number, got: insufficient balance'],
])('a client cannot say that the account is out of money, in an error %i that quotes it', (status, message) => {
  const body = Buffer.from(JSON.stringify(openaiError(message, 'invalid_request_error', 'invalid_value')));
  expect(classifyFailure(openaiChat.decodeFailure(status, body))).toBeUndefined();
});
