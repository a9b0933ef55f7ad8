-- Proves the violations of fixtures/lua by running them: luajit .ci/prove-nil.lua FILE...
--
-- For every line that is labelled `-- violation`, the function around it is called with made-up arguments, in a made-up
-- world, until that very line raises "attempt to index (or call) a nil value". Everything in that world is made up from
-- a seed: a table, a function, a string of the file, or nothing; the same question gets the same answer.

local ATTEMPTS = 100000

if jit then
  jit.off()
end

local function lines_of(path)
  local lines = {}
  for line in assert(io.open(path)):lines() do
    lines[#lines + 1] = line
  end
  return lines
end

-- The functions and the tables at the left margin become global, so that they can be called from outside.
local function exposed(lines)
  local text = {}
  for number, line in ipairs(lines) do
    text[number] = line:gsub("^local function ", "function "):gsub("^local ([%a_][%w_]* = {}%s*)$", "%1")
  end
  return table.concat(text, "\n")
end

-- The function around a line, and where it ends.
local function around(lines, number)
  for index = number, 1, -1 do
    local name = lines[index]:match("^local function ([%w_]+)") or lines[index]:match("^function ([%w_.:]+)")
    if name then
      return name, index
    end
    if lines[index] == "end" then
      return nil
    end
  end
end

local function strings_of(lines, from, to)
  local strings = {}
  for number = from, to do
    for text in lines[number]:gmatch("[\"']([%w_]+)[\"']") do
      strings[#strings + 1] = text
    end
    for text in lines[number]:gmatch("%[%[([%w_]+)%]%]") do
      strings[#strings + 1] = text
    end
  end
  return strings
end

local function world(strings)
  local make
  local meta = {
    __index = function(self, key)
      local value = make()
      rawset(self, key, value)
      return value
    end,
    __call = function(_, ...)
      for index = 1, select("#", ...) do
        local given = select(index, ...)
        if type(given) == "function" then
          given(make(), make())
        end
      end
      return make(), make()
    end,
    __concat = function() return "x" end,
    __lt = function() return math.random(2) == 1 end,
    __le = function() return math.random(2) == 1 end,
  }
  local function object()
    local length = math.random(0, 2)
    local value = {}
    for index = 1, length do
      value[index] = setmetatable({}, meta)
    end
    return setmetatable(value, meta)
  end
  function make()
    local choice = math.random(7)
    if choice == 1 then
      return nil
    elseif choice == 2 and #strings > 0 then
      return strings[math.random(#strings)]
    elseif choice == 3 then
      return math.random(2) == 1
    elseif choice == 4 then
      return math.random(0, 5)
    end
    return object()
  end
  return make, object
end

local function environment(make, object, watch)
  local function sometimes(value)
    return function()
      if math.random(2) == 1 then
        return value or object()
      end
      return nil, math.random(2) == 1 and "message" or nil
    end
  end
  local env = {}
  for name, value in pairs(_G) do
    env[name] = value
  end
  local function lines()
    local rest = 3
    return function()
      rest = rest - 1
      local line = rest > 0 and make()
      return type(line) == "string" and line or rest > 0 and "x" or nil
    end
  end
  env.io = { open = sometimes(), read = sometimes("x"), popen = sometimes(), write = function() end, lines = lines }
  env.os = { getenv = sometimes("x"), exit = function() error("exit") end }
  env.loadstring = sometimes(function() end)
  env.load = env.loadstring
  env.loadfile = env.loadstring
  env.package = { searchpath = sometimes("x"), path = "x" }
  env.print = function() end
  -- An error that a protected call catches was raised all the same.
  env.pcall = function(...)
    return watch(pcall(...))
  end
  env.log = function() end
  env.arg = {}
  env.require = function() return object() end
  env.ngx = setmetatable({
    exit = function() error("exit") end,
    log = function() end,
    var = setmetatable({}, { __index = function() return make() end }),
    re = { match = sometimes(), gmatch = sometimes() },
    shared = setmetatable({}, { __index = function() return { get = sometimes("x") } end }),
    req = {
      get_body_data = sometimes("x"),
      get_headers = function()
        return setmetatable({}, { __index = function() return make() end })
      end,
      get_uri_args = function() return {} end,
      get_method = function() return math.random(2) == 1 and "GET" or "PURGE" end,
      get_post_args = function() return {} end,
      read_body = function() end,
    },
  }, { __index = function() return object() end })
  return setmetatable(env, {
    __index = function()
      return object()
    end,
  })
end

local function compiled(source, path, env)
  if not setfenv then
    return assert(load(source, "@" .. path, "t", env))
  end
  return setfenv(assert(loadstring(source, "@" .. path)), env)
end

local function is_nil_at(message, number)
  local at, what = tostring(message):match(":(%d+): attempt to (%a+) .*nil value")
  return tonumber(at) == number and (what == "index" or what == "call")
end

local function prove(path, lines, number)
  local name, from = around(lines, number)
  name, from = name or "", from or 1
  local strings = strings_of(lines, from, number + 20 <= #lines and number + 20 or #lines)
  strings[#strings + 1] = "a=b"
  strings[#strings + 1] = ""
  local source = exposed(lines)
  for seed = 1, ATTEMPTS do
    math.randomseed(seed)
    local make, object = world(strings)
    local is_seen = false
    local env = environment(make, object, function(ok, ...)
      is_seen = is_seen or not ok and is_nil_at((...), number)
      return ok, ...
    end)
    local chunk = compiled(source, path, env)
    local is_loaded, problem = pcall(chunk)
    if not is_loaded and is_nil_at(problem, number) then
      return true
    end
    local owner, separator, method = name:match("^([%w_]+)([.:])([%w_]+)$")
    local target = rawget(env, owner or name)
    if owner and type(target) == "table" then
      local self = target
      target = rawget(target, method)
      if separator == ":" and type(target) == "function" then
        local plain = target
        target = function(...)
          local instance = object()
          return plain(setmetatable({}, { __index = function(_, key) return rawget(self, key) or instance[key] end }), ...)
        end
      end
    end
    if type(target) == "function" then
      local thread = coroutine.create(target)
      -- LuaJIT has one hook for all threads.
      debug.sethook(thread, function() error("too long") end, "", 100000)
      local ok, message = coroutine.resume(thread, make(), make(), make(), make())
      debug.sethook(thread)
      debug.sethook()
      if ok and type(message) == "function" then
        ok, message = pcall(message, make())
      end
      if is_seen or not ok and is_nil_at(message, number) then
        return true
      end
    end
  end
  return false
end

local proved, failed = 0, 0
for _, path in ipairs(arg) do
  local lines = lines_of(path)
  for number, line in ipairs(lines) do
    if line:match("%-%- violation") then
      if prove(path, lines, number) then
        proved = proved + 1
      else
        failed = failed + 1
        print(("%s:%d: not proved: %s"):format(path, number, line))
      end
    end
  end
end
print(("%d violations proved by running them, %d not"):format(proved, failed))
os.exit(failed == 0 and 0 or 1)
