import type { VirtualKey } from '../../identity/virtual-key.ts';
import type { KeyStore } from '../store.ts';
import type { RedisConnection } from './connection.ts';
import { putKeyScript, readKeysScript } from './lua/keys.ts';
import { toScript, valuesOf } from './script.ts';
import { fromKeyText, hashesOf, toKeyText } from '../virtual-key-text.ts';

const [readKeys, putKey] = [toScript(readKeysScript), toScript(putKeyScript)];

/** Virtual keys in a Redis. */
export function createKeyStore(connection: RedisConnection): KeyStore {
  async function since(after: number): Promise<{ version: number; keys: VirtualKey[] }> {
    const reply = await connection.run(readKeys, [after], true);
    const [version, texts] = valuesOf(reply);
    return { version: Number(version), keys: valuesOf(texts).map((text) => fromKeyText(String(text))) };
  }
  return {
    all: () => since(0),
    since,
    async put(key, before) {
      const hashes = [before === undefined ? [] : hashesOf(before), hashesOf(key)].map((list) => JSON.stringify(list));
      return (await connection.run(putKey, [key.id, before === undefined ? '' : toKeyText(before), toKeyText(key), ...hashes], false)) === 1;
    },
  };
}
