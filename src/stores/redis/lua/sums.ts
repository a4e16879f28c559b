import { rowAt } from '../entry-row.ts';

/**
 * Books entries, and keeps what those of each UTC day and of each quarter of an hour add up to, so that a new budget need not read the entries of its period.
 * `sums:d<day>` and `sums:q<quarter>` are hashes: under '' the pairs of model and provider there are, one per line; under an owner and the number of a pair, `nanos tokens`.
 * The entries themselves are in one hash per minute, by id. `days` has the days that have any.
 */
export const sums = `
local dayMs, quarterMs, minuteMs = 86400000, 900000, 60000
local chunk = 1000

local function expireAt(key, ms, now) redis.call('PEXPIRE', key, format('%.0f', math.max(ms - now, dayMs))) end

local function linesOf(text)
  local lines, indexes = {}, {}
  for line in string.gmatch(text or '', '[^\\n]+') do
    lines[#lines + 1] = line
    indexes[line] = #lines
  end
  return lines, indexes
end

-- Nanos and tokens of a text.
local function amountsOf(text)
  local nanos, tokens = string.match(text, '^(%d+) (%d+)$')
  return ofText(nanos), ofText(tokens)
end

local function forChunks(list, visit)
  for from = 1, #list, chunk do visit(from, math.min(from + chunk - 1, #list)) end
end

-- What the entries of one bucket add to its sums: by field, [nanos, tokens].
local function fieldsOf(key, cells, header)
  local lines, indexes = linesOf(redis.call('HGET', key, ''))
  local known, added, names = #lines, {}, {}
  for number, sum in pairs(cells) do
    local cell = header.cells[number]
    local kind = header.kinds[cell[1]]
    if not indexes[kind] then
      lines[#lines + 1] = kind
      indexes[kind] = #lines
    end
    for _, owner in ipairs(cell[2]) do
      local name = header.owners[owner] .. indexes[kind]
      local there = added[name]
      if there then
        there[1], there[2] = plus(there[1], sum[1]), plus(there[2], sum[2])
      else
        added[name] = {sum[1], sum[2]}
        names[#names + 1] = name
      end
    end
  end
  if #lines > known then redis.call('HSET', key, '', table.concat(lines, '\\n')) end
  return added, names
end

local function addSums(key, cells, header)
  local added, names = fieldsOf(key, cells, header)
  forChunks(names, function(from, to)
    local there = redis.call('HMGET', key, unpack(names, from, to))
    local changes = {}
    for index = from, to do
      local sum, text = added[names[index]], there[index - from + 1]
      if text then
        local nanos, tokens = amountsOf(text)
        sum = {plus(sum[1], nanos), plus(sum[2], tokens)}
      end
      changes[#changes + 1] = names[index]
      changes[#changes + 1] = toText(sum[1]) .. ' ' .. toText(sum[2])
    end
    redis.call('HSET', key, unpack(changes))
  end)
end

local function noteSum(buckets, name, cell, nanos, tokens)
  local cells = buckets[name]
  if not cells then
    cells = {}
    buckets[name] = cells
  end
  local sum = cells[cell]
  if sum then
    sum[1], sum[2] = plus(sum[1], nanos), plus(sum[2], tokens)
  else
    cells[cell] = {nanos, tokens}
  end
end

local function noteDay(day, header, now)
  if redis.call('ZADD', root .. 'days', day, day) == 0 then return end
  local past = redis.call('ZREMRANGEBYSCORE', root .. 'days', '-inf', floor((now - header.keepMs) / dayMs) - 1)
  if past > 0 then redis.call('SET', root .. 'removed', 1) end
end

-- Books what is not there yet. ARGV from 2 on: id and text of each entry.
local function book(header, now)
  local buckets, minutes, ends = {}, {}, {}
  for index, entry in ipairs(header.entries) do
    local minute = entry[1]
    if redis.call('HSETNX', root .. 'entries:' .. minute, ARGV[2 * index], ARGV[2 * index + 1]) == 1 then
      minutes[minute] = true
      local nanos, tokens = entry[3], entry[4]
      local day, quarter = floor(minute / 1440), floor(minute / 15)
      ends['d' .. day], ends['q' .. quarter] = (day + 1) * dayMs, (quarter + 1) * quarterMs
      noteSum(buckets, 'd' .. day, entry[2], nanos, tokens)
      noteSum(buckets, 'q' .. quarter, entry[2], nanos, tokens)
    end
  end
  for minute in pairs(minutes) do
    local day = floor(minute / 1440)
    expireAt(root .. 'entries:' .. minute, (minute + 1) * minuteMs + header.keepMs, now)
    redis.call('SETBIT', root .. 'minutes:' .. day, minute - day * 1440, 1)
    expireAt(root .. 'minutes:' .. day, (day + 1) * dayMs + header.keepMs, now)
    noteDay(day, header, now)
  end
  for name, cells in pairs(buckets) do
    addSums(root .. 'sums:' .. name, cells, header)
    expireAt(root .. 'sums:' .. name, ends[name] + header.keepMs, now)
  end
end

local function doesCount(row, counts)
  if counts.key and counts.key ~= row[${rowAt.key + 1}] then return false end
  if counts.user and counts.user ~= row[${rowAt.user + 1}] then return false end
  if counts.served and counts.served ~= row[${rowAt.served + 1}] then return false end
  if counts.provider and counts.provider ~= row[${rowAt.provider + 1}] then return false end
  if not counts.tenant then return true end
  for _, tenant in ipairs(row[${rowAt.tenants + 1}]) do if tenant == counts.tenant then return true end end
  return false
end

-- What the entries themselves add up to, from (inclusive) to (exclusive) in milliseconds.
local function sumOfEntries(move, from, to)
  local sum = 0
  for minute = floor(from / minuteMs), floor((to - 1) / minuteMs) do
    local flat = redis.call('HGETALL', root .. 'entries:' .. format('%.0f', minute))
    for index = 2, #flat, 2 do
      local row = cjson.decode(flat[index])
      local at = row[${rowAt.startedAt + 1}]
      if at >= from and at < to and doesCount(row, move.counts) then
        local usage = row[${rowAt.usage + 1}]
        sum = plus(sum, (move.unit == 'nanos' and row[${rowAt.costNanos + 1}] or usage[1] + usage[5]))
      end
    end
  end
  return sum
end

-- What a bucket's sums say of an owner; nil where it has nothing there.
local function sumOfBucket(name, move)
  local key = root .. 'sums:' .. name
  local fields = {}
  for index, line in ipairs((linesOf(redis.call('HGET', key, '')))) do
    local kind = cjson.decode(line)
    local isMeant = (not move.counts.served or move.counts.served == kind[1]) and (not move.counts.provider or move.counts.provider == kind[2])
    if isMeant then fields[#fields + 1] = move.owner .. index end
  end
  local sum = nil
  forChunks(fields, function(from, to)
    for _, text in ipairs(redis.call('HMGET', key, unpack(fields, from, to))) do
      if text then
        local nanos, tokens = amountsOf(text)
        sum = plus(sum or 0, move.unit == 'nanos' and nanos or tokens)
      end
    end
  end)
  return sum
end

-- A day that is in the period in part: by its quarters of an hour, and at the very edges by the entries.
local function sumOfPart(move, from, to)
  local sum = 0
  for quarter = floor(from / quarterMs), floor((to - 1) / quarterMs) do
    local there = sumOfBucket('q' .. format('%.0f', quarter), move)
    if there then
      local first, last = math.max(from, quarter * quarterMs), math.min(to, (quarter + 1) * quarterMs)
      if last - first < quarterMs then there = sumOfEntries(move, first, last) end
      sum = plus(sum, there)
    end
  end
  return sum
end

-- What a budget has spent before the store knew it: all entries of its period that count.
local function spentBefore(move)
  local sum = 0
  local lastDay = format('%.0f', floor((move.to - 1) / dayMs))
  for _, text in ipairs(redis.call('ZRANGEBYSCORE', root .. 'days', floor(move.from / dayMs), lastDay)) do
    local day = tonumber(text)
    local from, to = math.max(move.from, day * dayMs), math.min(move.to, (day + 1) * dayMs)
    if not move.owner then
      sum = plus(sum, sumOfEntries(move, from, to))
    else
      local there = sumOfBucket('d' .. text, move)
      if there and to - from < dayMs then there = sumOfPart(move, from, to) end
      if there then sum = plus(sum, there) end
    end
  end
  return sum
end
`;
