import { credentialNames } from '../providers/provider.ts';
import { readDocument } from './document.ts';
import type { Variables } from './environment.ts';
import { unsetVariables } from './variables.ts';

/** What stands in for a provider's key that nobody will use. */
const unused = 'unused';

/**
 * The environment with a text for each variable that is not set and that a credential of a provider names: for commands that call no provider.
 * Throws ConfigError where the text cannot be read.
 */
export function withoutProviderKeys(text: string, { path, env }: { path: string; env: Variables }): Variables {
  const { data } = readDocument(text, path);
  const providers = isFields(data) && isFields(data['providers']) ? Object.values(data['providers']) : [];
  const names = providers
    .filter(isFields)
    .flatMap(credentialsOf)
    .flatMap((written) => unsetVariables(written, env));
  return { ...env, ...Object.fromEntries(names.map((name) => [name, unused])) };
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The credential fields of a provider, or of each entry of its `credentials`, as they are written. */
function credentialsOf(provider: Fields): string[] {
  const { credentials } = provider;
  const entries = Array.isArray(credentials) ? (credentials as unknown[]).filter(isFields) : [provider];
  return entries.flatMap((entry) => credentialNames.flatMap((name) => (typeof entry[name] === 'string' ? [entry[name]] : [])));
}
