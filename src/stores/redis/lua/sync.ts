import { holders } from './holders.ts';
import { leases } from './leases.ts';
import { numbers } from './numbers.ts';
import { prelude } from './prelude.ts';
import { sums } from './sums.ts';
import { versions } from './versions.ts';

/**
 * One sync as a whole. ARGV: what is asked (JSON, see sync-request.ts), then id and text of each entry.
 * Answers holders, versions of the keys and of budgets, whether it was forgotten, and nine values of each quota but for moves that are not answered, which come last.
 */
export const syncScript = `${prelude('write')}${numbers}${versions}${sums}${leases}${holders}
local header = cjson.decode(ARGV[1])
local now = timeOr(header.now)
local me = header.holder
local known = redis.call('HMGET', holderKey(me), 'number', 'grants', 'told', 'left')
local last = tonumber(known[1] or 0)
local isRepeat = header.number <= last
-- What was granted or told in answer to a number before the last is past.
local isLast = header.number == last

-- One that left, and only did not hear the answer, stays away.
local isGone = known[4] == '1' and isRepeat
if not isGone then
  redis.call('ZADD', root .. 'holders', format('%.0f', now), me)
  revive(me)
end
buryDead(now, header.deadAfterMs)
local living = redis.call('ZCARD', root .. 'holders')

local isForgotten = redis.call('HGET', holderKey(me), 'forgotten') == '1'
local wasForgotten
if isRepeat then
  wasForgotten = isForgotten or (isLast and known[3] == '1')
  if isForgotten then redis.call('HSET', holderKey(me), 'told', 1, 'forgotten', 0) end
else
  -- One that has synced before, and is not known: this store has lost what it had.
  wasForgotten = isForgotten or (not known[1] and header.number > 1)
end

local quotas, leasesThere = {}, {}
if #header.moves > 0 then
  local ids = {}
  for index, move in ipairs(header.moves) do
    ids[index] = move.id
    quotas[index] = loadQuota(move, now)
  end
  forChunks(ids, function(from, to)
    for index, text in ipairs(redis.call('HMGET', leasesKey(me), unpack(ids, from, to))) do leasesThere[from + index - 1] = text end
  end)
end

if not isRepeat then book(header, now) end

if not isRepeat and (not known[1] or isForgotten) then changeVersion() end
local function versionOf(what) return tostring(redis.call('GET', root .. what) or '0') end
local grants, reply = {}, {living, versionOf('key-version'), versionOf('budget-version'), wasForgotten and 1 or 0}
local grantsBefore = {}
for text in string.gmatch(isLast and known[2] or '', '%d+') do grantsBefore[#grantsBefore + 1] = tonumber(text) end

for index, move in ipairs(header.moves) do
  local quota = quotas[index]
  local kind, lease, idle = leaseOf(leasesThere[index])
  local granted = grantsBefore[index] or 0
  if not isRepeat then
    if header.leaving then move.back = greatest end
    lease = use(move, quota, lease)
    granted = header.leaving and 0 or grant(move, quota, lease, living)
    lease = plus(lease, granted)
    noteWant(move, quota, me, granted, now)
    local idleNow = smaller(move.isUnanswered and idle or move.idle, lease)
    if not isSame(idle, idleNow) then
      quota.idle = positive(plus(quota.idle, minus(idleNow, idle)))
      quota.hasChanged = true
      idle = idleNow
    end
    local text = move.kind .. ' ' .. toText(lease) .. ' ' .. toText(idle)
    if isSame(lease, 0) then
      if leasesThere[index] then redis.call('HDEL', leasesKey(me), move.id) end
    elseif text ~= leasesThere[index] then
      redis.call('HSET', leasesKey(me), move.id, text)
    end
  end
  saveQuota(move, quota, now)
  grants[index] = format('%.0f', granted)
  if not move.isUnanswered then
    for _, value in ipairs(stateOf(quota, granted, lease, idle, isScarce(quota, me, now))) do reply[#reply + 1] = value end
  end
end

if not isRepeat then
  redis.call('HSET', holderKey(me), 'number', format('%.0f', header.number), 'grants', table.concat(grants, ' '), 'told', wasForgotten and 1 or 0, 'forgotten', 0, 'left', 0)
  redis.call('PEXPIRE', holderKey(me), keepHolderMs)
  if header.leaving then leave(me) end
end
return reply`;
