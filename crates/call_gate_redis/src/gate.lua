-- One act on one gate: the window of call_gate, kept in one string. docs/redis-protocol.md has every byte of it.
--
-- KEYS[1]  the gate's key
-- KEYS[2]  the key of what requests cost, where that is counted: both book or neither does
-- ARGV[1]  its shape: base step in microseconds, number of spans, and for each its step in base steps and its frames;
--          then that of the second key
-- ARGV[2]  what is asked: words of 8 bytes, little-endian, as all words here
-- ARGV[3]  what is asked of the second key
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
  raw = call('GETRANGE', key, '0', '143')
  if #raw == 144 and string.sub(raw, 1, 8) == TAG and string.sub(raw, 9, 56) == shape then
    local op, flags, _, _, most, _, value, count = read('<I8I8I8I8I8I8I8I8', ask)
    local era, live, limit1, limit2, head, cum, _, _, _, start1, start2 = read('<I8I8I8I8I8I8I8I8I8I8I8', raw, 57)
    local total = cum + value
    if op == 1 and flags % 4 == 0 and most == 0 and count == 1 and total <= MOST and start1 <= cum and start2 <= cum
      and limit1 <= NONE and limit2 <= NONE
      and total - start1 <= limit1 and total - start2 <= limit2 and floor(now / read('<I8', shape)) == head then
      if value > 0 then call('SETRANGE', key, '96', pack('<I8', total)) end
      return pack('<I8I8I8I8I8I8I8I8I8I8', 0, now, head, era, live + 2, limit1, cum - start1, limit2, cum - start2, 1)
    end
  end
end

-- the form of n words
local FORM = '<I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8I8'
local function words(n)
  if n <= 32 then return string.sub(FORM, 1, 1 + 2 * n) end
  return '<' .. string.rep('I8', n)
end

-- What one key does: all of it, or nothing but putting limits in force, or no more than to say what it would do.
local DO, HOLD, LOOK = 0, 1, 2

