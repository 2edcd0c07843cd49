/* The verbs of nodes beyond those of every resource, with their options, help and examples. */
#include "conductor/cli/below.h"
#include "conductor/cli/inventory.h"
#include "conductor/cli/passthru.h"
#include "conductor/cli/tell.h"
#include "conductor/cli/verbs.h"

#define WAIT_HELP   "wait until it is done, with live progress, not longer than so; 0: for ever"
#define DRIVE_HELP  "JSON {meta_data, network_data, user_data}, an image, a folder, a URL"
#define STEPS_KINDS "FILE|JSON"

static const struct cli_option all[] = {{"all", NULL, "every node there is"}};
static const struct cli_option wait[] = {{"wait", "[SECONDS]", WAIT_HELP},
	{"timeout", "SECONDS", "wait no longer; 7200 when not given"}};
static const struct cli_option timeout[] = {{"timeout", "SECONDS", "watch no longer"},
	{"until", "STATE", "the state to come to; when not given, until nothing is under way"}};
static const struct cli_option destroys[] = {{"yes", NULL, "do not ask"},
	{"dry-run", NULL, "show what would be touched and what refused, change nothing"},
	{"max", "N", "allow so many nodes at once; 50 when not given"}};
static const struct cli_option deploy_options[] = {
	{"image", "URL", "disk image: http, https or oci"},
	{"checksum", "SUM|URL", "its SHA-256 or SHA-512, or the URL of a checksum file"},
	{"disk-format", "FORMAT", "raw or qcow2, when the image does not tell"},
	{"config-drive", "FILE|JSON|URL", DRIVE_HELP},
	{"hostname", "NAME", "host name for the config drive; {name} is the node's"},
	{"root-device", "HINTS", "which disk: serial=ABC or size=\">= 100\",rotational=false"},
	{"keep-data", NULL, "write nothing when the chosen disk carries data; say which"},
	{"kexec", NULL, "start the system's kernel without going through the firmware"},
	{"deploy-steps", STEPS_KINDS, "further steps: [{interface, step, args, priority}]"}};
static const struct cli_option rebuild_option[] = {{"rebuild", NULL, "write over active nodes"}};
static const struct cli_option clean_options[] = {
	{"clean-steps", STEPS_KINDS, "what to do: [{interface, step, args}]"},
	{"steps", STEPS_KINDS, "the same"}, {"runbook", "RUNBOOK", "the steps of this runbook"},
	{"disable-ramdisk", NULL, "do not boot the agent; only steps that need none"}};
static const struct cli_option service_options[] = {
	{"service-steps", STEPS_KINDS, "what to do: [{interface, step, args}]"},
	{"steps", STEPS_KINDS, "the same"}, {"runbook", "RUNBOOK", "the steps of this runbook"},
	{"disable-ramdisk", NULL, "do not boot the agent; only steps that need none"}};
static const struct cli_option rescue_options[] = {{"rescue-password", "[PASSWORD]",
	"of the user rescue: @FILE reads it, nothing or ? asks for it"}};
static const struct cli_option power_options[] = {
	{"soft", NULL, "with off and reboot: the system shuts itself down"},
	{"power-timeout", "SECONDS", "how long the change may take"}};
static const struct cli_option logs_options[] = {
	{"list", NULL, "show which there are (the default)"},
	{"file", "FILE", "this one; the newest when not given"},
	{"output", "FILE", "write the archive there; - is standard output"}};
static const struct cli_option maintenance_options[] = {{"reason", "TEXT", "why, for others"}};
static const struct cli_option fields[] = {{"fields", "FIELD...", "only these"}};
static const struct cli_option fields_long[] = {
	{"fields", "FIELD...", "only these"}, {"long", NULL, "all there is to know of each"}};
static const struct cli_option persistent[] = {
	{"persistent", NULL, "for every boot from now on, not only the next"}};
