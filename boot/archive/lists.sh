# Package lists of our own, beside those of the machine's apt: for another suite, or for sources. To be sourced.
#
# own_lists FOLDER TYPE [SUITE [COMPONENT]]
#   Fetches into FOLDER the lists of TYPE (deb or deb-src) from where the machine gets its Debian, of SUITE in
#   place of the machine's own: bookworm and bookworm-updates become trixie and trixie-updates. A SUITE with a dash,
#   such as trixie-backports, is taken alone. A COMPONENT
#   stands in place of the machine's own. What comes is checked with Debian's keys on this machine.
# own_apt FOLDER PROGRAM ARGUMENT...
#   apt-get or apt-cache on those lists. Neither needs root, and the machine's own apt is left as it is.

keys=/usr/share/keyrings/debian-archive-keyring.gpg

# "URI release component" of each of the machine's Debian archives. Who an archive belongs to is known once its
# lists were fetched; a machine without any is judged by the names of the releases.
debian_archives() {
	known=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian')
	[ -n "$known" ] || known=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
		awk -v own="$(. /etc/os-release && echo "$VERSION_CODENAME")" \
			'$2 == own || $2 == own "-updates" || $2 == own "-security"')
	echo "$known"
}

own_lists() {
	mkdir -p "$1/lists/partial" "$1/archives/partial"
	debian_archives | awk -v type="$2" -v suite="${3:-}" -v component="${4:-}" -v keys="$([ -e $keys ] && echo " [signed-by=$keys]")" '
		NF == 3 {
			part = $2
			sub("^[^-]*", "", part)
			if (suite ~ "-" && part != "")
				next
			print type keys, $1, suite == "" ? $2 : suite ~ "-" ? suite : suite part, component == "" ? $3 : component
		}' | sort -u >"$1/sources.list"
	own_apt "$1" apt-get -qq update
}

own_apt() {
	folder=$(cd "$1" && pwd) program=$2
	shift 2
	"$program" -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder" -o Dir::Cache::archives="$folder/archives" \
		-o APT::Sandbox::User=root "$@"
}
