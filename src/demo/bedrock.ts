import { createConverse } from './bedrock/converse.ts';
import { countTokens } from './bedrock/count-tokens.ts';
import { cohereEmbed, titanEmbed } from './bedrock/embed.ts';
import { createGate } from './bedrock/gate.ts';
import { createInvokeClaude } from './bedrock/invoke.ts';
import { cohereRerank } from './bedrock/rerank.ts';
import type { AccessKey } from './bedrock/signature.ts';
import { startFake } from './server.ts';
import type { FakeOptions, FakeProvider } from './server.ts';

/** Who is let in: by a Bedrock API key, `apiKey`, or by a signature made with this access key. */
export interface FakeBedrockOptions extends FakeOptions, Partial<AccessKey> {}

/** A fake Bedrock, and the access key that signs for it. */
export interface FakeBedrock extends FakeProvider {
  credentials: Pick<AccessKey, 'accessKeyId' | 'secretAccessKey'> & { sessionToken?: string };
}

/** The fake Bedrock Runtime, as https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Amazon_Bedrock_Runtime.html has it. */
export async function startFakeBedrock(options: FakeBedrockOptions = {}): Promise<FakeBedrock> {
  const { accessKeyId = 'AKIADEMO', secretAccessKey = 'demo-secret-access-key', sessionToken, region, now = Date.now } = options;
  const gate = createGate({ accessKeyId, secretAccessKey, sessionToken, region }, now);
  const vendors = [createConverse(gate), createInvokeClaude(gate)] as const;
  const plain = [titanEmbed, cohereEmbed, cohereRerank, countTokens];
  const fake = await startFake({ vendors, plain, basePath: '' }, 'ABSKdemo', options);
  return { ...fake, credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) } };
}
