/* Asking; see prompt.h. */
#include "lib/cli/prompt.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

bool prompt_possible(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool prompt_yes(const char *question)
{
	char line[16];

	if (!prompt_possible())
		return false;
	fprintf(stderr, "%s [y/N] ", question);
	return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

bool prompt_number(const char *question, size_t number)
{
	char line[32], want[32];

	if (!prompt_possible())
		return false;
	fprintf(stderr, "%s Type %zu to go on: ", question, number);
	snprintf(want, sizeof(want), "%zu\n", number);
	return fgets(line, sizeof(line), stdin) && !strcmp(line, want);
}

int prompt_password(const char *question, char **ret, struct err *e)
{
	struct termios before, silent;
	char line[512];
	bool got;

	if (!prompt_possible() || tcgetattr(STDIN_FILENO, &before) < 0)
		return err_set(
			e, ENOTTY, "a password is needed and there is no terminal to ask on");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	fputs(question, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	got = fgets(line, sizeof(line), stdin);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	if (!got)
		return err_set(e, EINVAL, "no password was given");
	line[strcspn(line, "\n")] = 0;
	*ret = xstrdup(line);
	mem_wipe(line, sizeof(line));
	return 0;
}
