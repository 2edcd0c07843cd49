/* Reads *.hwdb files into records, and refuses what is not right with file and line. */
#include "hwdb/hwdb.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hwdb/internal.h"
#include "lib/base/fs.h"
#include "lib/base/mem.h"
#include "lib/base/str.h"

#define FILE_MAX (1 << 20)

/* Where the reader stands in one file. */
struct reader {
	struct hwdb *db;
	const char *file;
	unsigned line;
	struct record *record; /* NULL: between records */
};

static int mistake(const struct reader *rd, unsigned line, struct err *e)
{
	const char *name = strrchr(rd->file, '/');

	return err_prefix(e, "%s:%u", name ? name + 1 : rd->file, line);
}

/* A record is complete when it matches something, sets something, and says where it comes from. */
static int end_record(struct reader *rd, struct err *e)
{
	struct record *r = rd->record;
	bool source = false;

	if (!r)
		return 0;
	rd->record = NULL;
	for (size_t i = 0; i < r->n_properties; i++)
		source |= str_eq(r->properties[i].key->name, "SOURCE");
	if (!source)
		err_set(e, EINVAL, "this record has no SOURCE; say who saw it");
	else if (r->n_properties < 2)
		err_set(e, EINVAL, "this record sets no key");
	else
		return 0;
	return mistake(rd, r->line, e);
}

static int add_pattern(struct reader *rd, char *line, struct err *e)
{
	struct hwdb *db = rd->db;
	struct record *r = rd->record;

	if (r && r->n_properties) {
		err_set(e, EINVAL,
			"a match line after keys; begin a new record with an empty line");
		return mistake(rd, rd->line, e);
	}
	if (!r) {
		db->records = xrealloc(db->records, (db->n + 1) * sizeof(*db->records));
		r = rd->record = &db->records[db->n++];
		*r = (struct record){.file = xstrdup(rd->file), .line = rd->line};
	}
	r->patterns = xrealloc(r->patterns, (r->n_patterns + 1) * sizeof(*r->patterns));
	r->patterns[r->n_patterns] = (struct pattern){0};
	if (pattern_read(line, &r->patterns[r->n_patterns++], e) < 0)
		return mistake(rd, rd->line, e);
	return 0;
}

static int read_property(struct reader *rd, char *line, struct property *p, struct err *e)
{
	struct record *r = rd->record;
	char *value = strchr(line, '=');

	if (!r)
		return err_set(e, EINVAL, "a key without a match line before it");
	if (!value)
		return err_set(e, EINVAL, "\"%s\" is not KEY=value", line);
	*value++ = '\0';
	p->key = key_find(line);
	if (!p->key)
		return err_set(e, EINVAL, "there is no key %s; hwdb/bmc.hwdb lists them", line);
	for (size_t i = 0; i < r->n_properties; i++)
		if (r->properties[i].key == p->key)
			return err_set(e, EINVAL, "key %s stands there twice", line);
	return key_read(p->key, value, &p->number, e) < 0 ? -EINVAL
							  : (p->value = xstrdup(value), 0);
}

static int add_property(struct reader *rd, char *line, struct err *e)
{
	struct property p = {0};
	struct record *r = rd->record;

	if (read_property(rd, line, &p, e) < 0)
		return mistake(rd, rd->line, e);
	r->properties = xrealloc(r->properties, (r->n_properties + 1) * sizeof(*r->properties));
	r->properties[r->n_properties++] = p;
	return 0;
}

static int add_line(struct reader *rd, char *line, struct err *e)
{
	bool indented = line[0] == ' ' || line[0] == '\t';

	line = str_trim(line);
	if (line[0] == '#')
		return 0;
	if (line[0] == '\0')
		return end_record(rd, e);
	return indented ? add_property(rd, line, e) : add_pattern(rd, line, e);
}

static int load_file(struct hwdb *db, const char *path, struct err *e)
{
	struct reader rd = {.db = db, .file = path};
	_cleanup_free_ char *text = NULL;
	char *line, *next;
	size_t len;
	int r = fs_read(path, FILE_MAX, &text, &len, e);

	if (r < 0)
		return r;
	if (strlen(text) != len)
		return err_set(e, EINVAL, "%s: not a text file", path);
	for (line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		rd.line++;
		r = add_line(&rd, line, e);
		if (r < 0)
			return r;
	}
	return end_record(&rd, e);
}

static int is_hwdb(const struct dirent *d)
{
	return str_ends(d->d_name, ".hwdb") && d->d_name[0] != '.';
}

static int load_folder(struct hwdb *db, const char *path, struct err *e)
{
	struct dirent **names;
	int n = scandir(path, &names, is_hwdb, alphasort), r = 0;

	if (n < 0)
		return err_errno(e, errno, "read %s", path);
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *file = xasprintf("%s/%s", path, names[i]->d_name);

		if (r == 0)
			r = load_file(db, file, e);
		free(names[i]);
	}
	free(names);
	return r;
}

int hwdb_load(const char *path, struct hwdb **ret, struct err *e)
{
	struct hwdb *db;
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return err_errno(e, errno, "read %s", path);
	db = xcalloc(1, sizeof(*db));
	r = S_ISDIR(st.st_mode) ? load_folder(db, path, e) : load_file(db, path, e);
	if (r < 0) {
		hwdb_free(db);
		return r;
	}
	*ret = db;
	return 0;
}

static void record_done(struct record *r)
{
	for (size_t i = 0; i < r->n_patterns; i++)
		pattern_done(&r->patterns[i]);
	for (size_t i = 0; i < r->n_properties; i++)
		free(r->properties[i].value);
	free(r->patterns);
	free(r->properties);
	free(r->file);
}

void hwdb_free(struct hwdb *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->n; i++)
		record_done(&db->records[i]);
	free(db->records);
	free(db);
}
