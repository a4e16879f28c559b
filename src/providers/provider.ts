import type { Protocol, Quirks } from '../protocols/protocol.ts';

/** Who is called: an address, a way to show a credential, and the protocol spoken there. One file per provider. */
export interface Provider {
  /** Name of the kind in the config. */
  readonly kind: string;
  readonly protocol: Protocol;
  /** The vendor's own address; undefined where every user has their own. */
  readonly defaultBaseUrl: string | undefined;
  /** Path of the protocol's endpoint below the base URL. */
  readonly path: string;
  readonly quirks: Quirks;
  /** Provider id in the price catalogue; undefined where prices come from the config alone. */
  readonly pricedAs: string | undefined;
  /** Headers that show the credential. */
  authorize(apiKey: string | undefined): Record<string, string>;
  /** Headers that every request carries unless the client sends its own. */
  readonly defaultHeaders: Readonly<Record<string, string>>;
  /** Parameters of a client's query that pass where both sides speak the provider's protocol. */
  readonly passQuery: readonly string[];
  /** A client's own headers that pass where both sides speak the provider's protocol. */
  readonly passHeaders: readonly string[];
}