static const struct cli_option supported[] = {
	{"supported", NULL, "which devices can be set instead"}};
static const struct cli_option vif_options[] = {{"port-uuid", "UUID", "the port to attach it to"},
	{"vif-info", "KEY=VALUE", "more about it; may be given more than once"}};
static const struct cli_option media_options[] = {
	{"device-type", "cdrom|disk|floppy", "cdrom when not given; detach: all"},
	{"image-url", "URL", "the image"},
	{"image-download-source", "local|http|swift", "how the BMC gets it"}};
static const struct cli_option detach_options[] = {
	{"device-type", "cdrom|disk|floppy", "only of this one"}};
static const struct cli_option all_traits[] = {{"all", NULL, "every trait they have"}};
static const struct cli_option call_options[] = {
	{"arg", "KEY=VALUE", "an argument; may be given more than once"},
	{"http-method", "POST|PUT|GET|DELETE|PATCH", "POST when not given"}};
static const struct cli_option inventory_options[] = {{"diff", "NODE|@N|FILE",
	"only what differs from another node, from the inspection N before the last, or from what "
	"`inventory save` wrote"}};
static const struct cli_option save_options[] = {
	{"file", "FILE", "write it there; standard output when not given"}};

#define O(a) CLI_OPTIONS(a)

const struct cli_verb node_verbs[] = {
	{"node", "manage", "NODE...", 0, -1, {O(all), O(wait)},
		"check the BMCs and take nodes over", "ingot node manage 'r12u[01-40]' --wait",
		verb_node_provision},
	{"node", "inspect", "NODE...", 0, -1, {O(all), O(wait)}, "find out what is in nodes",
		"ingot node inspect 'r12u*' --wait --timeout 900", verb_node_provision},
	{"node", "provide", "NODE...", 0, -1, {O(all), O(wait), O(destroys)},
		"clean nodes and make them available",
		"ingot node provide --all --wait\n"
		"ingot node provide 'r12u*' --dry-run",
		verb_node_provision},
	{"node", "adopt", "NODE...", 0, -1, {O(all), O(wait)},
		"take over nodes that run a system already",
		"ingot node adopt 'r12u[01-10]' --wait", verb_node_provision},
	{"node", "clean", "NODE...", 0, -1, {O(clean_options), O(all), O(wait), O(destroys)},
		"run clean steps on manageable nodes",
		"ingot node clean r12u07 --clean-steps erase.yaml --wait\n"
		"ingot node clean @rack12 --runbook CUSTOM_FIRMWARE --wait 3600\n"
		"ingot node clean r12u07 --clean-steps '[{\"interface\": \"deploy\", \"step\": "
		"\"erase_devices_metadata\"}]'",
		verb_node_provision},
	{"node", "deploy", "NODE...", 0, -1,
		{O(deploy_options), O(rebuild_option), O(all), O(wait), O(destroys)},
		"write an image to nodes and boot it",
		"ingot node deploy 'r12u[01-10]' --image http://10.0.0.1/debian.raw.zst --checksum "
		"http://10.0.0.1/SHA256SUMS --hostname {name} --wait\n"
		"ingot node deploy r12u07 --image http://10.0.0.1/debian.raw --config-drive "
		"seed.json --root-device 'size=>= 100'\n"
		"ingot node deploy r12u07 --image oci://registry.lab/os/debian:13 --wait\n"
		"ingot node deploy r12u07 --config-drive ./drive/ --deploy-steps raid.yaml",
		verb_node_deploy},
	{"node", "rebuild", "NODE...", 0, -1, {O(deploy_options), O(all), O(wait), O(destroys)},
		"write the image anew over active nodes",
		"ingot node rebuild r12u07 --wait\n"
		"ingot node rebuild 'r12u*' --image http://10.0.0.1/debian13.raw --dry-run",
		verb_node_deploy},
	{"node", "undeploy", "NODE...", 0, -1, {O(all), O(wait), O(destroys)},
		"take the system off nodes and clean them",
		"ingot node undeploy r12u07 --wait\n"
		"ingot node undeploy 'r12u*' --dry-run\n"
		"ingot node undeploy --all --max 120 --wait",
		verb_node_provision},
	{"node", "rescue", "NODE...", 0, -1, {O(rescue_options), O(all), O(wait)},
		"boot a small system beside the one on the disk, to repair it",
		"ingot node rescue r12u07 --wait\n"
		"ingot node rescue r12u07 --rescue-password @rescue.pass --wait",
		verb_node_provision},
	{"node", "unrescue", "NODE...", 0, -1, {O(all), O(wait)},
		"boot the system on the disk again", "ingot node unrescue r12u07 --wait",
		verb_node_provision},
	{"node", "service", "NODE...", 0, -1, {O(service_options), O(all), O(wait), O(destroys)},
		"run service steps on active nodes",
		"ingot node service r12u07 --service-steps firmware.yaml --wait\n"
		"ingot node service @rack12 --runbook CUSTOM_FIRMWARE --dry-run",
		verb_node_provision},
	{"node", "abort", "NODE...", 0, -1, {O(all)}, "stop what waits for the agent",
		"ingot node abort r12u07", verb_node_provision},
	{"node", "unhold", "NODE...", 0, -1, {O(all), O(wait)}, "go on where a hold step stopped",
		"ingot node unhold r12u07 --wait", verb_node_provision},
	{"node", "power", "on|off|reboot|soft-off|soft-reboot NODE...", 1, -1,
		{O(power_options), O(all), O(wait), O(destroys)}, "switch nodes",
		"ingot node power on 'r12u[01-40]' --wait\n"
		"ingot node power off r12u07 --soft --power-timeout 300\n"
		"ingot node power off --all --dry-run",
		verb_node_power},
	{"node", "reboot", "NODE...", 0, -1, {O(power_options), O(all), O(wait), O(destroys)},
		"restart nodes",
		"ingot node reboot r12u07 --wait\n"
		"ingot node reboot r12u07 --soft",
		verb_node_reboot},
	{"node", "maintenance", "on|off|set|unset NODE...", 1, -1, {O(maintenance_options), O(all)},
		"keep the conductor's hands off nodes; set is on, unset is off",
		"ingot node maintenance on r12u07 --reason 'fan replaced on Friday'\n"
		"ingot node maintenance off r12u07\n"
		"ingot node maintenance unset r12u07",
		verb_node_maintenance},
	{"node", "validate", "NODE...", 0, -1, {O(fields), O(all)},
		"whether each of their interfaces has what it needs",
		"ingot node validate r12u07\n"
		"ingot node validate 'r12u[01-40]' -f json",
		verb_below},
	{"node", "states show", "NODE...", 0, -1, {O(fields), O(all)},
		"power, provision, console and boot states, as they are and are to be",
		"ingot node states show r12u07", verb_below},
	{"node", "boot device set", "NODE... DEVICE", 2, -1, {O(persistent)},
		"what nodes boot from: pxe, disk, cdrom, bios, safe, wanboot",
		"ingot node boot device set r12u07 pxe\n"
		"ingot node boot device set 'r12u[01-40]' disk --persistent",
		verb_tell},
	{"node", "boot device show", "NODE...", 0, -1, {O(supported), O(all)},
		"what nodes boot from",
		"ingot node boot device show r12u07\n"
		"ingot node boot device show r12u07 --supported",
		verb_below},
	{"node", "boot mode set", "NODE... uefi|bios", 2, -1, {{0}}, "the firmware's way to boot",
		"ingot node boot mode set 'r12u[01-40]' uefi", verb_tell},
	{"node", "boot mode show", "NODE...", 0, -1, {O(all)},
		"how nodes boot, and whether securely", "ingot node boot mode show r12u07",
		verb_below},
	{"node", "secure boot", "on|off NODE...", 1, -1, {O(all)},
		"boot only what is signed, or not", "ingot node secure boot on r12u07",
		verb_node_secure_boot},
	{"node", "inject nmi", "NODE...", 0, -1, {O(all), O(destroys)},
		"interrupt the systems of nodes, so that they leave a crash dump",
		"ingot node inject nmi r12u07", verb_tell},
	{"node", "console", "on|off|enable|disable NODE...", 1, -1, {O(all)},
		"keep serial consoles open and recorded, or not",
		"ingot node console on 'r12u[01-40]'\n"
		"ingot node console disable r12u07",
		verb_node_console},
	{"node", "console show", "NODE...", 0, -1, {O(all)}, "where their consoles are",
		"ingot node console show r12u07", verb_below},
	{"node", "trait list", "NODE...", 0, -1, {O(all)}, "traits of nodes",
		"ingot node trait list 'r12u[01-40]'", verb_below},
	{"node", "trait add", "NODE TRAIT...", 2, -1, {{0}}, "add traits",
		"ingot node trait add 'r12u[01-40]' CUSTOM_GPU HW_CPU_X86_VMX", verb_tell},
	{"node", "trait set", "NODE TRAIT...", 2, -1, {{0}}, "these traits and no others",
		"ingot node trait set r12u07 CUSTOM_GPU", verb_tell},
	{"node", "trait remove", "NODE [TRAIT...]", 1, -1, {O(all_traits)}, "remove traits",
		"ingot node trait remove r12u07 CUSTOM_GPU\n"
		"ingot node trait remove r12u07 --all",
		verb_tell},
	{"node", "add trait", "NODE TRAIT...", 2, -1, {{0}}, "the same as trait add",
		"ingot node add trait r12u07 CUSTOM_GPU", verb_tell},
	{"node", "remove trait", "NODE [TRAIT...]", 1, -1, {O(all_traits)},
		"the same as trait remove", "ingot node remove trait r12u07 CUSTOM_GPU", verb_tell},
	{"node", "vif list", "NODE...", 0, -1, {O(all)}, "virtual interfaces attached to nodes",
		"ingot node vif list r12u07", verb_below},
	{"node", "vif attach", "NODE VIF", 2, 2, {O(vif_options)}, "attach a virtual interface",
		"ingot node vif attach r12u07 4475ad5a-6f63-4593-bb84-4b7ab2c6ae34", verb_tell},
	{"node", "vif detach", "NODE VIF", 2, 2, {{0}}, "detach a virtual interface",
		"ingot node vif detach r12u07 4475ad5a-6f63-4593-bb84-4b7ab2c6ae34", verb_tell},
	{"node", "bios setting list", "NODE...", 0, -1, {O(fields_long), O(all)},
		"settings of their BIOS as last read",
		"ingot node bios setting list r12u07\n"
		"ingot node bios setting list 'r12u[01-40]' --fields name,value",
		verb_below},
	{"node", "bios setting show", "NODE SETTING", 2, 2, {O(fields)},
		"one setting of their BIOS",
		"ingot node bios setting show 'r12u[01-40]' ProcVirtualization --fields value",
		verb_below},
	{"node", "firmware list", "NODE...", 0, -1, {O(fields_long), O(all)},
		"versions of their firmware", "ingot node firmware list 'r12u[01-40]'", verb_below},
	{"node", "indicator list", "NODE...", 0, -1, {O(all)}, "their lamps",
		"ingot node indicator list r12u07", verb_below},
	{"node", "indicator show", "NODE INDICATOR", 2, 2, {{0}}, "whether a lamp is lit",
		"ingot node indicator show r12u07 led@chassis", verb_below},
	{"node", "indicator set", "NODE INDICATOR on|off|blinking", 3, 3, {{0}}, "light a lamp",
		"ingot node indicator set r12u07 led@chassis blinking", verb_tell},
	{"node", "vmedia show", "NODE...", 0, -1, {O(all)}, "virtual media of nodes",
		"ingot node vmedia show r12u07", verb_below},
	{"node", "vmedia attach", "NODE...", 0, -1, {O(media_options), O(all)},
		"put an image into a virtual drive of nodes",
		"ingot node vmedia attach r12u07 --image-url http://10.0.0.1/rescue.iso",
		verb_tell},
	{"node", "vmedia detach", "NODE...", 0, -1, {O(detach_options), O(all)},
		"take images out of virtual drives", "ingot node vmedia detach 'r12u[01-40]'",
		verb_tell},
	{"node", "allocation show", "NODE...", 0, -1, {O(fields), O(all)},
		"the allocations that chose nodes", "ingot node allocation show r12u07",
		verb_below},
	{"node", "allocation delete", "NODE...", 0, -1, {O(all), O(destroys)},
		"free nodes of their allocations", "ingot node allocation delete r12u07",
		verb_tell},
	{"node", "children list", "NODE...", 0, -1, {O(all)}, "parts of nodes that are nodes, too",
		"ingot node children list r12u07", verb_below},
	{"node", "passthru list", "NODE...", 0, -1, {O(fields), O(all)},
		"methods of their drivers' own", "ingot node passthru list r12u07", verb_below},
	{"node", "passthru call", "NODE METHOD", 2, 2, {O(call_options)},
		"call a method of their driver's own",
		"ingot node passthru call r12u07 bmc_reset --arg warm=true\n"
		"ingot node passthru call r12u07 send_raw --arg raw_bytes='0x06 0x01'",
		verb_passthru_call},
	{"node", "inventory", "NODE...", 0, -1, {O(inventory_options), O(all)},
		"what inspection found, for people",
		"ingot node inventory r12u07\n"
		"ingot node inventory 'r12u[01-40]'\n"
		"ingot node inventory r12u07 --diff r12u08\n"
		"ingot node inventory r12u07 --diff @1",
		verb_inventory_show},
	{"node", "inventory show", "NODE...", 0, -1, {O(inventory_options), O(all)}, "the same",
		"ingot node inventory show r12u07", verb_inventory_show},
	{"node", "inventory save", "NODE", 1, 1, {O(save_options)},
		"what inspection found, as JSON",
		"ingot node inventory save r12u07 --file r12u07.json", verb_inventory_save},
	{"node", "watch", "NODE...", 0, -1, {O(timeout), O(all)}, "follow nodes with live progress",
		"ingot node watch 'r12u*' --until available", verb_node_watch},
	{"node", "history", "NODE", 1, 1, {{0}},
		"what happened to a node, with causes and durations, and the phases of its work",
		"ingot node history r12u07\n"
		"ingot node history r12u07 --json",
		verb_node_history},
	{"node", "history list", "NODE...", 0, -1, {O(fields_long), O(all)},
		"the same as the Ironic API has it",
		"ingot node history list r12u07\n"
		"ingot node history list 'r12u[01-40]' --long",
		verb_below},
	{"node", "history get", "NODE EVENT", 2, 2, {O(fields)}, "one event, by its UUID",
		"ingot node history get r12u07 7f3b3a9e-1b5e-4a53-9d1e-6a1f0c9a4b10", verb_below},
	{"node", "erasures", "NODE", 1, 1, {{0}}, "what was done to a node's disks, newest first",
		"ingot node erasures r12u07\n"
		"ingot node erasures r12u07 --json",
		verb_node_erasures},
	{"node", "logs", "NODE", 1, 1, {O(logs_options)},
		"the logs that a node's agents left when a step failed, newest first",
		"ingot node logs r12u07\n"
		"ingot node logs r12u07 --output - | tar xzO agent.log\n"
		"ingot node logs r12u07 --output r12u07.tar.gz",
		verb_node_logs},
};
const size_t n_node_verbs = ARRAY_SIZE(node_verbs);
