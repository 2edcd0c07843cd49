/* What a destroying command would touch, in one line. */
#include "conductor/cli/blast.h"
#include "tests/unit/tap.h"

static char *summary(const char *rows)
{
	json_t *json = json_loads(rows, 0, NULL);
	char *text = blast_summary("Undeploy", json);

	json_decref(json);
	return text;
}

int main(void)
{
	char *text = summary("[{\"node\": \"a\", \"status\": 202, \"provision_state\": \"active\", "
			     "\"image\": \"i\", \"disks\":"
			     " [{\"name\": \"/dev/sda\", \"size\": 480000000000}, {\"name\": "
			     "\"/dev/sdb\", \"size\": 3520000000000}]}]");

	is_str(text, "Undeploy 1 node, 1 of them with a system on it: 2 disks, 4.0 TB",
		"systems and disks");
	free(text);
	text = summary(
		"[{\"node\": \"a\", \"status\": 202, \"disks\": []}, {\"node\": \"b\", \"status\": "
		"202},"
		" {\"node\": \"c\", \"status\": 409, \"error\": \"no\", \"provision_state\": "
		"\"active\","
		" \"disks\": [{\"size\": 1}]}]");
	is_str(text, "Undeploy 2 nodes (1 refused)", "what is refused is not touched");
	free(text);
	text = summary("[]");
	is_str(text, "Undeploy 0 nodes", "nothing");
	free(text);
	return done_testing();
}
