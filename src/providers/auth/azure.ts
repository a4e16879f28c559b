import type { TokenCredential } from '@azure/identity';
import type { Authorize, Credential } from '../provider.ts';

/** What a token for Azure OpenAI must be good for (https://learn.microsoft.com/azure/ai-foundry/openai/how-to/managed-identity). */
const scope = 'https://cognitiveservices.azure.com/.default';

/**
 * Shows an Azure OpenAI key in `api-key`, or a Microsoft Entra token: the given one, one of a client with a secret,
 * or of the default Azure credential chain (environment, workload identity, managed identity, tools). The library keeps tokens and renews them.
 */
export function azureCredential({ apiKey, accessToken, tenantId, clientId, clientSecret }: Credential): Authorize {
  if (apiKey !== undefined) return always({ 'api-key': apiKey });
  if (accessToken !== undefined) return always({ authorization: `Bearer ${accessToken}` });
  let source: Promise<TokenCredential> | undefined;
  return async () => {
    source ??= tokenSource({ tenantId, clientId, clientSecret });
    const token = await (await source).getToken(scope);
    if (token === null) throw new Error('Microsoft Entra gave no access token');
    return { authorization: `Bearer ${token.token}` };
  };
}

const always =
  (headers: Readonly<Record<string, string>>): Authorize =>
  () =>
    headers;

/** The library is loaded by the first call that needs it. */
async function tokenSource({
  tenantId,
  clientId,
  clientSecret,
}: Record<'tenantId' | 'clientId' | 'clientSecret', string | undefined>): Promise<TokenCredential> {
  const { ClientSecretCredential, DefaultAzureCredential } = await import('@azure/identity');
  if (tenantId === undefined || clientId === undefined || clientSecret === undefined) return new DefaultAzureCredential();
  return new ClientSecretCredential(tenantId, clientId, clientSecret);
}
