-- One act on one gate: the window of call_gate, kept in one string. docs/redis-protocol.md has every byte of it.
--
-- KEYS[1]  the gate's key
-- ARGV[1]  its shape: base step in microseconds, number of spans, and for each its step in base steps and its frames
-- ARGV[2]  what is asked: words of 8 bytes, little-endian, as all words here
--
-- A span keeps totals in a ring: S[x % frames] is everything counted before its frame x. So what its window holds is
-- cum - S[oldest frame], and a frame that has passed is one more copy of cum. Numbers are exact up to 2^53 - 1.

local key, shape, ask = KEYS[1], ARGV[1], ARGV[2]
local call, pack, read, floor = redis.call, struct.pack, struct.unpack, math.floor
local TAG = 'CGATE\0\0\1'
local MOST = 9007199254740991
local NONE = 9007199254740992
-- how long a key whose limits were set live outlasts its counters, and the least life of any key, in milliseconds
local KEEP = 2592000000
local LEAST = 1

local time = call('TIME')
local now = time[1] * 1000000 + time[2]

local raw

-- The usual case by itself, because it is nearly all calls: one request, a gate's two spans, a frame that others have
-- booked in, and room. It is what the rest of the script would do, without what the rest needs.
if #shape == 48 and #ask == 64 then
  raw = call('GETRANGE', key, 0, 143)
  if #raw == 144 and string.sub(raw, 1, 8) == TAG and string.sub(raw, 9, 56) == shape then
    local op, flags, _, _, most, _, value, count = read('<I8I8I8I8I8I8I8I8', ask)
    local era, live, limit1, limit2, head, cum, _, _, _, start1, start2 = read('<I8I8I8I8I8I8I8I8I8I8I8', raw, 57)
    local total = cum + value
    if op == 1 and flags % 4 == 0 and most == 0 and count == 1 and total <= MOST and start1 <= cum and start2 <= cum
      and total - start1 <= limit1 and total - start2 <= limit2 and floor(now / read('<I8', shape)) == head then
      if value > 0 then call('SETRANGE', key, 96, pack('<I8', total)) end
      return pack('<I8I8I8I8I8I8I8I8I8I8', 0, now, head, era, live, limit1, cum - start1, limit2, cum - start2, 1)
    end
  end
end

-- the form of n words
local FORM = '<' .. string.rep('I8', 32)
local function words(n)
  if n <= 32 then return string.sub(FORM, 1, 1 + 2 * n) end
  return '<' .. string.rep('I8', n)
end

local base, spans = read('<I8I8', shape)
local sizes = {read(words(2 * spans), shape, 17)}
local fixed, mutable = 24 + 16 * spans, 7 + 2 * spans
local length = fixed + 8 * mutable

local head_of_ask = {read(words(2 + spans), ask)}
local op, flags, position = head_of_ask[1], head_of_ask[2], 17 + 8 * spans
local on_limits = flags % 4

-- what is stored

raw = raw or call('GETRANGE', key, 0, length - 1)
local fresh = raw == ''
local era, live, head, cum, lease_frame, leased, leased_before
local limit, start = {}, {}
if fresh then
  era, live, head, cum, lease_frame, leased, leased_before = now, floor(flags / 4) % 2, 0, 0, 0, 0, 0
  for i = 1, spans do limit[i], start[i] = head_of_ask[2 + i], 0 end
else
  if string.sub(raw, 1, 8) ~= TAG then return pack('<I8', 1) end
  if string.sub(raw, 9, fixed) ~= shape then
    return pack('<I8', 2) .. call('GETRANGE', key, 8, 24 + 16 * 64 - 1)
  end
  if #raw < length then return pack('<I8', 1) end
  local m = {read(words(mutable), raw, fixed + 1)}
  era, live, head, cum = m[1], m[2], m[3 + spans], m[4 + spans]
  lease_frame, leased, leased_before = m[5 + spans], m[6 + spans], m[7 + spans]
  for i = 1, spans do limit[i], start[i] = m[2 + i], m[7 + spans + i] end
end

-- limits that are asked for, before anything is judged by them

