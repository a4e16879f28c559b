import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { withoutBrackets } from './address.ts';
import { EnvoyError } from './envoy-error.ts';
import { type ConfigObject, extension } from './typed.ts';

/** Where systems keep the root certificates they trust, in one PEM file. */
const systemCaFiles = [
  '/etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Alpine, and Envoy's own images
  '/etc/pki/tls/certs/ca-bundle.crt', // Fedora, RHEL, Amazon Linux
  '/etc/ssl/ca-bundle.pem', // openSUSE
  '/etc/ssl/cert.pem', // macOS, BSD
] as const;

/** The bundle of Envoy's own images: for a config that runs on another machine than the one it is printed on. */
export const imageCaFile = systemCaFiles[0];

/** The system's bundle of trusted root certificates; undefined where it is in none of the usual places. */
export const findSystemCaFile = (candidates: readonly string[] = systemCaFiles): string | undefined => candidates.find((file) => existsSync(file));

/**
 * TLS to an https address, with its certificate checked against `caFile` and its name against the host.
 * With `inline` the file's content is in the config, so that another content is another config: Envoy does not look at the file again.
 * @throws EnvoyError where there is nothing to check the certificate against.
 */
export function upstreamTls(url: URL, caFile: string | undefined, { inline = false } = {}): ConfigObject {
  if (caFile === undefined) {
    throw new EnvoyError(
      `There is nothing to check the certificate of ${url.host} against: this system has no bundle of root certificates in the usual places; install ca-certificates, or set caFile.`,
    );
  }
  const host = withoutBrackets(url.hostname);
  const isName = isIP(host) === 0;
  return extension('envoy.transport_sockets.tls', 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
    sni: isName ? host : undefined, // RFC 6066: a name, never an address
    common_tls_context: {
      tls_params: { tls_maximum_protocol_version: 'TLSv1_3' }, // Envoy's clients stop at 1.2 by default, which is their least too
      alpn_protocols: ['http/1.1'],
      validation_context: {
        trusted_ca: inline ? { inline_string: rootsIn(caFile) } : { filename: caFile },
        match_typed_subject_alt_names: [{ san_type: isName ? 'DNS' : 'IP_ADDRESS', matcher: { exact: host } }], // a chain alone would let any site pass
      },
    },
  });
}

function rootsIn(caFile: string): string {
  try {
    return readFileSync(caFile, 'utf8');
  } catch (error) {
    throw new EnvoyError(`caFile ${caFile} cannot be read; check that it is a file and that you may read it.`, { cause: error });
  }
}
