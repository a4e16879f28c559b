import { schemaVersion } from './migrations.ts';

/**
 * How every script begins: `KEYS[1]` is what all keys start with. A store of another form is left alone.
 * `write` marks a store that is empty as one of our form.
 */
export const prelude = (does: 'read' | 'write'): string => `
local root = KEYS[1]
local schema = redis.call('GET', root .. 'schema')
if schema and schema ~= '${schemaVersion}' then return redis.error_reply('REMORASCHEMA ' .. schema) end
${does === 'write' ? `if not schema then redis.call('SET', root .. 'schema', '${schemaVersion}') end` : ''}
-- In milliseconds since 1970: the caller's word for it, or else this Redis's.
local function timeOr(told)
  if told ~= '' then return tonumber(told) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;
