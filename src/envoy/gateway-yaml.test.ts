import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { readEnvironment } from '../config/environment.ts';
import { printEnvoy } from '../cli/envoy.ts';
import { findInstalledEnvoy } from './find.ts';
import { findSystemCaFile, imageCaFile } from './tls.ts';
import { validateConfig } from './validate.ts';

const { envoyPath: variable, searchPath } = readEnvironment();
const log = { info: () => {}, warn: () => {} };
const envoy = await findInstalledEnvoy({ given: undefined, variable, path: searchPath.join(':'), privateDirectory: resolve('.remora'), log });
const binary = envoy?.binary ?? '';

const folder = mkdtempSync(join(tmpdir(), 'remora-gateway-yaml-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The committed file, with root certificates where this machine has them. */
const committed = (): string => readFileSync('envoy/gateway.yaml', 'utf8').replaceAll(imageCaFile, findSystemCaFile() ?? 'none');

describe('Envoy', () => {
  beforeEach(({ skip }) => {
    skip(envoy === undefined, 'no Envoy is installed; npm run tools does it');
    skip(findSystemCaFile() === undefined, 'this machine has no bundle of root certificates');
  });

  test('accepts envoy/gateway.yaml without a warning', async () => {
    const file = join(folder, 'gateway.yaml');
    writeFileSync(file, committed());
    expect(await validateConfig(binary, file)).toEqual([]);
  });

  test('accepts what is printed for several sidecar processes, without a warning', async () => {
    const file = join(folder, 'several.yaml');
    const config = join(folder, 'remora.yaml');
    writeFileSync(
      config,
      'providers: { openai: { kind: openai, apiKey: sk-1 } }\nmodels: { fast: { targets: [{ provider: openai, model: gpt-5-mini }] } }\n',
    );
    printEnvoy({ config, listen: 'unix:/run/remora/extproc.sock', processes: '3', output: file });
    const printed = readFileSync(file, 'utf8').replaceAll(imageCaFile, findSystemCaFile() ?? 'none');
    expect(printed.match(/extproc(\.\d)?\.sock/g)).toEqual(expect.arrayContaining(['extproc.sock', 'extproc.1.sock', 'extproc.2.sock']));
    writeFileSync(file, printed);
    expect(await validateConfig(binary, file)).toEqual([]);
  });

  test.each([
    ['a field that does not exist', 'stat_prefix: gateway', 'stat_prefiks: gateway', 'stat_prefiks'],
    ['a value out of range', 'port_value: 8080', 'port_value: 80800', 'value must be less than or equal to 65535'],
    ['a file that does not exist', 'trusted_ca:\n                filename: /', 'trusted_ca:\n                filename: /nowhere/', '/nowhere/'],
    ['YAML that is none', 'node:', 'node: [', 'yaml'],
  ])('says in one line what is wrong with %s', async (_, right, wrong, said) => {
    const file = join(folder, 'mistake.yaml');
    const mistaken = committed().replace(right, wrong);
    expect(mistaken).not.toBe(committed());
    writeFileSync(file, mistaken);
    const message = await validateConfig(binary, file).catch((error: unknown) => String(error));
    expect(message).toContain(said);
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(800);
  });
});
