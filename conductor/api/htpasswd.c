/* Password files and the header of basic authentication; see htpasswd.h. */
#include "conductor/api/htpasswd.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define PASSWORD_MAX 512
#define HEADER_MAX   2048

static bool is_bcrypt(const char *hash)
{
	return str_starts(hash, "$2y$") || str_starts(hash, "$2a$") || str_starts(hash, "$2b$");
}

int htpasswd_check(const char *path, const char *text, struct err *e)
{
	_cleanup_free_ char *copy = xstrdup(text);
	char *save = NULL;
	int n = 0;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *colon;

		n++;
		line = str_trim(line);
		if (!*line || *line == '#')
			continue;
		colon = strchr(line, ':');
		if (!colon || colon == line || !is_bcrypt(colon + 1))
			return err_set(e, EINVAL,
				"%s: entry %d is not name:bcrypt; make it with htpasswd -B", path,
				n);
	}
	return 0;
}

char *htpasswd_credentials(const char *header)
{
	void *data;
	char *colon;
	size_t len;

	if (!header || strlen(header) > HEADER_MAX || strncasecmp(header, "Basic ", 6))
		return NULL;
	if (b64_decode(header + 6, strlen(header + 6), &data, &len) < 0)
		return NULL;
	data = xrealloc(data, len + 1);
	((char *)data)[len] = 0;
	colon = strchr(data, ':');
	if (!colon || strlen(data) != len || strlen(colon + 1) > PASSWORD_MAX || colon == data) {
		mem_wipe(data, len);
		free(data);
		return NULL;
	}
	*colon = 0;
	return data;
}

/* An entry that is commented out names nobody, and no name goes over lines. */
static bool is_name(const char *user)
{
	return *user && *user != '#' && !strpbrk(user, "\r\n") && *user != ' ' && *user != '\t';
}

char *htpasswd_find(const char *text, const char *user)
{
	size_t n = strlen(user);

	if (!is_name(user))
		return NULL;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, user, n) && line[n] == ':') {
			char *hash = xstrndup(line + n + 1, strcspn(line + n + 1, " \t\r\n"));

			if (is_bcrypt(hash))
				return hash;
			free(hash);
			return NULL;
		}
	}
	return NULL;
}
