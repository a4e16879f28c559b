/**
 * Who lives: `holders` has every living holder by the time of its last sync, `dead` those that died with leases of budgets, by when these are past.
 * `holder:<id>` is what is known of one: the number of its last sync, what that granted, and whether it was given up.
 */
export const holders = `
local keepHolderMs = 604800000

local function holderKey(id) return root .. 'holder:' .. id end
local function leasesKey(id) return root .. 'leases:' .. id end

local function forLeases(holder, visit)
  local flat = redis.call('HGETALL', leasesKey(holder))
  for index = 1, #flat, 2 do
    local kind, lease, idle = leaseOf(flat[index + 1])
    visit(flat[index], kind, lease, idle)
  end
end

-- Changes a quota's sums by what one lease of it was; nil for a quota that is gone.
local function changeQuota(id, change)
  local values = redis.call('HMGET', quotaKey(id), 'kind', 'leased', 'dead', 'idle', 'level', 'to')
  if not values[1] then return nil end
  local quota = {leased = ofText(values[2]), dead = ofText(values[3]), idle = ofText(values[4]), level = values[5] and ofText(values[5])}
  change(quota)
  local fields = {'leased', toText(positive(quota.leased)), 'dead', toText(positive(quota.dead)), 'idle', toText(positive(quota.idle))}
  if quota.level then
    fields[7] = 'level'
    fields[8] = toText(quota.level)
  end
  redis.call('HSET', quotaKey(id), unpack(fields))
  return tonumber(values[6] or 0)
end

local function giveBack(holder, id, lease, idle)
  changeQuota(id, function(quota)
    quota.leased, quota.idle = minus(quota.leased, lease), minus(quota.idle, idle)
    if quota.level then quota.level = plus(quota.level, lease) end
  end)
  redis.call('HDEL', leasesKey(holder), id)
end

-- Its places and rates go to others. Its budgets it keeps: it may have spent what it held, and not told.
local function bury(holder, now)
  redis.call('HSET', holderKey(holder), 'forgotten', 1)
  redis.call('ZREM', root .. 'holders', holder)
  local latest = 0
  forLeases(holder, function(id, kind, lease, idle)
    local to = nil
    if kind == 'budget' then
      to = changeQuota(id, function(quota) quota.dead, quota.idle = plus(quota.dead, lease), minus(quota.idle, idle) end)
    end
    if to then
      latest = math.max(latest, to)
      redis.call('HSET', leasesKey(holder), id, 'budget ' .. toText(lease) .. ' 0')
    else
      giveBack(holder, id, lease, idle)
    end
  end)
  if latest == 0 then return end
  redis.call('ZADD', root .. 'dead', format('%.0f', latest), holder)
  for _, key in ipairs({holderKey(holder), leasesKey(holder)}) do
    if latest == greatest then redis.call('PERSIST', key)
    else redis.call('PEXPIRE', key, format('%.0f', math.max(latest - now, 0) + keepHolderMs)) end
  end
end

local function buryDead(now, deadAfterMs)
  local dead = redis.call('ZRANGEBYSCORE', root .. 'holders', '-inf', '(' .. format('%.0f', now - deadAfterMs))
  for _, holder in ipairs(dead) do bury(holder, now) end
  if #dead == 0 then return end
  redis.call('ZREMRANGEBYSCORE', root .. 'dead', '-inf', format('%.0f', now - keepHolderMs))
  changeVersion()
end

-- It lives after all, and what it holds of budgets is a living one's again.
local function revive(holder)
  if redis.call('ZREM', root .. 'dead', holder) == 0 then return end
  redis.call('PERSIST', leasesKey(holder))
  forLeases(holder, function(id, kind, lease) changeQuota(id, function(quota) quota.dead = minus(quota.dead, lease) end) end)
end

local function leave(holder)
  forLeases(holder, function(id, kind, lease, idle) giveBack(holder, id, lease, idle) end)
  redis.call('ZREM', root .. 'holders', holder)
  redis.call('HSET', holderKey(holder), 'left', 1)
  changeVersion()
end
`;
