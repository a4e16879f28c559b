import type { TokenCredential, TokenCredentialOptions } from '@azure/identity';
import type { Authorize, Credential } from '../provider.ts';
import { obtain, remembered } from './obtain.ts';

/** How the library reaches Microsoft Entra; its own way where it is absent. */
export type EntraTransport = Pick<TokenCredentialOptions, 'httpClient' | 'authorityHost' | 'retryOptions'> & { disableInstanceDiscovery?: boolean };

/**
 * Shows an Azure OpenAI key in `api-key`, or a Microsoft Entra token: the given one, one of a client with a secret,
 * or of the default Azure credential chain (environment, workload identity, managed identity, tools).
 */
export function azureCredential(credential: Credential, transport: EntraTransport = {}): Authorize {
  const { apiKey, accessToken, clientSecret } = credential;
  if (apiKey !== undefined) return always({ 'api-key': apiKey });
  if (accessToken !== undefined) return always({ authorization: `Bearer ${accessToken}` });
  const sources = new Map<string, ReturnType<typeof tokenSource>>();
  return ({ host }) =>
    obtain('Microsoft Entra', [clientSecret], async () => {
      const scope = scopeOf(host);
      const source = sources.get(scope) ?? tokenSource(credential, scope, transport);
      sources.set(scope, source);
      const { token } = await (await source)();
      return { authorization: `Bearer ${token}` };
    });
}

const always =
  (headers: Readonly<Record<string, string>>): Authorize =>
  () =>
    headers;

/** What a token must be good for (https://learn.microsoft.com/azure/ai-foundry/openai/how-to/managed-identity); each national cloud has its own. */
function scopeOf(host: string): string {
  const [hostname = ''] = host.split(':', 1);
  const cloud = ['us', 'cn'].find((each) => hostname.endsWith(`.azure.${each}`)) ?? 'com';
  return `https://cognitiveservices.azure.${cloud}/.default`;
}

/**
 * The library is loaded by the first call that needs it. Its own `getBearerTokenProvider` is not used:
 * where it fails to renew a token in the background, nobody catches the error and the process ends.
 */
async function tokenSource(credential: Credential, scope: string, transport: EntraTransport): Promise<() => Promise<{ token: string }>> {
  const { ClientSecretCredential, DefaultAzureCredential } = await import('@azure/identity');
  const { tenantId, clientId, clientSecret } = credential;
  const source: TokenCredential =
    tenantId === undefined || clientId === undefined || clientSecret === undefined
      ? new DefaultAzureCredential(transport)
      : new ClientSecretCredential(tenantId, clientId, clientSecret, transport);
  return remembered(async () => {
    const access = await source.getToken(scope);
    if (access === null) throw new Error('no access token was given');
    return { token: access.token, expiration: new Date(access.expiresOnTimestamp) };
  });
}
