import { holders } from './holders.ts';
import { leases } from './leases.ts';
import { numbers } from './numbers.ts';
import { prelude } from './prelude.ts';
import { sums } from './sums.ts';
import { versions } from './versions.ts';

const parts = `${numbers}${versions}${sums}${leases}${holders}`;

/** Every budget that is in its period at ARGV[1]; the dead are those at ARGV[2] (empty: by the clock of Redis), after ARGV[3] ms. Eleven values of each. */
export const listBudgetsScript = `${prelude('read')}${parts}
local at, now = tonumber(ARGV[1]), timeOr(ARGV[2])
buryDead(now, tonumber(ARGV[3]))
redis.call('ZREMRANGEBYSCORE', root .. 'budgets', '-inf', format('%.0f', now - keepBudgetMs))
local reply = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', root .. 'budgets', '(' .. ARGV[1], '+inf')) do
  local values = redis.call('HMGET', quotaKey(id), 'unit', 'limit', 'counts', 'from', 'to', 'spent', 'leased', 'dead', 'extra')
  if values[1] and tonumber(values[4]) <= at then
    local quota = {limit = ofText(values[2]), spent = ofText(values[6]), leased = ofText(values[7]), extra = ofText(values[9])}
    reply[#reply + 1] = id
    for index = 1, 9 do reply[#reply + 1] = values[index] or '0' end
    reply[#reply + 1] = toText(leftOf(quota))
  end
end
return reply`;

/** Adds ARGV[2] to what may be spent of budget ARGV[1]. */
export const topUpScript = `${prelude('write')}${parts}
local values = redis.call('HMGET', quotaKey(ARGV[1]), 'kind', 'extra')
if values[1] ~= 'budget' then return 0 end
redis.call('HSET', quotaKey(ARGV[1]), 'extra', toText(plus(ofText(values[2]), ofText(ARGV[2]))))
changeVersion()
return 1`;

/** Raises what budget ARGV[1] has spent to what the entries say that ARGV[2] (JSON, as a new budget of a sync has it) counts, where that is more. */
export const recountScript = `${prelude('write')}${parts}
local spent = redis.call('HGET', quotaKey(ARGV[1]), 'spent')
if not spent then return 0 end
local total = spentBefore(cjson.decode(ARGV[2]))
if isLess(ofText(spent), total) then
  redis.call('HSET', quotaKey(ARGV[1]), 'spent', toText(total))
  changeVersion()
end
return 1`;

/** Frees what the dead hold of budget ARGV[1]; the dead are those at ARGV[2] (empty: by the clock of Redis), after ARGV[3] ms. */
export const releaseDeadScript = `${prelude('write')}${parts}
buryDead(timeOr(ARGV[2]), tonumber(ARGV[3]))
if redis.call('HGET', quotaKey(ARGV[1]), 'kind') ~= 'budget' then return 0 end
changeQuota(ARGV[1], function(quota) quota.leased, quota.dead = minus(quota.leased, quota.dead), 0 end)
for _, holder in ipairs(redis.call('ZRANGE', root .. 'dead', 0, -1)) do redis.call('HDEL', leasesKey(holder), ARGV[1]) end
changeVersion()
return 1`;

/**
 * What budgets (ids as JSON in ARGV[1]) have spent, and all minutes that have other entries than is known, both at one moment.
 * The minutes are those of days ARGV[2] to ARGV[3]; what is known is ARGV[4], as JSON: minute, number of entries, minute, ….
 * After each minute come its ids and entries, in one list, or an empty one where more than ARGV[5] entries come already.
 */
export const snapshotScript = `${prelude('read')}
local spent, changed, known, room = {}, {}, {}, tonumber(ARGV[5])
for index, id in ipairs(cjson.decode(ARGV[1])) do spent[index] = redis.call('HGET', root .. 'quota:' .. id, 'spent') or '' end
local flat = cjson.decode(ARGV[4])
for index = 1, #flat, 2 do known[flat[index]] = flat[index + 1] end
local function look(minute)
  local key = root .. 'entries:' .. minute
  local count = redis.call('HLEN', key)
  if count == (known[minute] or 0) then return end
  room = room - count
  changed[#changed + 1] = minute
  changed[#changed + 1] = room >= 0 and redis.call('HGETALL', key) or {}
end
for _, day in ipairs(redis.call('ZRANGEBYSCORE', root .. 'days', ARGV[2], ARGV[3])) do
  for index, byte in ipairs({string.byte(redis.call('GET', root .. 'minutes:' .. day) or '', 1, -1)}) do
    for place = 0, 7 do if bit.band(byte, bit.lshift(1, 7 - place)) ~= 0 then look(day * 1440 + (index - 1) * 8 + place) end end
  end
end
return {spent, changed}`;

/** The days with entries, from ARGV[1] to ARGV[2] (both inclusive), and whether any were removed because of their age. */
export const daysScript = `${prelude('read')}
return {redis.call('ZRANGEBYSCORE', root .. 'days', ARGV[1], ARGV[2]), redis.call('EXISTS', root .. 'removed'), redis.call('ZRANGE', root .. 'days', 0, 0)}`;