local function outlive(ms)
  if call('PTTL', key) < ms then call('PEXPIRE', key, ms) end
end

local function store_limits()
  live = 1
  if not fresh then
    call('SETRANGE', key, fixed + 8, pack(words(1 + spans), live, unpack(limit)))
    outlive(KEEP)
  end
end

if not fresh and (on_limits > 0 or op == 6) then
  local same = true
  for i = 1, spans do same = same and limit[i] == head_of_ask[2 + i] end
  if on_limits == 2 and not same then return pack(words(1 + spans), 3, unpack(limit)) end
  if op == 6 or not same then
    for i = 1, spans do limit[i] = head_of_ask[2 + i] end
    store_limits()
  end
end

-- the present: frame f, and where each span's window starts

local f = floor(now / base)
local gone, moved = false, false
if head > f then
  local longest = 0
  for i = 1, spans do longest = math.max(longest, sizes[2 * i - 1] * sizes[2 * i]) end
  if head - f > longest then
    -- the clock was far ahead of today's: to wait for it would stop the gate
    gone, era = true, math.max(era + 1, now)
  else
    f = head
  end
elseif head < f then
  moved, gone = true, true
  for i = 1, spans do
    local ratio, frames = sizes[2 * i - 1], sizes[2 * i]
    if floor(f / ratio) - floor(head / ratio) < frames then gone = false end
  end
end
if gone then cum = 0 end

local offset, cur, used = {}, {}, {}
local at = length
for i = 1, spans do
  offset[i], cur[i] = at, floor(f / sizes[2 * i - 1])
  if sizes[2 * i] > 1 then at = at + 8 * sizes[2 * i] end
end

-- everything counted before frame x of span i, which is in its window or the one after
local function before(i, x)
  if x < 0 then return 0 end
  if gone or x > floor(head / sizes[2 * i - 1]) then return cum end
  if sizes[2 * i] == 1 then return start[i] end
  local from = offset[i] + x % sizes[2 * i] * 8
  local word = call('GETRANGE', key, from, from + 7)
  if #word < 8 then return 0 end
  return (read('<I8', word))
end

if gone or moved then
  for i = 1, spans do start[i] = gone and 0 or before(i, cur[i] - sizes[2 * i] + 1) end
end
for i = 1, spans do
  used[i] = cum - start[i]
  if used[i] < 0 or cum > MOST then return pack('<I8', 1) end
end

-- judging

-- after how many more frames of span i what is left of today's window is at most `room`
local function ahead(i, booked, room)
  local low, high = 1, sizes[2 * i]
  while low < high do
    local middle = floor((low + high) / 2)
    if cum - before(i, cur[i] - sizes[2 * i] + 1 + middle) + booked <= room then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

-- the span that refuses `value` on top of `booked`, from 1, and how long until none does; 0 if none does now
local function refusal(value, booked)
  -- one without a limit of its own is named only if no other refuses
  local function named(i, other) return (other == 0 or limit[other] == NONE) and i or other end
  local full, never, frame = 0, 0, f + 1
  for i = 1, spans do
    local most = math.min(limit[i], MOST)
    if value > most then
      never = named(i, never)
    elseif value > 0 and value > most - used[i] - booked then
      full = named(i, full)
      frame = math.max(frame, (cur[i] + ahead(i, booked, most - value)) * sizes[2 * i - 1])
    end
  end
  if never > 0 then return never, 0 end
  if full > 0 then return full, frame * base - now end
  return 0, 0
end

local out = {0, now, f, era, live}
local function held()
  for i = 1, spans do
    out[4 + 2 * i], out[5 + 2 * i] = limit[i], cum - start[i]
  end
