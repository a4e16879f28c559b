import type { OAuth2ClientOptions } from 'google-auth-library';
import type { Authorize, Credential } from '../provider.ts';
import { obtain } from './obtain.ts';

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];

/** How the library calls token endpoints; its own way where it is absent. */
export type GoogleTransport = Pick<OAuth2ClientOptions, 'transporterOptions'>;

/**
 * Shows a Google Cloud access token: the given one, or one of a service account, of workload identity (both as the JSON that Google hands out),
 * or of the application default credentials (https://cloud.google.com/docs/authentication/application-default-credentials).
 * The library keeps tokens and renews them five minutes before they end.
 */
export function googleToken({ accessToken, serviceAccount }: Credential, transport: GoogleTransport = {}): Authorize {
  if (accessToken !== undefined) {
    const headers = { authorization: `Bearer ${accessToken}` };
    return () => headers;
  }
  let source: Promise<() => Promise<string>> | undefined;
  return () =>
    obtain('Google Cloud', [serviceAccount], async () => {
      source ??= tokenSource(serviceAccount, transport);
      try {
        return { authorization: `Bearer ${await (await source)()}` };
      } catch (error) {
        source = undefined; // it may have kept that there are no default credentials, which can change
        throw error;
      }
    });
}

/** The library is loaded by the first call that needs it. */
async function tokenSource(serviceAccount: string | undefined, clientOptions: GoogleTransport): Promise<() => Promise<string>> {
  const { GoogleAuth } = await import('google-auth-library');
  const auth = new GoogleAuth({ scopes, clientOptions, ...(serviceAccount !== undefined && { credentials: parse(serviceAccount) }) });
  return async () => {
    const token = await auth.getAccessToken();
    if (token == null) throw new Error('no access token was given');
    return token;
  };
}

/** The parser's own error would quote the text. */
function parse(serviceAccount: string): object {
  try {
    return JSON.parse(serviceAccount) as object;
  } catch {
    throw new Error('the service account is not JSON');
  }
}
