/* The ingot program: its table of verbs. */
#include "conductor/cli/cmd.h"
#include "lib/base/mem.h"

static const struct cli_option program_options[] = {
	{"url", "URL", "the conductor (INGOT_URL; http://127.0.0.1:6385)"},
	{"os-endpoint", "URL", "the same, as baremetal calls it (OS_ENDPOINT)"},
	{"os-cloud", "NAME", "a cloud of clouds.yaml (OS_CLOUD)"},
	{"os-auth-type", "TYPE", "none or http_basic; taken for baremetal's sake"},
	{"os-username", "NAME", "name for http_basic (OS_USERNAME, and OS_PASSWORD)"},
	{"password-file", "FILE", "the password is its first line"},
	{"os-cacert", "FILE", "trust this certificate (OS_CACERT)"},
	{"insecure", NULL, "trust any certificate"},
	{"json", NULL, "answers as JSON"},
};

static const struct cli_option all[] = {{"all", NULL, "every node there is"}};
static const struct cli_option wait[] = {
	{"wait", NULL, "wait until it is done, with live progress"},
	{"timeout", "SECONDS", "wait no longer; 7200 when not given"}};
static const struct cli_option timeout[] = {{"timeout", "SECONDS", "watch no longer"},
	{"until", "STATE", "the state to come to; when not given, until nothing is under way"}};
static const struct cli_option destroys[] = {{"yes", NULL, "do not ask"},
	{"dry-run", NULL, "show what would be touched and what refused, change nothing"},
	{"max", "NODES", "allow so many nodes at once; 50 when not given"}};
static const struct cli_option import_options[] = {
	{"dry-run", NULL, "show what would change, change nothing"},
	{"set-passwords", NULL, "write passwords of nodes that are there already, too"}};
static const struct cli_option list_options[] = {{"all", NULL, "every node there is"},
	{"provision-state", "STATE", "only nodes in this state"},
	{"driver", "DRIVER", "only nodes of this driver"},
	{"resource-class", "CLASS", "only nodes of this class"},
	{"maintenance", "BOOL", "only nodes in maintenance, or not in it"}};
static const struct cli_option field_options[] = {
	{"driver", "DRIVER", "ipmi when a node is created and nothing else is said"},
	{"driver-info", "KEY=VALUE", "how to reach the BMC; KEY=@FILE, KEY=? for passwords"},
	{"property", "KEY=VALUE", "what the machine is"}, {"extra", "KEY=VALUE", "anything"},
	{"resource-class", "CLASS", "what kind of machine it is to schedulers"},
	{"description", "TEXT", "for people"}};
static const struct cli_option create_options[] = {
	{"mac", "MAC", "address of a NIC that boots; may be given more than once"}};
static const struct cli_option set_options[] = {{"name", "NAME", "a new name"},
	{"instance-info", "KEY=VALUE", "what to deploy"},
	{"unset", "FIELD[/KEY]", "remove a value"}};
static const struct cli_option deploy_options[] = {
	{"image", "URL", "disk image: http, https or file"},
	{"checksum", "SUM|URL", "its SHA-256 or SHA-512, or the URL of a checksum file"},
	{"disk-format", "FORMAT", "raw or qcow2, when the image does not tell"},
	{"config-drive", "FILE|JSON|URL", "JSON {meta_data, network_data, user_data} or an image"},
	{"hostname", "NAME", "host name for the config drive; {name} is the node's"},
	{"root-device", "HINTS", "which disk: serial=ABC or size=\">= 100\",rotational=false"},
	{"keep-data", NULL, "write nothing when the chosen disk carries data; say which"},
	{"rebuild", NULL, "write over active nodes"}};
static const struct cli_option clean_options[] = {
	{"steps", "FILE", "JSON: [{\"interface\", \"step\", \"args\"}]"}};
static const struct cli_option logs_options[] = {
	{"list", NULL, "show which there are (the default)"},
	{"file", "FILE", "this one; the newest when not given"},
	{"output", "FILE", "write the archive there; - is standard output"}};
static const struct cli_option maintenance_options[] = {{"reason", "TEXT", "why, for others"}};
static const struct cli_option console_options[] = {{"follow", NULL, "only show it, as it comes"},
	{"log", NULL, "print what was recorded, with times; with --json as asciicast"},
	{"replay", NULL, "show what was recorded as it happened"},
	{"speed", "N", "replay so many times as fast; 1 when not given"},
	{"since", "TIME", "only what came after 90s, 10m, 2h, 1d ago or 2026-01-31T12:00:00Z"}};
