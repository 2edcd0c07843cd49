/* All verbs of the program: the tables of resources and of nodes, and what stands beside them. */
#include "conductor/cli/verbs.h"
#include "conductor/cli/below.h"
#include "conductor/cli/crud.h"
#include "conductor/cli/passthru.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <ctype.h>
#include <string.h>

static const struct cli_option program_options[] = {
	{"url", "URL", "the conductor (INGOT_URL; http://127.0.0.1:6385)"},
	{"os-endpoint", "URL", "the same, as baremetal calls it (OS_ENDPOINT)"},
	{"os-cloud", "NAME", "a cloud of clouds.yaml (OS_CLOUD)"},
	{"os-auth-type", "TYPE", "none or http_basic (OS_AUTH_TYPE)"},
	{"os-username", "NAME", "name for http_basic (OS_USERNAME)"},
	{"os-password", "PASSWORD", "better: OS_PASSWORD, --password-file, or clouds.yaml"},
	{"password-file", "FILE", "the password is its first line"},
	{"os-cacert", "FILE", "trust this certificate (OS_CACERT)"},
	{"insecure", NULL, "trust any certificate; who answers gets the password"},
	{"os-baremetal-api-version", "VERSION", "1.N, that very one (OS_BAREMETAL_API_VERSION)"},
	{"json", NULL, "answers as JSON"},
	{"format", "FORMAT", "answers as table, json, csv or value"},
	{"f", "FORMAT|FIELD...", "a format, or fields, as --fields"},
	{"column", "FIELD...", "the same as --fields, of every list"},
	{"c", "FIELD...", "the same"},
};

static const struct cli_option all[] = {{"all", NULL, "every node there is"}};
static const struct cli_option import_options[] = {
	{"dry-run", NULL, "show what would change, change nothing"},
	{"set-passwords", NULL, "write passwords of nodes that are there already, too"}};
static const struct cli_option create_options[] = {
	{"dry-run", NULL, "show what would be made, make nothing"}};
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
static const struct cli_option export_options[] = {{"output", "FILE", "write there"}};
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

static const struct cli_option call_options[] = {
	{"arg", "KEY=VALUE", "an argument; may be given more than once"},
	{"http-method", "POST|PUT|GET|DELETE|PATCH", "POST when not given"}};

#define O(a) CLI_OPTIONS(a)

static const struct cli_verb below_verbs[] = {
	{"driver", "property list", "DRIVER", 1, 1, {{0}}, "what its driver_info may hold",
		"ingot driver property list ipmi", verb_below},
	{"driver", "raid property list", "DRIVER", 1, 1, {{0}},
		"what a logical disk of --target-raid-config may hold",
		"ingot driver raid property list ipmi", verb_below},
	{"driver", "passthru list", "DRIVER", 1, 1, {{0}}, "methods of its own",
		"ingot driver passthru list ipmi", verb_below},
	{"driver", "passthru call", "DRIVER METHOD", 2, 2, {O(call_options)},
		"call a method of its own", "ingot driver passthru call ipmi lookup --arg a=1",
		verb_passthru_call},
	{"runbook", "trait list", "RUNBOOK", 1, 1, {{0}}, "traits of nodes it is for",
		"ingot runbook trait list CUSTOM_FIRMWARE", verb_below},
};

static const struct cli_verb first_verbs[] = {
	{"rack", "import", "FILE.csv", 1, 1, {O(import_options)},
		"make or update the nodes a CSV file names, all or none",
		"ingot rack import r12.csv --dry-run\n"
		"ingot rack import r12.csv\n"
		"# r12.csv: name,bmc_address,bmc_username,bmc_password,mac,boot_mode",
		verb_rack_import},
	{"create", NULL, "FILE...", 1, -1, {O(create_options)},
		"make the chassis, nodes, port groups and ports that files of JSON or YAML "
		"describe",
		"ingot create rack12.yaml --dry-run\n"
		"ingot create rack12.yaml\n"
		"# rack12.yaml: nodes: [{name: r12u01, driver: ipmi, driver_info: {...}, ports: "
		"[{address: ...}]}]",
		verb_create},
};

static const struct cli_verb other_verbs[] = {
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
	{"why", NULL, "NODE...", 0, -1, {O(all)},
		"what a node waits for, since when, and what happened; of many a line each",
		"ingot why r12u07\ningot why @rack12", verb_why},
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
	{"inventory", "export", NULL, 0, 0, {O(export_options)},
		"what stands in the racks, as json (or csv with --format)",
		"ingot inventory export --format csv --output rack.csv", verb_inventory_export},
	{"completion", NULL, "bash|zsh|fish", 1, 1, {{0}}, "print completion for a shell",
		"ingot completion bash > /etc/bash_completion.d/ingot\n"
		"ingot completion zsh > /usr/local/share/zsh/site-functions/_ingot\n"
		"ingot completion fish > ~/.config/fish/completions/ingot.fish",
		verb_completion},
	{"man", NULL, NULL, 0, 0, {{0}}, "print the manual page", "ingot man | man -l -", verb_man},
	{"version", NULL, NULL, 0, 0, {{0}}, "versions of this program and of the conductor's API",
		"ingot version", verb_version},
};

static bool takes(const char *kind, const char *word)
{
	bool b, name = islower((unsigned char)*word);

	if (str_eq(kind, "SECONDS"))
		return *word && !word[strspn(word, "0123456789")];
	if (str_eq(kind, "BOOL"))
		return str_to_bool(word, &b) == 0;
	if (str_eq(kind, "PASSWORD"))
		return true;
	return str_ends(kind, "FIELD") && name && field_known(word);
}

static struct cli_verb verbs[256];

static struct cli_program program = {
	.name = "ingot",
	.help = "provision bare metal",
	.options = CLI_OPTIONS(program_options),
	.verbs = verbs,
	.takes = takes,
	.words = shell_words,
};

/* Appends those of a table that are of one noun, or all. */
static void add_verbs(const struct cli_verb *list, size_t n, const char *noun)
{
	for (size_t i = 0; i < n && program.n_verbs < ARRAY_SIZE(verbs); i++)
		if (!noun || str_eq(list[i].noun, noun))
			verbs[program.n_verbs++] = list[i];
}

const struct cli_program *ingot_program(void)
{
	if (program.n_verbs)
		return &program;
	add_verbs(first_verbs, ARRAY_SIZE(first_verbs), NULL);
	for (size_t i = 0; i < n_resources; i++) {
		const struct resource *r = resources[i];

		program.n_verbs += crud_verbs(r, verbs + program.n_verbs);
		add_verbs(node_verbs, n_node_verbs, r->noun);
		add_verbs(below_verbs, ARRAY_SIZE(below_verbs), r->noun);
	}
	add_verbs(other_verbs, ARRAY_SIZE(other_verbs), NULL);
	return &program;
}
