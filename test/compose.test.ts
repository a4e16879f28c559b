import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { loadConfig } from '../src/config/load.ts';

/** What our own checks read of the file; the Compose schema checks the rest. */
const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string().optional(),
      build: z.string().optional(),
      ports: z.array(z.string()).default([]),
      volumes: z.array(z.string()).default([]),
      command: z.array(z.string()).default([]),
      environment: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

const file = 'docker-compose.yml';
const written: unknown = parse(readFileSync(file, 'utf8'));
const { services } = composeSchema.parse(written);

const sidecarPort = services['remora']?.command.at(-1)?.split(':').at(-1);

/** Values for the variables that Compose hands to Remora. */
const variables = Object.fromEntries(
  Object.keys(services['remora']?.environment ?? {}).map((name) => [name, name.endsWith('_HASH') ? `sha256:${'0'.repeat(64)}` : 'secret']),
);

/**
 * The schema of the Compose specification: `schema/compose-spec.json` of github.com/compose-spec/compose-go v2.16.2 (Apache-2.0),
 * "The Compose Specification, Copyright 2020 The Compose Specification Authors".
 */
const specification = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync('test/compose-spec.json', 'utf8')));
const isCompose = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).compile(specification);

const faults = (document: unknown) => (isCompose(document) ? [] : isCompose.errors);

describe('docker-compose.yml', () => {
  test('is a Compose file', () => {
    expect(faults(written)).toEqual([]);
  });

  test('would not pass with a mistake in it', () => {
    expect(faults({ services: { envoy: { image: 'envoy', port: ['8080:8080'] } } })).not.toEqual([]);
  });

  test('runs pinned images, or builds ours', () => {
    for (const { image, build } of Object.values(services)) expect(image ?? build).toMatch(/^(\.|[a-z/-]+:v?\d+\.\d+\.\d+)$/);
  });

  test('publishes on the loopback interface only', () => {
    const ports = Object.values(services).flatMap((service) => service.ports);
    expect(ports).not.toEqual([]);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test('mounts files that are there, and only to be read', () => {
    const mounts = Object.values(services).flatMap(({ volumes }) => volumes.filter((volume) => volume.startsWith('.')));
    expect(mounts).not.toEqual([]);
    for (const mount of mounts) {
      const [source = '', , mode] = mount.split(':');
      expect(existsSync(source), `${source} exists`).toBe(true);
      expect(mode).toBe('ro');
    }
  });

  test('gives Remora a config that holds, with the variables it asks for', () => {
    expect([...loadConfig('docker/remora.yaml', variables).keys].map(({ name }) => name)).toEqual(['compose']);
  });

  // `npm run docs` runs this file with --update, which writes envoy/gateway.yaml.
  test('gives Envoy what `remora envoy` prints for that config (refresh: npm run docs)', async () => {
    const printed = execFileSync(
      process.execPath,
      ['bin/remora.js', 'envoy', '--config', 'docker/remora.yaml', '--listen', `remora:${sidecarPort}`],
      {
        env: { ...process.env, ...variables },
        encoding: 'utf8',
      },
    );
    await expect(printed).toMatchFileSnapshot('../envoy/gateway.yaml');
  });

  test("gives Envoy the addresses at which the other services are, and publishes Envoy's own", () => {
    const gateway = socketAddresses(parse(readFileSync('envoy/gateway.yaml', 'utf8')));
    expect(gateway).toContain(`remora:${sidecarPort}`);
    expect(gateway).toContain('jaeger:4318');
    expect(gateway).toContain('0.0.0.0:8080');
  });

  const docker = spawnSync('docker', ['compose', 'version']);
  test.skipIf(docker.status !== 0)('is read by Docker itself', () => {
    expect(() => execFileSync('docker', ['compose', '-f', file, 'config', '--quiet'], { env: { ...process.env, ...variables } })).not.toThrow();
  });
});

/** Every `host:port` that an Envoy config listens on or connects to. */
function socketAddresses(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { data } = z.object({ socket_address: z.object({ address: z.string(), port_value: z.number() }) }).safeParse(value);
  const own = data === undefined ? [] : [`${data.socket_address.address}:${data.socket_address.port_value}`];
  return [...own, ...Object.values(value).flatMap(socketAddresses)];
}
