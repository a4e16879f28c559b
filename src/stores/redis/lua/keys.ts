import { prelude } from './prelude.ts';

/** Virtual keys are in the hash `keys` by id, their hashes in `key-hashes`, and in `key-changes` the version each was changed in. */

/** Version, and the texts of all keys changed after version ARGV[1]; all of them too where this store's version is lower, since it then is another one. */
export const readKeysScript = `${prelude('read')}
local version = redis.call('GET', root .. 'key-version') or '0'
if tonumber(version) < tonumber(ARGV[1]) or ARGV[1] == '0' then return {version, redis.call('HVALS', root .. 'keys')} end
local texts = {}
for index, id in ipairs(redis.call('ZRANGEBYSCORE', root .. 'key-changes', '(' .. ARGV[1], '+inf')) do texts[index] = redis.call('HGET', root .. 'keys', id) end
return {version, texts}`;

/**
 * Compare and swap. ARGV: id, the text before ('' for none), the new text, hashes before and hashes now as JSON.
 * Versions are times, so that they grow also where a Redis has lost what it had.
 */
export const putKeyScript = `${prelude('write')}
local id, before = ARGV[1], redis.call('HGET', root .. 'keys', ARGV[1]) or ''
if before ~= ARGV[2] then return 0 end
local now = cjson.decode(ARGV[5])
for _, hash in ipairs(now) do
  local owner = redis.call('HGET', root .. 'key-hashes', hash)
  if owner and owner ~= id then return 0 end
end
for _, hash in ipairs(cjson.decode(ARGV[4])) do redis.call('HDEL', root .. 'key-hashes', hash) end
for _, hash in ipairs(now) do redis.call('HSET', root .. 'key-hashes', hash, id) end
local version = string.format('%.0f', math.max(timeOr(''), tonumber(redis.call('GET', root .. 'key-version') or 0) + 1))
redis.call('HSET', root .. 'keys', id, ARGV[3])
redis.call('SET', root .. 'key-version', version)
redis.call('ZADD', root .. 'key-changes', version, id)
return 1`;

/** Puts a record (ARGV[1]) before the others, of which ARGV[2] are kept. */
export const appendAuditScript = `${prelude('write')}
redis.call('LPUSH', root .. 'audit', ARGV[1])
redis.call('LTRIM', root .. 'audit', 0, ARGV[2] - 1)
return 1`;

/** The latest ARGV[1] records. */
export const listAuditScript = `${prelude('read')}
if tonumber(ARGV[1]) < 1 then return {} end
return redis.call('LRANGE', root .. 'audit', 0, ARGV[1] - 1)`;

/** 1 for the first who asks of name ARGV[1] within ARGV[2] milliseconds. */
export const firstScript = `${prelude('write')}
return redis.call('SET', root .. 'first:' .. ARGV[1], 1, 'NX', 'PX', ARGV[2]) and 1 or 0`;
