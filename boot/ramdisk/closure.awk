# Chooses modules: reads a driver list, then modules.builtin, modules.softdep, modules.alias and
# modules.dep (in this order, each announced by the variable `file`), and prints the chosen modules'
# paths as modules.dep names them, with all they depend on. Ends with 1 when the list names what is
# not there.

function norm(name) {
	gsub("-", "_", name)
	return name
}

# kernel/drivers/net/virtio_net.ko -> virtio_net
function base(path) {
	sub(".*/", "", path)
	sub("\\.ko(\\..z|\\.zst)?$", "", path)
	return norm(path)
}

# Does entry i mean this module?
function means(i, path) {
	if (folder[i])
		return index(path, "kernel/" entry[i]) == 1
	return base(path) == entry[i]
}

function refused(path,   i, verdict) {
	verdict = 0
	for (i = 1; i <= entries; i++)
		if (means(i, path))
			verdict = negative[i]
	return verdict
}

function add(name,   n, i, list, path) {
	path = path_of[name]
	if (path == "" || (path in chosen) || refused(path))
		return
	chosen[path] = 1
	n = split(deps[path], list, " ")
	for (i = 1; i <= n; i++)
		add(base(list[i]))
	n = split(soft[name], list, " ")
	for (i = 1; i <= n; i++)
		add_soft(list[i])
}

# A soft dependency names a module or an alias that several modules may answer to.
function add_soft(wanted,   n, i, list) {
	add(norm(wanted))
	n = split(alias_of[norm(wanted)], list, " ")
	for (i = 1; i <= n; i++)
		add(list[i])
}

# One line of a list. A file that it includes is read at once, so that the order stays what it says.
function entry_line(line, dir,   words, status, path) {
	sub("#.*", "", line)
	if (split(line, words, " ") == 0)
		return
	if (words[1] == "include") {
		path = dir words[2]
		while ((status = (getline line < path)) > 0)
			entry_line(line, dir)
		if (status < 0) {
			print "drivers: " path " cannot be read" > "/dev/stderr"
			missing = 1
		}
		close(path)
		return
	}
	entries++
	negative[entries] = sub("^!", "", words[1])
	optional[entries] = sub("\\?$", "", words[1])
	folder[entries] = words[1] ~ "/$"
	entry[entries] = folder[entries] ? words[1] : norm(words[1])
}

file == "list" {
	dir = FILENAME ~ "/" ? FILENAME : ""
	sub("[^/]*$", "", dir)
	entry_line($0, dir)
}
file == "builtin" { builtin[base($1)] = 1 }
file == "softdep" && $1 == "softdep" {
	for (i = 3; i <= NF; i++)
		if ($i != "pre:" && $i != "post:")
			soft[norm($2)] = soft[norm($2)] " " $i
}
# Only aliases without a pattern can be what a soft dependency names.
file == "alias" && $1 == "alias" && $2 !~ /[*?\[]/ { alias_of[norm($2)] = alias_of[norm($2)] " " norm($3) }
file == "dep" {
	path = $1
	sub(":$", "", path)
	$1 = ""
	deps[path] = $0
	path_of[base(path)] = path
}

END {
	for (i = 1; i <= entries; i++) {
		found = !folder[i] && builtin[entry[i]]
		if (folder[i]) {
			for (p in deps)
				if (means(i, p)) {
					found = 1
					if (!negative[i])
						add(base(p))
				}
		} else if (path_of[entry[i]] != "") {
			found = 1
			if (!negative[i])
				add(entry[i])
		}
		if (!found && !negative[i] && !optional[i]) {
			print "drivers: the kernel has no " entry[i] > "/dev/stderr"
			missing = 1
		}
	}
	if (missing)
		exit 1
	for (p in chosen)
		print p
}
