-- wrk -s predict.lua URL -- FLIGHTS.csv: posts one flight after the other to /predict, each as a
-- JSON object of features, and prints one line of figures at the end:
-- "figures REQUESTS SECONDS P50_MS P99_MS ERRORS". Rows vary: one row again and again would teach
-- the processor its way through the trees.
local text = {carrier = true, origin = true, dest = true, day_of_week = true}
local number = {distance = true, sched_dep_time = true, sched_arr_time = true, temp = true,
                wind_speed = true, precip = true, pressure = true, visib = true, backlog = true}
local LIMIT = 4000
local STEP = 7
local requests, at = {}, 0

local function cells(line)
    local list = {}
    for cell in (line .. ","):gmatch("([^,]*),") do
        list[#list + 1] = cell
    end
    return list
end

local function body(names, values)
    local parts = {}
    for i, name in ipairs(names) do
        local value = values[i]
        if text[name] then
            parts[#parts + 1] = string.format('"%s":"%s"', name, value)
        elseif number[name] then
            parts[#parts + 1] = string.format('"%s":%s', name, value == "" and "null" or value)
        end
    end
    return "{" .. table.concat(parts, ",") .. "}"
end

function init(args)
    local headers = {["Content-Type"] = "application/json"}
    local names, line = nil, 0
    for row in io.lines(args[1]) do
        line = line + 1
        if not names then
            names = cells(row)
        elseif line % STEP == 0 and #requests < LIMIT then
            requests[#requests + 1] = wrk.format("POST", "/predict", headers,
                                                 body(names, cells(row)))
        end
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format("figures %d %.6f %.3f %.3f %d\n", summary.requests,
        summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
