/* Printing answers; see print.h. */
#include "conductor/cli/print.h"
#include "lib/base/buf.h"
#include "lib/base/str.h"

#include <errno.h>
#include <string.h>

#define COLUMNS_MAX 64

/* The words that -f and --format take for formats. */
static bool print_is_format(const char *word)
{
	static const char *const formats[] = {"table", "json", "csv", "value"};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (str_eq(word, formats[i]))
			return true;
	return false;
}

/* --json, --format, and -f where what it says is a format. */
static const char *format_of(const struct cli_line *line)
{
	const char *word, *format = cli_value(line, "format");
	size_t pos = 0;

	while (!format && (word = cli_next(line, "f", &pos)))
		format = print_is_format(word) ? word : NULL;
	return cli_flag(line, "json") ? "json" : format ? format : "table";
}

bool print_as_json(const struct cli_line *line)
{
	return str_eq(format_of(line), "json");
}

bool print_as_table(const struct cli_line *line)
{
	return str_eq(format_of(line), "table");
}

int print_check(const struct cli_line *line, struct err *e)
{
	const char *format = format_of(line);

	return print_is_format(format)
		       ? 0
		       : err_set(e, EINVAL, "--format %.32s: expected table, json, csv or value",
				 format);
}

char *print_fields(const struct cli_line *line)
{
	static const char *const options[] = {"fields", "f", "column", "c"};
	struct buf b = BUF_INIT(8192);
	const char *word;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t pos = 0;

		while ((word = cli_next(line, options[i], &pos)))
			if (options[i][1] || *options[i] == 'c' || !print_is_format(word))
				buf_printf(&b, "%s%s", b.len ? "," : "", word);
	}
	return b.len ? buf_take(&b) : NULL;
}

void cmd_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	putchar('\n');
}

/* A member as text for scripts: text as it is, anything else as JSON. Allocated. */
static char *bare(const json_t *row, const char *path)
{
	const json_t *value = table_member(row, path);
	char *text = json_is_string(value) ? xstrdup(json_string_value(value)) : json_text(value);

	text_clean(text);
	return text;
}

/* A field of RFC 4180. */
static void put_csv(const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, stdout);
		return;
	}
	putchar('"');
	for (; *text; text++)
		printf(*text == '"' ? "\"\"" : "%c", *text);
	putchar('"');
}

static void print_bare(const struct table_column *columns, size_t n, const json_t *rows, bool csv)
{
	json_t *row;
	size_t i;

	for (size_t c = 0; csv && c < n; c++)
		printf("%s%s", columns[c].key, c + 1 < n ? "," : "\n");
	json_array_foreach ((json_t *)rows, i, row)
		for (size_t c = 0; c < n; c++) {
			_cleanup_free_ char *text = bare(row, columns[c].key);

			if (csv)
				put_csv(text);
			else
				fputs(text, stdout);
			putchar(c + 1 == n ? '\n' : csv ? ',' : ' ');
		}
}

/* The columns that were asked for, in their order. Texts live in `fields`. */
static size_t chosen(char *fields, struct table_column *ret)
{
	char *save = NULL;
	size_t n = 0;

	for (char *s = strtok_r(fields, ",", &save); s && n < COLUMNS_MAX;
		s = strtok_r(NULL, ",", &save))
		ret[n++] = (struct table_column){s, NULL};
	return n;
}

/* Members by dotted path, so that "properties.rack" is a field, too. */
static json_t *narrowed(const json_t *rows, const struct table_column *columns, size_t n)
{
	json_t *out = json_array(), *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row) {
		json_t *narrow = json_object();

		for (size_t c = 0; c < n; c++) {
			json_t *value = (json_t *)table_member(row, columns[c].key);

			json_object_set_new(
				narrow, columns[c].key, value ? json_incref(value) : json_null());
		}
		json_array_append_new(out, narrow);
	}
	return out;
}

void print_table(const struct cli_line *line, FILE *out, const struct table_column *columns,
	size_t n, const json_t *rows)
{
	_cleanup_free_ char *fields = print_fields(line);
	struct table_column own[COLUMNS_MAX];

	if (fields) {
		n = chosen(fields, own);
		columns = own;
	}
	table_print(out, columns, n, rows);
}

int cmd_print(const struct cli_line *line, const struct table_column *columns, size_t n,
	const json_t *rows)
{
	_cleanup_free_ char *fields = print_fields(line);
	struct table_column own[COLUMNS_MAX];
	const char *format = format_of(line);
	struct err e = {0};

	if (print_check(line, &e) < 0)
		return fprintf(stderr, "ingot: %s\n", e.text), CLI_USAGE;
	if (fields) {
		n = chosen(fields, own);
		columns = own;
	}
	if (str_eq(format, "json")) {
		_cleanup_json_ json_t *narrow = fields ? narrowed(rows, columns, n) : NULL;

		cmd_print_json(narrow ? narrow : rows);
	} else if (str_eq(format, "table")) {
		table_print(stdout, columns, n, rows);
	} else {
		print_bare(columns, n, rows, str_eq(format, "csv"));
	}
	return CLI_OK;
}

json_t *print_narrow(const struct cli_line *line, const json_t *object)
{
	_cleanup_free_ char *fields = print_fields(line);
	_cleanup_json_ json_t *rows = json_pack("[O]", object), *narrow = NULL;
	struct table_column columns[COLUMNS_MAX];

	if (!fields)
		return json_incref((json_t *)object);
	narrow = narrowed(rows, columns, chosen(fields, columns));
	return json_incref(json_array_get(narrow, 0));
}

int print_object(const struct cli_line *line, const json_t *object)
{
	_cleanup_json_ json_t *shown = print_narrow(line, object), *rows = json_pack("[O]", shown);
	struct table_column columns[COLUMNS_MAX];
	const char *key, *format = format_of(line);
	json_t *value;
	size_t n = 0;

	if (str_eq(format, "json")) {
		cmd_print_json(shown);
	} else if (str_eq(format, "table")) {
		table_print_object(stdout, shown);
	} else {
		json_object_foreach (shown, key, value)
			if (n < COLUMNS_MAX)
				columns[n++] = (struct table_column){key, NULL};
		print_bare(columns, n, rows, str_eq(format, "csv"));
	}
	return CLI_OK;
}
