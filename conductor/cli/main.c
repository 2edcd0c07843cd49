/* The ingot program. */
#include "conductor/cli/verbs.h"

int main(int argc, char **argv)
{
	return cli_main(ingot_program(), argc, argv);
}