-- The answer of one key, and whether it books or takes back what is asked; nil: it must not be touched.
local function run(key, shape, ask, how, raw)
  local base, spans = read('<I8I8', shape)
  local sizes = {read(words(2 * spans), shape, 17)}
  local op, flags = read('<I8I8', ask)
  local on_limits, position = flags % 4, 17 + 8 * spans

  -- What is stored after the shape, word by word, and where in it: the era, whether limits were set live, the limits, the
  -- head, the total, three words about leases, and the totals before the windows.
  local m
  local ERA, LIVE, LIMIT, HEAD, TOTAL, LEASES, START = 1, 2, 2, 3 + spans, 4 + spans, 5 + spans, 7 + spans
  local fixed, length = 24 + 16 * spans, 80 + 32 * spans

  raw = raw or call('GETRANGE', key, 0, length - 1)
  local fresh = raw == ''
  if fresh then
    m = {now, floor(flags / 4) % 2}
    for i = 1, spans do m[LIMIT + i] = read('<I8', ask, 9 + 8 * i) end
    for i = HEAD, START + spans do m[i] = 0 end
  else
    if string.sub(raw, 1, 8) ~= TAG then return pack('<I8', 1) end
    if string.sub(raw, 9, fixed) ~= shape then
      return pack('<I8', 2) .. call('GETRANGE', key, 8, 24 + 16 * 65 - 1)
    end
    if #raw < length then return pack('<I8', 1) end
    m = {read(words(START + spans), raw, fixed + 1)}
    m[START + spans + 1] = nil
    for i = 1, spans do
      if m[START + i] > m[TOTAL] or m[LIMIT + i] > NONE then return pack('<I8', 1) end
    end
    if m[TOTAL] > MOST or m[ERA] > MOST then return pack('<I8', 1) end
  end

  -- limits that are asked for, before anything is judged by them
  local set = false
  if not fresh and (on_limits > 0 or op == 6) then
    local asked, same = {read(words(spans), ask, 17)}, true
    for i = 1, spans do same = same and m[LIMIT + i] == asked[i] end
    if on_limits == 2 and not same then return pack(words(1 + spans), 3, unpack(m, LIMIT + 1, LIMIT + spans)) end
    if op == 6 or not same then
      for i = 1, spans do m[LIMIT + i] = asked[i] end
      set = true
    end
  end
  if op == 8 then
    -- one span's limit: its number, from 1, and the limit
    local span, limit = read('<I8I8', ask, position)
    m[LIMIT + span] = limit
    set = true
  end
  if set then
    m[LIVE] = 1
    if not fresh and how ~= LOOK then
      call('SETRANGE', key, fixed + 8, pack(words(1 + spans), unpack(m, LIVE, LIMIT + spans)))
      if call('PTTL', key) < KEEP then call('PEXPIRE', key, KEEP) end
    end
  end

  -- the present: frame f, and the totals before the windows that end with it
  local f, head = floor(now / base), m[HEAD]
  local gone, moved = false, false
  if head > f then
    local longest = 0
    for i = 1, spans do longest = math.max(longest, sizes[2 * i - 1] * sizes[2 * i]) end
    if head - f > longest then
      -- the clock was far ahead of today's: to wait for it would stop the gate
      gone, m[ERA] = true, math.max(m[ERA] + 1, now)
    else
      f = head
    end
  elseif head < f then
    moved, gone = true, true
    for i = 1, spans do
      local ratio = sizes[2 * i - 1]
      if floor(f / ratio) - floor(head / ratio) < sizes[2 * i] then gone = false end
    end
  end
  if gone then m[TOTAL] = 0 end

  -- the frame of span i that is current
  local function current(i) return floor(f / sizes[2 * i - 1]) end

  -- where the ring of span i begins
  local function ring_of(i)
    local at = length
    for other = 1, i - 1 do
      if sizes[2 * other] > 1 then at = at + 8 * sizes[2 * other] end
    end
    return at
  end

  -- everything counted before frame x of span i, which is in its window or the one after; `totals` is its ring, if at hand
  local function before(i, x, totals)
    if x < 0 then return 0 end
    if gone or x > floor(head / sizes[2 * i - 1]) then return m[TOTAL] end
    if sizes[2 * i] == 1 then return m[START + i] end
    local at = x % sizes[2 * i] * 8
    if not totals then
      at = at + ring_of(i)
      totals, at = call('GETRANGE', key, at, at + 7), 0
    end
    if at + 8 > #totals then return 0 end
    return (read('<I8', totals, at + 1))
  end

  for i = 1, spans do
    if gone then
      m[START + i] = 0
    elseif moved then
      m[START + i] = before(i, current(i) - sizes[2 * i] + 1)
      if m[START + i] > m[TOTAL] then return pack('<I8', 1) end
    end
  end

  -- judging

  -- after how many more frames of span i what is left of today's window, and `booked`, is at most `room`
  local function ahead(i, booked, room)
    local low, high = 1, sizes[2 * i]
    local oldest, totals = current(i) - high + 1, nil
    -- a short ring is read at once
    if high > 1 and high <= 512 then totals = call('GETRANGE', key, ring_of(i), ring_of(i) + high * 8 - 1) end
    while low < high do
      local middle = floor((low + high) / 2)
      if m[TOTAL] - before(i, oldest + middle, totals) + booked <= room then
        high = middle
      else
        low = middle + 1
      end
    end
    return low
  end

  -- the span that refuses `value` on top of `booked`, from 1, and how long until none does; 0 if none does now
  local function refusal(value, booked)
    local full, never, frame = 0, 0, f + 1
    for i = 1, spans do
      local most = math.min(m[LIMIT + i], MOST)
      -- a span without a limit of its own is named only if no other refuses
      if value > most then
        if never == 0 or m[LIMIT + never] == NONE then never = i end
      elseif value > 0 and value > most - (m[TOTAL] - m[START + i]) - booked then
        if full == 0 or m[LIMIT + full] == NONE then full = i end
        frame = math.max(frame, (current(i) + ahead(i, booked, most - value)) * sizes[2 * i - 1])
      end
    end
    if never > 0 then return never, 0 end
    if full > 0 then return full, frame * base - now end
    return 0, 0
  end

  -- the answer: n words of it so far, in a table that has room for more; and whether the other key may go on
  local out, n, free = {0, now, f, m[ERA], m[LIVE] + (fresh and 0 or 2), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 5 + 2 * spans, true
  for i = 1, spans do
    out[4 + 2 * i], out[5 + 2 * i] = m[LIMIT + i], m[TOTAL] - m[START + i]
  end
  local function answer() return pack(words(n), unpack(out, 1, n)), free end
  local booked = 0

  if op == 1 then
    -- update: a lease's size (0: none) and the frame of the last one, then groups of (value, count)
    local most, last, from = read('<I8I8', ask, position)
    local room = MOST
    for i = 1, spans do room = math.min(room, math.min(m[LIMIT + i], MOST) - out[5 + 2 * i]) end
    local lease_at
    if most > 0 then
      n = n + 1
      lease_at, out[n] = n, 0
    end
    while from < #ask do
      local value, count
      value, count, from = read('<I8I8', ask, from)
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
      n = n + 1
      out[n] = admitted
      if admitted < count then
        out[n + 1], out[n + 2] = refusal(value, booked)
        n, most, free = n + 2, 0, false
      end
    end
    if most > 0 then
      -- how many processes lease in this frame, or did in the last one
      local frame, mine, others = m[LEASES], m[LEASES + 1], m[LEASES + 2]
      if frame ~= f then mine, others = 0, frame == f - 1 and mine or 0 end
      if last ~= f then mine = mine + 1 end
      local granted = math.min(most, floor(room / (2 * math.max(mine, others, 1))))
      if granted >= 2 then
        m[LEASES], m[LEASES + 1], m[LEASES + 2] = f, mine, others
        booked = booked + granted
        out[lease_at] = granted
      end
    end
    if booked == 0 or how ~= DO then return answer() end
    out[5] = m[LIVE] + 2

  elseif op == 3 then
    -- peek: value
    local span, wait = refusal(read('<I8', ask, position), 0)
    local empty = 0
    for i = 1, spans do
      if m[TOTAL] > m[START + i] then empty = math.max(empty, (current(i) + ahead(i, 0, 0)) * sizes[2 * i - 1]) end
    end
    out[n + 1], out[n + 2], out[n + 3] = span, wait, math.max(empty * base - now, 0)
    n = n + 3
    return answer()
  end

  -- the span of base steps with the most frames: its totals are those of single frames
  local ring = 1
  for i = 1, spans do
    if sizes[2 * i - 1] == 1 and (sizes[2 * ring - 1] > 1 or sizes[2 * i] > sizes[2 * ring]) then ring = i end
  end

  if op == 4 then
    -- state: the totals as they are stored
    local totals = ''
    out[n + 1], out[n + 2], out[n + 3] = gone and f or head, m[TOTAL], m[START + ring]
    n = n + 3
    if not gone and sizes[2 * ring] > 1 then
      totals = call('GETRANGE', key, ring_of(ring), ring_of(ring) + sizes[2 * ring] * 8 - 1)
    end
    return (answer()) .. totals
  end

  -- what follows writes

  -- milliseconds until nothing that frame f holds counts any more, and a frame over
  local function life()
    local ends = 0
    for i = 1, spans do ends = math.max(ends, (current(i) + sizes[2 * i] + 1) * sizes[2 * i - 1]) end
    -- the server counts the life of a key from its last whole millisecond
    local ms = math.max(math.ceil((ends * base - now) / 1000) + 1, LEAST)
    if m[LIVE] == 1 then ms = math.max(ms, KEEP) end
    return ms
  end

  local function whole() return TAG .. shape .. pack(words(#m), unpack(m)) end

  -- the totals of the frames that have passed, up to f; then that is the head
  local function roll()
    local total = pack('<I8', m[TOTAL])
    for i = 1, spans do
      local frames, at = sizes[2 * i], ring_of(i)
      local old = floor(head / sizes[2 * i - 1])
      local passed = current(i) - old
      if frames > 1 and passed > 0 and not gone and not fresh then
        if passed >= frames then
          call('SETRANGE', key, at, string.rep(total, frames))
        else
          local first = (old + 1) % frames
          local here = math.min(passed, frames - first)
          call('SETRANGE', key, at + first * 8, string.rep(total, here))
          if passed > here then call('SETRANGE', key, at, string.rep(total, passed - here)) end
        end
      end
    end
    m[HEAD], head = f, f
  end

  -- takes `less` off the totals before frames `from` to the current one of span i; they are stored
  local function lower(i, from, less)
    local frames, last = sizes[2 * i], current(i)
    while from <= last do
      local first = from % frames
      local n = math.min(last - from + 1, frames - first, 2048)
      local at = ring_of(i) + first * 8
      local old = call('GETRANGE', key, at, at + n * 8 - 1)
      -- what is missing at the end of a string is 0
      local totals = {read(words(n), old .. string.rep('\0', n * 8 - #old))}
      for p = 1, n do totals[p] = totals[p] - less end
      call('SETRANGE', key, at, pack(words(n), unpack(totals, 1, n)))
      from = from + n
    end
  end

  local function store()
    if fresh or gone then
      call('SET', key, whole(), 'PX', life())
    else
      call('SETRANGE', key, fixed + 8 * HEAD - 8, pack(words(#m - HEAD + 1), unpack(m, HEAD, #m)))
      if moved then call('PEXPIRE', key, life()) end
    end
  end

  if op == 1 then
    roll()
    if m[TOTAL] + booked > MOST then
      -- totals are differences: what no window reaches any more is taken off all of them
      local least = m[TOTAL]
      for i = 1, spans do least = math.min(least, m[START + i]) end
      for i = 1, spans do
        if sizes[2 * i] > 1 then lower(i, current(i) - sizes[2 * i] + 1, least) end
        m[START + i] = m[START + i] - least
      end
      m[TOTAL] = m[TOTAL] - least
    end
    m[TOTAL] = m[TOTAL] + booked
    store()

  elseif op == 2 then
    -- refund: value, kind (0: no pass; 1: a pass; 2: a pass of a gate with credits), the pass's frame and era
    local value, kind, tag, era = read('<I8I8I8I8', ask, position)
    if kind == 0 then tag = f end
    n = n + 2
    local holds
    if kind == 0 or era == m[ERA] and (tag == f or kind == 2 and tag < f and not gone) then
      -- as much as every frame holds that it is a part of and that is in its window
      for i = 1, spans do
        local frame, newest = floor(tag / sizes[2 * i - 1]), current(i)
        if frame > newest - sizes[2 * i] then
          local held = (frame == newest and m[TOTAL] or before(i, frame + 1)) - before(i, frame)
          holds = math.min(holds or held, held)
        end
      end
    end
    if not holds then
      out[n - 1], out[n] = 1, 0
    else
      if holds < 0 then return pack('<I8', 1) end
      if value > holds then
        out[n - 1], out[n], free = 2, holds, false
      else
        if value > 0 and how == DO then
          roll()
          m[TOTAL] = m[TOTAL] - value
          for i = 1, spans do
            local next, oldest = floor(tag / sizes[2 * i - 1]) + 1, current(i) - sizes[2 * i] + 1
            if sizes[2 * i] > 1 then lower(i, math.max(next, oldest), value) end
            if oldest >= next then m[START + i] = m[START + i] - value end
            out[5 + 2 * i] = m[TOTAL] - m[START + i]
          end
          store()
        end
        out[n - 1], out[n] = 0, holds
      end
    end

  elseif op == 5 then
    -- clear: time stays where it was, and so does the key's
    if not fresh and how == DO then
      m[TOTAL], m[ERA] = 0, math.max(m[ERA] + 1, now)
      for i = 1, spans do m[START + i] = 0 end
      local ms = call('PTTL', key)
      call('SET', key, whole(), 'PX', ms > 0 and ms or life())
    end

  elseif op == 6 or op == 8 then
    -- limits: those of the head of what is asked, or one of them another; they are in force by now
    if fresh then
      m[LIVE], out[5] = 1, 3
      call('SET', key, whole(), 'PX', life())
    end

  elseif op == 7 then
    -- seed, if nothing is counted: the newest frame, the total, the totals before the windows, and the rings as they are
    -- stored
    local empty = true
    for i = 1, spans do empty = empty and m[TOTAL] == m[START + i] end
    n = n + 1
    out[n] = empty and 1 or 0
    if empty then
      m[HEAD], m[TOTAL] = read('<I8I8', ask, position)
      for i = 1, spans do m[START + i] = read('<I8', ask, position + 8 + 8 * i) end
      f, m[ERA] = math.max(m[HEAD], f), fresh and now or math.max(m[ERA] + 1, now)
      call('SET', key, whole() .. string.sub(ask, position + 16 + 8 * spans), 'PX', life())
    end
  end

  return answer()
end

if not KEYS[2] then return (run(key, shape, ask, DO, raw)) end

-- Two keys: the first says what it would do, then the second does it, if both may, and then the first. The answer: how
-- many bytes of it are the first's, then both answers; or only that of the one that must not be touched.
local cut = 16 + 16 * read('<I8', shape, 9)
local first, second = string.sub(shape, 1, cut), string.sub(shape, cut + 1)
local one, may = run(key, first, ask, LOOK)
if may == nil then return pack('<I8', #one) .. one end
local two, does = run(KEYS[2], second, ARGV[3], may and DO or HOLD)
if does == nil then return pack('<I8', 0) .. two end
one = run(key, first, ask, may and does and DO or HOLD)
return pack('<I8', #one) .. one .. two
