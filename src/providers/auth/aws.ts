import type { AwsCredentialIdentity, AwsCredentialIdentityProvider } from '@smithy/types';
import type { Authorize, Credential, OutgoingCall, Settings } from '../provider.ts';
import { obtain, remembered } from './obtain.ts';

/**
 * Signs calls to an AWS service (Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html),
 * with the given access key or the standard credential chain (environment, shared files, web identity, container, instance), as a role where one is named.
 * An API key is shown as it is (https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html).
 */
export function awsSignature(service: string): (credential: Credential, settings: Settings) => Authorize {
  return (credential, { region = '' }) => {
    const { apiKey, secretAccessKey, sessionToken } = credential;
    if (apiKey !== undefined) {
      const headers = { authorization: `Bearer ${apiKey}` };
      return () => headers;
    }
    let signer: ReturnType<typeof createSigner> | undefined;
    return (call) =>
      obtain('AWS', [secretAccessKey, sessionToken], async () => {
        signer ??= createSigner(service, region, credential);
        return (await signer)(call);
      });
  };
}

/** The AWS libraries are loaded by the first call that needs them. */
async function createSigner(
  service: string,
  region: string,
  credential: Credential,
): Promise<(call: OutgoingCall) => Promise<Record<string, string>>> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([import('@smithy/signature-v4'), import('@smithy/core/checksum')]);
  const credentials = await credentialsOf(credential, region);
  const signature = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  return async ({ method, host, path, body, headers }) => {
    const [pathname = '', query = ''] = path.split('?', 2);
    const contentType = headers.get('content-type');
    const unsigned = { host, ...(contentType !== undefined && { 'content-type': contentType }) };
    const { headers: signed } = await signature.sign({
      method,
      protocol: 'https:',
      hostname: host,
      path: pathname,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: unsigned,
      body,
    });
    return Object.fromEntries(Object.entries(signed).filter(([name]) => !(name in unsigned)));
  };
}

async function credentialsOf(credential: Credential, region: string): Promise<AwsCredentialIdentity | AwsCredentialIdentityProvider> {
  const { accessKeyId, secretAccessKey, sessionToken, roleArn } = credential;
  const given =
    accessKeyId === undefined || secretAccessKey === undefined
      ? undefined
      : { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  if (given !== undefined && roleArn === undefined) return given;
  const { fromNodeProviderChain, fromTemporaryCredentials } = await import('@aws-sdk/credential-providers');
  const clientConfig = { region };
  if (roleArn === undefined) return remembered(fromNodeProviderChain({ clientConfig }));
  return remembered(
    fromTemporaryCredentials({
      params: { RoleArn: roleArn, RoleSessionName: 'remora' },
      clientConfig,
      ...(given !== undefined && { masterCredentials: given }),
    }),
  );
}
