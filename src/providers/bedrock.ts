import { bedrockInvoke } from '../framing/bedrock-invoke.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/index.ts';
import { bedrockConverse } from '../protocols/bedrock-converse/index.ts';
import { bedrockCountTokens } from '../protocols/bedrock-count-tokens/index.ts';
import { bedrockEmbed } from '../protocols/bedrock-embed/index.ts';
import { bedrockRerank } from '../protocols/bedrock-rerank/index.ts';
import { awsSignature } from './auth/aws.ts';
import { api, type Api, type Provider } from './provider.ts';

// A model is named by its id, an inference profile (`eu.anthropic.…`), or the ARN of either; only the maker's part is looked at.
const isClaude = (model: string): boolean => /(^|[./])anthropic\.claude/.test(model);
const embeds = (model: string): boolean => /(^|[./])(amazon\.titan-embed|cohere\.embed)/.test(model);
const ranks = (model: string): boolean => /(^|[./])(amazon|cohere)\.rerank/.test(model);
const talks = (model: string): boolean => !embeds(model) && !ranks(model);

const at =
  (operation: string, streamOperation = operation): Api['path'] =>
  ({ model, stream }) =>
    `/model/${encodeURIComponent(model)}/${stream ? streamOperation : operation}`;

/** Amazon Bedrock: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html */
export const bedrock: Provider = {
  kind: 'bedrock',
  apis: [
    api(bedrockConverse, at('converse', 'converse-stream'), { serves: talks }),
    api(anthropicMessages, at('invoke', 'invoke-with-response-stream'), {
      serves: isClaude,
      quirks: { bodyVersion: 'bedrock-2023-05-31' },
      framing: bedrockInvoke,
    }),
    api(bedrockEmbed, at('invoke'), { serves: embeds }),
    api(bedrockRerank, at('invoke'), { serves: ranks }),
    api(bedrockCountTokens, at('count-tokens'), { serves: talks }),
  ],
  defaultBaseUrl: ({ region }) => (region === undefined ? undefined : `https://bedrock-runtime.${region}.amazonaws.com`),
  settings: { required: ['region'], optional: [] },
  credentials: [
    ['apiKey'],
    ['accessKeyId', 'secretAccessKey'],
    ['accessKeyId', 'secretAccessKey', 'sessionToken'],
    ['accessKeyId', 'secretAccessKey', 'roleArn'],
    ['accessKeyId', 'secretAccessKey', 'sessionToken', 'roleArn'],
    ['roleArn'],
    [],
  ],
  pricedAs: 'aws',
  connect: awsSignature('bedrock'),
};
