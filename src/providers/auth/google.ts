import type { Authorize, Credential } from '../provider.ts';

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];

/**
 * Shows a Google Cloud access token: the given one, or one of a service account, of workload identity (both as the JSON that Google hands out),
 * or of the application default credentials (https://cloud.google.com/docs/authentication/application-default-credentials). The library keeps tokens and renews them.
 */
export function googleToken({ accessToken, serviceAccount }: Credential): Authorize {
  if (accessToken !== undefined) {
    const headers = { authorization: `Bearer ${accessToken}` };
    return () => headers;
  }
  let tokens: ReturnType<typeof tokenSource> | undefined;
  return async () => {
    tokens ??= tokenSource(serviceAccount);
    return { authorization: `Bearer ${await (await tokens)()}` };
  };
}

/** The library is loaded by the first call that needs it. */
async function tokenSource(serviceAccount: string | undefined): Promise<() => Promise<string>> {
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({ scopes, ...(serviceAccount !== undefined && { credentials: JSON.parse(serviceAccount) as object }) });
  return async () => {
    const token = await auth.getAccessToken();
    if (token == null) throw new Error('Google gave no access token');
    return token;
  };
}
