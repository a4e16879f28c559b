import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readEnvironment } from '../config/environment.ts';
import { loadConfig } from '../config/load.ts';
import { gatewayOptions } from './bootstrap.ts';
import { findInstalledEnvoy } from './find.ts';
import { printGateway } from './print.ts';
import { findSystemCaFile, imageCaFile } from './tls.ts';
import { validateConfig } from './validate.ts';

const { envoyPath, searchPath } = readEnvironment();
const quiet = { info: () => {}, warn: () => {} };
const envoy = await findInstalledEnvoy({
  given: undefined,
  variable: envoyPath,
  path: searchPath.join(':'),
  privateDirectory: resolve('.remora'),
  log: quiet,
});

const folder = mkdtempSync(join(tmpdir(), 'remora-compose-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('envoy/gateway.yaml', () => {
  const committed = resolve('envoy/gateway.yaml');

  test('is what the config of Docker Compose prints', async () => {
    const variables = { OPENAI_API_KEY: 'a', ANTHROPIC_API_KEY: 'b', REMORA_KEY_HASH: `sha256:${'0'.repeat(64)}` };
    const options = gatewayOptions(loadConfig('docker/remora.yaml', variables), {
      sidecars: [{ host: 'remora', port: 9000 }],
      admin: { host: '127.0.0.1', port: 9901 },
      systemCaFile: imageCaFile,
    });
    await expect(printGateway(options)).toMatchFileSnapshot(committed);
  });

  test('is accepted by Envoy, without a warning', async ({ skip }) => {
    if (envoy === undefined) return skip('no Envoy here; npm run tools installs it');
    const here = findSystemCaFile();
    if (here === undefined) return skip('no bundle of root certificates here');
    const file = join(folder, 'gateway.yaml');
    writeFileSync(file, readFileSync(committed, 'utf8').replaceAll(imageCaFile, here));
    expect(await validateConfig(envoy.binary, file)).toEqual([]);
  });

  test('would not be accepted with a mistake in it, and Envoy names the mistake in one line', async ({ skip }) => {
    if (envoy === undefined) return skip('no Envoy here; npm run tools installs it');
    const file = join(folder, 'mistake.yaml');
    const text = readFileSync(committed, 'utf8');
    for (const [right, wrong, said] of [
      ['stat_prefix: gateway', 'stat_prefiks: gateway', 'stat_prefiks'],
      ['port_value: 8080', 'port_value: 80800', 'value must be less than or equal to 65535'],
      [imageCaFile, '/nowhere.pem', '/nowhere.pem'],
    ] as const) {
      writeFileSync(file, text.replace(right, wrong));
      const error = await validateConfig(envoy.binary, file).catch((reason: unknown) => String(reason));
      expect(error).toContain(said);
      expect(error).not.toContain('\n');
    }
  });
});
