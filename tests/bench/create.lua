-- wrk's requests that create nodes: wrk ... -s create.lua URL -- TAG. Names are TAG, thread and number.
local threads = 0

function setup(thread)
	threads = threads + 1
	thread:set("number", threads)
end

function init(args)
	tag, count = args[1], 0
end

function request()
	count = count + 1
	return wrk.format("POST", "/v1/nodes", {
		["Content-Type"] = "application/json",
		["X-OpenStack-Ironic-API-Version"] = "1.82",
	}, string.format([[{"name": "%s-%d-%d", "driver": "fake-hardware", "resource_class": "large",
		"driver_info": {"address": "10.0.0.1"}, "extra": {"rack": "r12", "unit": %d},
		"properties": {"cpu_arch": "x86_64", "cpus": 64, "memory_mb": 262144, "local_gb": 960,
		"capabilities": "boot_mode:uefi"}}]], tag, number, count, count))
end
