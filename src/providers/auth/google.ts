import type { OAuth2ClientOptions } from 'google-auth-library';
import type { Authorize, Credential, Settings } from '../provider.ts';
import { obtain } from './obtain.ts';

const scopes = ['https://www.googleapis.com/auth/cloud-platform'];

/** How the library calls token endpoints; its own way where it is absent. */
export type GoogleTransport = Pick<OAuth2ClientOptions, 'transporterOptions'>;

/**
 * Shows a Google Cloud access token: the given one, or one of a service account, of workload identity (both as the JSON that Google hands out),
 * or of the application default credentials (https://cloud.google.com/docs/authentication/application-default-credentials).
 * The library keeps tokens and renews them five minutes before they end.
 */
export function googleToken({ accessToken, serviceAccount }: Credential, { project }: Settings, transport: GoogleTransport = {}): Authorize {
  if (accessToken !== undefined) {
    const headers = { authorization: `Bearer ${accessToken}` };
    return () => headers;
  }
  let source: ReturnType<typeof tokenSource> | undefined;
  return () =>
    obtain('Google Cloud', [serviceAccount], async () => {
      source ??= tokenSource(serviceAccount === undefined ? undefined : parse(serviceAccount), project, transport);
      return { authorization: `Bearer ${await (await source)()}` };
    });
}

/** The parser's own error would quote the text. */
function parse(serviceAccount: string): object {
  try {
    return JSON.parse(serviceAccount) as object;
  } catch {
    throw new Error('the service account is not JSON');
  }
}

/** The library is loaded by the first call that needs it. It would look for the project on the network, were none given. */
async function tokenSource(
  credentials: object | undefined,
  projectId: string | undefined,
  clientOptions: GoogleTransport,
): Promise<() => Promise<string>> {
  const { GoogleAuth, gcpMetadata } = await import('google-auth-library');
  const given = { ...(credentials !== undefined && { credentials }), ...(projectId !== undefined && { projectId }) };
  const create = () => new GoogleAuth({ scopes, clientOptions, ...given });
  let auth = create();
  return async () => {
    const used = auth;
    try {
      const token = await used.getAccessToken();
      if (token == null) throw new Error('no access token was given');
      return token;
    } catch (error) {
      // It keeps that there is no metadata server, which in a fresh pod is true for seconds only.
      gcpMetadata.resetIsAvailableCache();
      if (auth === used) auth = create();
      throw error;
    }
  };
}