static const struct cli_option accept_options[] = {{"name", "NAME", "name of the new node"},
	{"driver", "DRIVER", "ipmi when nothing else is said"},
	{"driver-info", "KEY=VALUE", "how to reach the BMC; KEY=@FILE, KEY=? for passwords"}};
static const struct cli_option queue_options[] = {{"priority", "NUMBER", "from -1000 to 1000"}};
static const struct cli_option bmc_list_options[] = {{"all", NULL, "also those that are well"}};
static const struct cli_option ignore_options[] = {{"undo", NULL, "show it again"}};
static const struct cli_option export_options[] = {
	{"format", "FORMAT", "json or csv"}, {"output", "FILE", "write there"}};
static const struct cli_option port_list_options[] = {{"node", "NODE", "only of this node"}};
static const struct cli_option port_options[] = {
	{"node", "NODE", "whose port it is"}, {"no-pxe", NULL, "it does not boot"}};

static const struct cli_option problem_options[] = {{"problems", NULL, "only what is not well"}};
static const struct cli_option sel_options[] = {
	{"last", "N", "only the latest entries"}, {"clear", NULL, "erase the log instead"}};
static const struct cli_option yes_options[] = {
	{"yes", NULL, "do not ask"}, {"all", NULL, "every node there is"}};
static const struct cli_option identify_options[] = {
	{"seconds", "N", "blink so long, 1 to 255; 15 when not given"},
	{"on", NULL, "until it is switched off"}, {"off", NULL, "now"}};
static const struct cli_option reset_options[] = {
	{"warm", NULL, "keep the BMC's state; not every BMC can"}};

#define O(a) CLI_OPTIONS(a)

