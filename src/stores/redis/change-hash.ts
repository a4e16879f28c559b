import type { Redis } from 'ioredis';
import { changeKey, isLater, readChange, type HealthChange } from '../../routing/health/change.ts';
import { shareForMs } from '../health-share.ts';

/** The last change of each thing, in a hash of Redis, and the channel of the same name that tells of each new one. */
export interface ChangeHash {
  /** Writes a change and tells of it, where it is later than what is there. */
  send(change: HealthChange): Promise<void>;
  /** What is there, by key. Throws away what is long past, or no change. */
  read(): Promise<Map<string, HealthChange>>;
}

/** Written as one script, so that of two that write at once the later change stays. What cannot be read there does not count. */
const sendScript = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text then
  local isRead, known = pcall(cjson.decode, text)
  if isRead and type(known) == 'table' and type(known.at) == 'number' and type(known.by) == 'string' then
    local at = tonumber(ARGV[3])
    if known.at > at or (known.at == at and known.by >= ARGV[4]) then return 0 end
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PUBLISH', KEYS[1], ARGV[2])
return 1`;

/** `now` is in milliseconds since 1970. */
export function createChangeHash(client: Redis, name: string, now: () => number): ChangeHash {
  return {
    async send(change) {
      await client.eval(sendScript, 1, name, changeKey(change), JSON.stringify(change), change.at, change.by, shareForMs);
    },
    async read() {
      const changes = new Map<string, HealthChange>();
      const useless: string[] = [];
      for (const [key, text] of Object.entries(await client.hgetall(name))) {
        const change = readChange(text);
        if (change === undefined || now() - change.at > shareForMs) useless.push(key);
        else changes.set(key, change);
      }
      if (useless.length > 0) await client.hdel(name, ...useless);
      return changes;
    },
  };
}

/** Those of some changes that are not in the hash yet. */
export const missingFrom = (there: ReadonlyMap<string, HealthChange>, changes: readonly HealthChange[]): HealthChange[] =>
  changes.filter((change) => isLater(change, there.get(changeKey(change))));
