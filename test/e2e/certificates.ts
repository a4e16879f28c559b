import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** What a TLS server shows: PEM of its certificate, followed by those of intermediate authorities, and of its key. */
export interface Certificate {
  cert: string;
  key: string;
}

/** What a server's certificate says. */
export interface Subject {
  /** DNS names, such as `localhost` or `*.example.com`. */
  names?: readonly string[];
  /** IPv4 addresses. */
  addresses?: readonly string[];
  commonName?: string;
  /** Days from now; a day ago to a day ahead where it does not say. */
  validDays?: readonly [from: number, to: number];
  /** What the key may be used for; servers where it does not say. */
  purpose?: 'server' | 'client';
}

/** A private certificate authority. */
export interface Authority {
  /** PEM of its own certificate: what a config's `caFile` holds. */
  root: string;
  issue(subject: Subject): Certificate;
  /** An authority below this one. Servers send its certificate with their own unless `isSent` is false. */
  intermediate(name: string, options?: { isSent?: boolean; isAuthority?: boolean }): Pick<Authority, 'issue'>;
}

/** A private certificate authority that nobody trusts yet. */
export function createAuthority(name: string): Authority {
  const keys = generateKeys();
  const root = certificate({ subject: name, isAuthority: true, publicKey: keys.publicKey }, { name, key: keys.privateKey });
  return { root, ...issuer({ name, key: keys.privateKey }, '') };
}

/** A server's certificate that no authority stands for but itself. */
export function selfSigned(subject: Subject): Certificate {
  const keys = generateKeys();
  const name = subject.commonName ?? 'self';
  return { cert: certificate({ ...subject, subject: name, publicKey: keys.publicKey }, { name, key: keys.privateKey }), key: toPem(keys.privateKey) };
}

interface Signer {
  name: string;
  key: KeyObject;
}

function issuer(signer: Signer, chain: string): Omit<Authority, 'root'> {
  return {
    issue(subject) {
      const keys = generateKeys();
      const own = certificate({ ...subject, subject: subject.commonName ?? 'server', publicKey: keys.publicKey }, signer);
      return { cert: own + chain, key: toPem(keys.privateKey) };
    },
    intermediate(name, { isSent = true, isAuthority = true } = {}) {
      const keys = generateKeys();
      const own = certificate({ subject: name, isAuthority, publicKey: keys.publicKey }, signer);
      return issuer({ name, key: keys.privateKey }, isSent ? own + chain : chain);
    },
  };
}

const generateKeys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

const toPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

type Contents = Subject & { subject: string; publicKey: KeyObject; isAuthority?: boolean };

/** An X.509 certificate (RFC 5280, section 4.1) as PEM, signed with ECDSA and SHA-256. */
function certificate({ subject, publicKey, validDays: [from, to] = [-1, 1], ...contents }: Contents, signer: Signer): string {
  const signature = sequence(oid('2a8648ce3d040302')); // ecdsa-with-SHA256
  const toBeSigned = sequence(
    der(0xa0, integer(Buffer.of(2))), // version 3
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    signature,
    distinguishedName(signer.name),
    sequence(time(from), time(to)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(contents))),
  );
  const bytes = sequence(toBeSigned, signature, bitString(0, sign('sha256', toBeSigned, signer.key)));
  return `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replaceAll(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

function extensions({ isAuthority = false, names = [], addresses = [], purpose = 'server' }: Omit<Contents, 'subject' | 'publicKey'>): Buffer[] {
  const alternatives = [
    ...names.map((name) => der(0x82, Buffer.from(name))),
    ...addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number)))),
  ];
  return [
    extension('551d13', sequence(...(isAuthority ? [der(0x01, Buffer.of(0xff))] : []))), // basicConstraints
    extension('551d0f', isAuthority ? bitString(2, Buffer.of(0x04)) : bitString(7, Buffer.of(0x80))), // keyUsage: keyCertSign, digitalSignature
    ...(isAuthority ? [] : [extension('551d25', sequence(oid(purpose === 'server' ? '2b06010505070301' : '2b06010505070302')))]), // extKeyUsage
    ...(alternatives.length > 0 ? [extension('551d11', sequence(...alternatives))] : []), // subjectAltName
  ];
}

/** Bytes as DER writes them (ITU-T X.690): tag, length, contents. */
function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([body.length < 0x80 ? Buffer.of(tag, body.length) : Buffer.of(tag, 0x80 + length.length, ...length), body]);
}

const sequence = (...items: Uint8Array[]): Buffer => der(0x30, ...items);
const integer = (bytes: Uint8Array): Buffer => der(0x02, bytes);
const bitString = (unusedBits: number, bytes: Uint8Array): Buffer => der(0x03, Buffer.of(unusedBits), bytes);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const extension = (id: string, value: Uint8Array): Buffer => sequence(oid(id), der(0x01, Buffer.of(0xff)), der(0x04, value));
const distinguishedName = (commonName: string): Buffer => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(commonName)))));

/** UTCTime, which ends with the year 2049. */
function time(days: number): Buffer {
  const date = new Date(Date.now() + days * 86_400_000).toISOString();
  return der(0x17, Buffer.from(`${date.slice(2, 19).replaceAll(/\D/g, '')}Z`));
}
