import type { Framing } from '../framing/event.ts';
import type { Protocol, Quirks } from '../protocols/protocol.ts';

/** Who is called: an address, a way to show a credential, and what is spoken there. One file per provider. */
export interface Provider {
  /** Name of the kind in the config. */
  readonly kind: string;
  /** What it speaks. A client gets its own protocol where that is among these; else the first of its operation. */
  readonly apis: readonly Api[];
  /** The vendor's own address; undefined where every user has their own, or the settings lack what it is made of. */
  defaultBaseUrl(settings: Settings): string | undefined;
  /** What the config may, and what it must, say of such a provider beyond its address. */
  readonly settings: { readonly required: readonly SettingName[]; readonly optional: readonly SettingName[] };
  /** The ways to show who we are, each by the credential fields that it takes; an empty one where nothing needs to be given. */
  readonly credentials: readonly (readonly CredentialField[])[];
  /** Provider id in the price catalogue; undefined where prices come from the config alone. A function where that depends on the model. */
  readonly pricedAs: string | undefined | ((model: string) => string | undefined);
  /** Path of one of OpenAI's endpoints that are passed through (`/files`), below the base URL; absent where the provider has none of them. */
  passThroughPath?(path: string, call: { model: string }, settings: Settings): string | undefined;
  /** Makes what shows a credential, once for each when a config is compiled: it may keep tokens for as long as they last. */
  connect(credential: Credential, settings: Settings): Authorize;
}

/** One protocol that a provider speaks, and where. */
export interface Api {
  readonly protocol: Protocol;
  /** Path below the base URL, with a query where the API wants one. */
  path(call: { model: string; stream: boolean }, settings: Settings): string;
  readonly quirks: Quirks;
  /** How its streams become bytes, where that is not the protocol's own way. */
  readonly framing?: Framing;
  /** Its answers differ from the protocol's so much that the protocol's own SDKs fail on them: they are decoded and written anew, for every client. */
  readonly hasOwnAnswers?: true;
  /** Which of the provider's models are reached this way; all where it is absent. */
  serves?(model: string): boolean;
  /** Headers that every request carries unless the client sends its own. */
  readonly defaultHeaders: Readonly<Record<string, string>>;
  /** Parameters of a client's query that pass where both sides speak the protocol. */
  readonly passQuery: readonly string[];
  /** A client's own headers that pass where both sides speak the protocol. */
  readonly passHeaders: readonly string[];
}

/** A protocol at a path below the base URL, without anything of its own but what is named. */
export const api = (protocol: Protocol, path: string | Api['path'], own: Partial<Omit<Api, 'protocol' | 'path'>> = {}): Api => ({
  protocol,
  path: typeof path === 'string' ? () => path : path,
  quirks: {},
  defaultHeaders: {},
  passQuery: [],
  passHeaders: [],
  ...own,
});

/** What a provider needs to know beyond its address. */
export interface Settings {
  /** AWS region, such as `eu-central-1`. */
  region?: string;
  /** Google Cloud project. */
  project?: string;
  /** Google Cloud location, such as `europe-west4` or `global`. */
  location?: string;
  /** Name of an Azure OpenAI resource. */
  resource?: string;
  /** Version of Azure's API, such as `2024-10-21`; without one the versionless `/openai/v1` is called. */
  apiVersion?: string;
}
export type SettingName = keyof Settings;

/** What shows who we are to a provider. Fields that are absent come from the platform's standard chain, where the provider has one. */
export interface Credential {
  apiKey?: string;
  /** An OAuth token that somebody else keeps fresh. */
  accessToken?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
  /** AWS role to assume with the credentials of the standard chain, or with those given here. */
  roleArn?: string;
  /** Google service account or workload identity, the JSON text of its file. */
  serviceAccount?: string;
  /** Microsoft Entra ID. */
  tenantId?: string;
  clientId?: string;
  clientSecret?: string;
}
export type CredentialField = keyof Credential;

/** All fields that show who we are. */
export const credentialNames: readonly CredentialField[] = [
  'apiKey',
  'accessToken',
  'accessKeyId',
  'secretAccessKey',
  'sessionToken',
  'roleArn',
  'serviceAccount',
  'tenantId',
  'clientId',
  'clientSecret',
];

/** A call as it is about to go out, for those who sign it. */
export interface OutgoingCall {
  method: string;
  /** Host as in the header of that name: with the port, unless it is the scheme's own. */
  host: string;
  /** Path and query. */
  path: string;
  body: Buffer;
  /** All headers so far. */
  headers: ReadonlyMap<string, string>;
}

/** Headers that show a credential on this call; a promise where a token must be fetched. Throws where none can be had. */
export type Authorize = (call: OutgoingCall) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

/** Shows an API key in one header, and nothing where there is none. */
export const keyHeader =
  (name: string, prefix = '') =>
  ({ apiKey }: Credential): Authorize => {
    const headers: Readonly<Record<string, string>> = apiKey === undefined ? {} : { [name]: prefix + apiKey };
    return () => headers;
  };

export const bearerKey = keyHeader('authorization', 'Bearer ');
