/**
 * How the keys came to their present form: the Lua of entry i takes a store of version i + 1 to the next one, with `root` as the beginning of all keys.
 * An entry that has been released is never changed.
 */
const migrations: readonly string[] = [];

/** The form that this gateway reads and writes. */
export const schemaVersion = migrations.length + 1;

/** Takes a store of an older version (`ARGV[1]`) to the present one, once, whoever else does so too. */
export const migrationScript = (from: number): string => `
local root = KEYS[1]
if redis.call('GET', root .. 'schema') ~= ARGV[1] then return 0 end
${migrations
  .slice(from - 1)
  .map((lua) => `do ${lua} end`)
  .join('\n')}
redis.call('SET', root .. 'schema', '${schemaVersion}')
return 1`;
