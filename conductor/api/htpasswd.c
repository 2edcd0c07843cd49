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

/* Cuts "name:password" in two, in place. */
static bool cut_pair(char *pair, size_t len)
{
	char *colon = strchr(pair, ':');

	if (!colon || strlen(pair) != len || strlen(colon + 1) > PASSWORD_MAX)
		return false;
	*colon = 0;
	return true;
}

int htpasswd_credentials(const char *header, char **ret, struct err *e)
{
	static const char scheme[] = "Basic";
	size_t len, n = strlen(scheme);
	void *pair;

	if (!header)
		return err_set(e, EACCES, "Authorization required");
	header += strspn(header, " \t");
	if (strncasecmp(header, scheme, n) || (header[n] != ' ' && header[n] != '\t'))
		return err_set(e, EINVAL, "Authorization: expected the scheme Basic");
	header += n;
	if (strlen(header) > HEADER_MAX || b64_decode(header, strlen(header), &pair, &len) < 0)
		return err_set(e, EINVAL, "Authorization: expected base64 of name:password");
	pair = xrealloc(pair, len + 1);
	((char *)pair)[len] = 0;
	if (!cut_pair(pair, len)) {
		mem_wipe(pair, len);
		free(pair);
		return err_set(e, EINVAL, "Authorization: expected base64 of name:password");
	}
	*ret = pair;
	return 0;
}

/* An entry that is commented out names nobody, and no name goes over lines. */
static bool is_name(const char *user)
{
	return *user && *user != '#' && !strpbrk(user, "\r\n") && *user != ' ' && *user != '\t';
}

/* What stands behind a colon, up to the end of its line; NULL when it is no bcrypt. */
static char *entry_at(const char *hash)
{
	return is_bcrypt(hash) ? xstrndup(hash, strcspn(hash, " \t\r\n")) : NULL;
}

char *htpasswd_find(const char *text, const char *user)
{
	size_t n = strlen(user);

	if (!is_name(user))
		return NULL;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, user, n) && line[n] == ':')
			return entry_at(line + n + 1);
	}
	return NULL;
}

char *htpasswd_any(const char *text)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *colon;
		char *hash;

		line += *line == '\n';
		colon = line + strcspn(line, ":\n");
		hash = *line != '#' && *colon == ':' ? entry_at(colon + 1) : NULL;
		if (hash)
			return hash;
	}
	return NULL;
}