end
held()
local booked = 0
if op == 1 then
  -- update: a lease's size (0: none) and the frame of the last one, then groups of (value, count)
  local most, last, from = read('<I8I8', ask, position)
  local groups = {read(words((#ask - from + 1) / 8), ask, from)}
  local room = MOST
  for i = 1, spans do room = math.min(room, math.min(limit[i], MOST) - used[i]) end
  local lease_at
  if most > 0 then
    out[#out + 1] = 0
    lease_at = #out
  end
  for g = 1, #groups - 1, 2 do
    local value, count = groups[g], groups[g + 1]
    local admitted = count
    if value > 0 and value > room then
      admitted = 0
    elseif value > 0 and count > 1 then
      admitted = floor(room / value)
      -- the quotient of large numbers may be rounded up
      if admitted * value > room then admitted = admitted - 1 end
      admitted = math.min(admitted, count)
    end
    booked, room = booked + admitted * value, room - admitted * value
    local n = #out
    out[n + 1] = admitted
    if admitted < count then
      out[n + 2], out[n + 3] = refusal(value, booked)
      most = 0
    end
  end
  if most > 0 then
    -- how many processes lease in this frame, or did in the last one
    local frame, mine, others = lease_frame, leased, leased_before
    if frame ~= f then mine, others = 0, frame == f - 1 and leased or 0 end
    if last ~= f then mine = mine + 1 end
    local granted = math.min(most, floor(room / (2 * math.max(mine, others, 1))))
    if granted >= 2 then
      lease_frame, leased, leased_before = f, mine, others
      booked = booked + granted
      out[lease_at] = granted
    end
  end
  if booked == 0 then return pack(words(#out), unpack(out)) end

elseif op == 3 then
  -- peek: value
  local span, wait = refusal(read('<I8', ask, position), 0)
  local empty = 0
  for i = 1, spans do
    if used[i] > 0 then empty = math.max(empty, (cur[i] + ahead(i, 0, 0)) * sizes[2 * i - 1]) end
  end
  local n = #out
  out[n + 1], out[n + 2], out[n + 3] = span, wait, math.max(empty * base - now, 0)
  return pack(words(#out), unpack(out))
end

-- the span of base steps with the most frames: its totals are those of single frames
local ring = 1
for i = 1, spans do
  if sizes[2 * i - 1] == 1 and (sizes[2 * ring - 1] > 1 or sizes[2 * i] > sizes[2 * ring]) then ring = i end
end

if op == 4 then
  -- state: of the span of base steps with the most frames, the totals as they are stored
  local n, totals = #out, ''
  out[n + 1], out[n + 2], out[n + 3] = gone and f or head, cum, start[ring]
  if not gone and sizes[2 * ring] > 1 then
    totals = call('GETRANGE', key, offset[ring], offset[ring] + sizes[2 * ring] * 8 - 1)
  end
  return pack(words(#out), unpack(out)) .. totals
end

-- what follows writes

-- milliseconds until nothing that frame f holds counts any more, and a frame over
local function life()
  local ends = 0
  for i = 1, spans do ends = math.max(ends, (cur[i] + sizes[2 * i] + 1) * sizes[2 * i - 1]) end
  -- the server counts the life of a key from its last whole millisecond
  local ms = math.max(math.ceil((ends * base - now) / 1000) + 1, LEAST)
  if live == 1 then ms = math.max(ms, KEEP) end
  return ms
end

local function whole(frame)
  local m = {era, live, unpack(limit)}
  for _, word in ipairs({frame, cum, lease_frame, leased, leased_before, unpack(start)}) do m[#m + 1] = word end
  return TAG .. shape .. pack(words(mutable), unpack(m))
end

-- the totals of the frames that have passed, up to f; then `head` is f
local function roll()
  if not moved or gone or fresh then return end
  local total = pack('<I8', cum)
  for i = 1, spans do
    local frames = sizes[2 * i]
    local old = floor(head / sizes[2 * i - 1])
    local passed = cur[i] - old
    if frames > 1 and passed > 0 then
      if passed >= frames then
        call('SETRANGE', key, offset[i], string.rep(total, frames))
      else
        local first = (old + 1) % frames
        local here = math.min(passed, frames - first)
        call('SETRANGE', key, offset[i] + first * 8, string.rep(total, here))
        if passed > here then call('SETRANGE', key, offset[i], string.rep(total, passed - here)) end
      end
    end
  end
  head = f
end

-- takes `less` off the totals before frames `from` to cur[i] of span i; they are stored
local function lower(i, from, less)
  local frames = sizes[2 * i]
  while from <= cur[i] do
    local first = from % frames
    local n = math.min(cur[i] - from + 1, frames - first, 4096)
    local a = offset[i] + first * 8
    local old, new = call('GETRANGE', key, a, a + n * 8 - 1), {}
    for p = 1, n do
      local word = p * 8 <= #old and read('<I8', old, p * 8 - 7) or 0
      new[p] = pack('<I8', word - less)
    end
    call('SETRANGE', key, a, table.concat(new))
    from = from + n
  end
end

local function store()
  if fresh or gone then
    call('SET', key, whole(f), 'PX', life())
  else
    call('SETRANGE', key, fixed + 16 + 8 * spans,
      pack(words(5 + spans), f, cum, lease_frame, leased, leased_before, unpack(start)))
    if moved then call('PEXPIRE', key, life()) end
  end
end

-- books `value`: there is room for it
local function book(value)
  roll()
  if cum + value > MOST then
    -- totals are differences: what no window reaches any more is taken off all of them
    local least = cum
    for i = 1, spans do least = math.min(least, start[i]) end
    for i = 1, spans do
      if sizes[2 * i] > 1 then lower(i, cur[i] - sizes[2 * i] + 1, least) end
      start[i] = start[i] - least
    end
    cum = cum - least
  end
  cum = cum + value
  store()
end

if op == 1 then
  book(booked)

elseif op == 2 then
  -- refund: value, kind (0: no pass; 1: a pass; 2: a pass of a gate with credits), the pass's frame and era
  local value, kind, tag, of_era = read('<I8I8I8I8', ask, position)
  if kind == 0 then tag = f end
  local n = #out
  if kind > 0 and (of_era ~= era or tag > f or tag < f and (kind == 1 or gone or tag <= f - sizes[2 * ring])) then
    out[n + 1], out[n + 2] = 1, 0
  else
    local holds = (tag == f and cum or before(ring, tag + 1)) - before(ring, tag)
    if value > holds then
      out[n + 1], out[n + 2] = 2, holds
    else
      if value > 0 then
        roll()
        cum = cum - value
        for i = 1, spans do
          local ratio, frames = sizes[2 * i - 1], sizes[2 * i]
          local next, oldest = floor(tag / ratio) + 1, cur[i] - frames + 1
          if frames > 1 then lower(i, math.max(next, oldest), value) end
          if oldest >= next then start[i] = start[i] - value end
        end
        store()
        held()
      end
      out[n + 1], out[n + 2] = 0, holds
    end
  end

elseif op == 5 then
  -- clear: time stays where it was, and so does the key's
  if not fresh then
    cum, era = 0, math.max(era + 1, now)
    for i = 1, spans do start[i] = 0 end
    call('SET', key, whole(head), 'KEEPTTL')
  end

elseif op == 6 then
  -- limits: those of the head of what is asked, which are in force by now
  if fresh then
    live = 1
    call('SET', key, whole(0), 'PX', life())
    out[5] = live
  end

elseif op == 7 then
  -- seed, if nothing is counted: the newest frame, and values, newest first
  local newest, count, from = read('<I8I8', ask, position)
  local empty = true
  for i = 1, spans do empty = empty and used[i] == 0 end
  out[#out + 1] = empty and 1 or 0
  if empty then
    local rings, total = {}, 0
    for i = 1, spans do rings[i] = {} end
    for back = count - 1, 0, -1 do
      local frame = newest - back
      for i = 1, spans do
        local x = floor(frame / sizes[2 * i - 1])
        rings[i][x] = rings[i][x] or total
      end
      total = total + read('<I8', ask, from + back * 8)
    end
    f, cum = newest, total
    local stored = {}
    for i = 1, spans do
      local frames = sizes[2 * i]
      cur[i] = floor(f / sizes[2 * i - 1])
      local oldest = cur[i] - frames + 1
      start[i] = rings[i][oldest] or 0
      if frames > 1 then
        for slot = 0, frames - 1 do
          stored[#stored + 1] = pack('<I8', rings[i][oldest + (slot - oldest) % frames] or 0)
        end
      end
    end
    call('SET', key, whole(f) .. table.concat(stored), 'PX', life())
  end
end

return pack(words(#out), unpack(out))