static const struct cli_verb verbs[] = {
	{"rack", "import", "FILE.csv", 1, 1, {O(import_options)},
		"make or update the nodes a CSV file names, all or none",
		"ingot rack import r12.csv --dry-run\n"
		"ingot rack import r12.csv\n"
		"# r12.csv: name,bmc_address,bmc_username,bmc_password,mac,boot_mode",
		verb_rack_import},
	{"node", "list", "[NODE...]", 0, -1, {O(list_options)}, "list nodes",
		"ingot node list\n"
		"ingot node list 'r12u*' --provision-state available\n"
		"ingot node list --json",
		verb_node_list},
	{"node", "show", "NODE...", 0, -1, {O(all)}, "show all there is to know of nodes",
		"ingot node show r12u07\n"
		"ingot node show r12u07 --json",
		verb_node_show},
	{"node", "create", "NAME", 1, 1, {O(field_options), O(create_options)}, "enroll one node",
		"ingot node create r12u07 --driver-info ipmi_address=10.0.12.7 --driver-info "
		"ipmi_username=admin --driver-info ipmi_password=@bmc.pass --mac 52:54:00:12:00:07",
		verb_node_create},
	{"node", "set", "NODE...", 0, -1, {O(field_options), O(set_options), O(all)},
		"change fields of nodes",
		"ingot node set 'r12u[01-40]' --property capabilities=boot_mode:uefi\n"
		"ingot node set r12u07 --driver-info 'ipmi_password=?'\n"
		"ingot node set r12u07 --unset extra/note",
		verb_node_set},
	{"node", "delete", "NODE...", 0, -1, {O(all), O(destroys)}, "forget nodes",
		"ingot node delete 'r12u[39-40]'\n"
		"ingot node delete 'r12u*' --dry-run",
		verb_node_delete},
	{"node", "manage", "NODE...", 0, -1, {O(all), O(wait)},
		"check the BMCs and take nodes over", "ingot node manage 'r12u[01-40]' --wait",
		verb_node_manage},
	{"node", "inspect", "NODE...", 0, -1, {O(all), O(wait)}, "find out what is in nodes",
		"ingot node inspect 'r12u*' --wait --timeout 900", verb_node_inspect},
	{"node", "provide", "NODE...", 0, -1, {O(all), O(wait), O(destroys)},
		"clean nodes and make them available",
		"ingot node provide --all --wait\n"
		"ingot node provide 'r12u*' --dry-run",
		verb_node_provide},
	{"node", "clean", "NODE...", 0, -1, {O(clean_options), O(wait), O(destroys)},
		"run clean steps on manageable nodes",
		"ingot node clean r12u07 --steps erase.json --wait", verb_node_clean},
	{"node", "deploy", "NODE...", 0, -1, {O(deploy_options), O(wait), O(destroys)},
		"write an image to nodes and boot it",
		"ingot node deploy 'r12u[01-10]' --image http://10.0.0.1/debian.raw.zst --checksum "
		"http://10.0.0.1/SHA256SUMS --hostname {name} --wait\n"
		"ingot node deploy r12u07 --image http://10.0.0.1/debian.raw --config-drive "
		"seed.json "
		"--root-device 'size=>= 100'",
		verb_node_deploy},
	{"node", "undeploy", "NODE...", 0, -1, {O(all), O(wait), O(destroys)},
		"take the system off nodes and clean them",
		"ingot node undeploy r12u07 --wait\n"
		"ingot node undeploy 'r12u*' --dry-run\n"
		"ingot node undeploy --all --max 120 --wait",
		verb_node_undeploy},
	{"node", "abort", "NODE...", 0, -1, {O(all)}, "stop what waits for the agent",
		"ingot node abort r12u07", verb_node_abort},
	{"node", "power", "on|off|reboot|soft-off|soft-reboot NODE...", 1, -1, {O(all), O(wait)},
		"switch nodes",
		"ingot node power on 'r12u[01-40]' --wait\n"
		"ingot node power reboot r12u07",
		verb_node_power},
	{"node", "maintenance", "on|off NODE...", 1, -1, {O(maintenance_options), O(all)},
		"keep the conductor's hands off nodes",
		"ingot node maintenance on r12u07 --reason 'fan replaced on Friday'\n"
		"ingot node maintenance off r12u07",
		verb_node_maintenance},
	{"node", "console", "on|off NODE...", 1, -1, {O(all)},
		"keep serial consoles open and recorded, or not",
		"ingot node console on 'r12u[01-40]'\n"
		"ingot node console off r12u07",
		verb_node_console},
	{"node", "watch", "NODE...", 0, -1, {O(timeout), O(all)}, "follow nodes with live progress",
		"ingot node watch 'r12u*' --until available", verb_node_watch},
	{"node", "history", "NODE", 1, 1, {{0}},
		"what happened to a node, with causes and durations, and the phases of its work",
		"ingot node history r12u07\n"
		"ingot node history r12u07 --json",
		verb_node_history},
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
	{"bmc", "list", NULL, 0, 0, {O(bmc_list_options)},
		"BMCs that do not answer or froze, why, and when they are asked again",
		"ingot bmc list\n"
		"ingot bmc list --all --json",
		verb_bmc_list},
	{"bmc", "info", "NODE...", 0, -1, {O(all)}, "who made the BMCs, and what they can",
		"ingot bmc info r12u07\n"
		"ingot bmc info 'r12u[01-40]'",
		verb_bmc_info},
	{"bmc", "sensors", "NODE...", 0, -1, {O(problem_options), O(all)},
		"temperatures, fans, voltages, states of parts",
		"ingot bmc sensors r12u07\n"
		"ingot bmc sensors 'r12u*' --problems\n"
		"ingot bmc sensors r12u07 --json",
		verb_bmc_sensors},
	{"bmc", "sel", "NODE...", 0, -1, {O(sel_options), O(problem_options), O(yes_options)},
		"the BMCs' event logs, or erase them",
		"ingot bmc sel r12u07 --last 20\n"
		"ingot bmc sel 'r12u*' --problems\n"
		"ingot bmc sel r12u07 --clear",
		verb_bmc_sel},
	{"bmc", "fru", "NODE...", 0, -1, {O(all)},
		"what the makers wrote: serial and part numbers of chassis, board, product",
		"ingot bmc fru r12u07", verb_bmc_fru},
	{"bmc", "lan", "NODE...", 0, -1, {O(all)}, "the BMCs' own network settings",
		"ingot bmc lan 'r12u[01-40]'", verb_bmc_lan},
	{"bmc", "identify", "NODE...", 0, -1, {O(identify_options), O(all)},
		"light the locator of nodes",
		"ingot bmc identify r12u07\n"
		"ingot bmc identify r12u07 --on\n"
		"ingot bmc identify r12u07 --off",
		verb_bmc_identify},
	{"bmc", "reset", "NODE...", 0, -1, {O(reset_options), O(yes_options)},
		"restart BMCs; the machines go on running", "ingot bmc reset r12u07 --yes",
		verb_bmc_reset},
	{"bmc", "raw", "NODE NETFN COMMAND [BYTE...]", 3, -1, {{0}},
		"send network function, command and data as they are",
		"ingot bmc raw r12u07 0x06 0x01\n"
		"ingot bmc raw r12u07 0x00 0x08 0x05 0xa0 0x04 0 0 0",
		verb_bmc_raw},
	{"console", NULL, "NODE", 1, 1, {O(console_options)},
		"a node's serial console in this terminal; leave with Enter ~.",
		"ingot console r12u07\n"
		"ingot console r12u07 --follow\n"
		"ingot console r12u07 --log --since 10m\n"
		"ingot console r12u07 --replay --speed 4\n"
		"ingot console r12u07 --log --json > r12u07.cast",
		verb_console},
	{"why", NULL, "NODE", 1, 1, {{0}}, "what a node waits for, since when, and what happened",
		"ingot why r12u07", verb_why},
	{"boot", "explain", "MAC|NODE", 1, 1, {{0}},
		"replay a boot: each step, each decision, where it stopped and what that means",
		"ingot boot explain 52:54:00:12:00:07\n"
		"ingot boot explain r12u07",
		verb_boot_explain},
	{"queue", "list", NULL, 0, 0, {{0}},
		"nodes that wait for their turn to boot, write or clean", "ingot queue list",
		verb_queue_list},
	{"queue", "set", "NODE...", 0, -1, {O(queue_options), O(all)},
		"say who goes first: larger numbers do, 0 is where all begin",
		"ingot queue set 'r12u[01-03]' --priority 10", verb_queue_set},
	{"waiting", "list", NULL, 0, 0, {{0}}, "machines that asked to boot and are no node's",
		"ingot waiting list", verb_waiting_list},
	{"waiting", "accept", "MAC...", 1, -1, {O(accept_options)}, "make nodes of them",
		"ingot waiting accept 52:54:00:12:00:07 --name r12u07 --driver-info "
		"ipmi_address=10.0.12.7 --driver-info ipmi_username=admin --driver-info "
		"'ipmi_password=?'",
		verb_waiting_accept},
	{"waiting", "ignore", "MAC...", 1, -1, {O(ignore_options)}, "do not show them any more",
		"ingot waiting ignore 52:54:00:12:00:07", verb_waiting_ignore},
	{"inventory", "export", NULL, 0, 0, {O(export_options)}, "what stands in the racks",
		"ingot inventory export --format csv --output rack.csv", verb_inventory_export},
	{"port", "list", NULL, 0, 0, {O(port_list_options)}, "NICs of nodes",
		"ingot port list --node r12u07", verb_port_list},
	{"port", "create", "MAC", 1, 1, {O(port_options)}, "add a NIC to a node",
		"ingot port create 52:54:00:12:00:07 --node r12u07", verb_port_create},
	{"port", "delete", "UUID|MAC...", 1, -1, {{0}}, "remove NICs",
		"ingot port delete 52:54:00:12:00:07", verb_port_delete},
	{"driver", "list", NULL, 0, 0, {{0}}, "drivers the conductor has", "ingot driver list",
		verb_driver_list},
	{"conductor", "list", NULL, 0, 0, {{0}}, "conductors", "ingot conductor list",
		verb_conductor_list},
	{"completion", NULL, "bash|zsh|fish", 1, 1, {{0}}, "print completion for a shell",
		"ingot completion bash > /etc/bash_completion.d/ingot\n"
		"ingot completion zsh > /usr/local/share/zsh/site-functions/_ingot\n"
		"ingot completion fish > ~/.config/fish/completions/ingot.fish",
		verb_completion},
	{"man", NULL, NULL, 0, 0, {{0}}, "print the manual page", "ingot man | man -l -", verb_man},
	{"version", NULL, NULL, 0, 0, {{0}}, "versions of this program and of the conductor's API",
		"ingot version", verb_version},
};

static const struct cli_program program = {
	.name = "ingot",
	.help = "provision bare metal",
	.options = CLI_OPTIONS(program_options),
	.verbs = verbs,
	.n_verbs = ARRAY_SIZE(verbs),
	.words = shell_words,
};

int main(int argc, char **argv)
{
	return cli_main(&program, argc, argv);
}
