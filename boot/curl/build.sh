#!/bin/sh
# build.sh CACHE: makes CACHE/curl/libcurl-gnutls.so.4, which speaks HTTP and HTTPS and nothing else.
#
# It is Debian's source package with Debian's patches, in place of Debian's own build of it: that one brings Kerberos,
# LDAP, SSH, RTMP, HTTP/2 and a second TLS library, 8 MB of libraries that the agent never calls. Name and symbol
# versions are Debian's, so that the agent, linked with Debian's library, runs with either. The source stays in
# CACHE/sources, and as long as it is there nothing is fetched again. Needs no root.
set -eu
umask 022
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../archive/lists.sh"

mkdir -p "$1"
cache=$(cd "$1" && pwd)
out=$cache/curl
sources=$cache/sources
name=libcurl-gnutls.so.4

die() {
	echo "libcurl: $*" >&2
	exit 1
}

# A source that lies there is used. A mirror may not have the newest, so the one before is tried then.
download() {
	echo "  CURL  downloading Debian's source"
	rm -rf "$sources/new" && mkdir -p "$sources/new"
	own_lists "$cache/apt-sources" deb-src &&
		download_newest &&
		mv "$sources"/new/* "$sources" && rm -rf "$sources/new" "$cache/apt-sources"
}

download_newest() {
	for version in $(own_apt "$cache/apt-sources" apt-cache showsrc curl | sed -n 's/^Version: //p' | sort -Vru); do
		(cd "$sources/new" && own_apt "$cache/apt-sources" apt-get -qq source --download-only "curl=$version") && return
		rm -f "$sources"/new/*
	done
	return 1
}

# The shared library's configuration: what is not named is what configure finds, so all it could find is named.
configure() {
	../source/configure --with-gnutls --enable-ipv6 --enable-threaded-resolver \
		--with-ca-path=/etc/ssl/certs --without-ca-bundle \
		--disable-dict --disable-file --disable-ftp --disable-gopher --disable-imap --disable-ipfs --disable-ldap \
		--disable-ldaps --disable-mqtt --disable-pop3 --disable-rtsp --disable-smb --disable-smtp --disable-telnet \
		--disable-tftp --disable-websockets --disable-unix-sockets --disable-alt-svc --disable-aws --disable-cookies \
		--disable-doh --disable-hsts --disable-kerberos-auth --disable-manual --disable-mime --disable-negotiate-auth \
		--disable-netrc --disable-ntlm --disable-ntlm-wb --disable-tls-srp --disable-progress-meter --without-brotli \
		--without-gssapi --without-libgsasl --without-libidn2 --without-libpsl --without-librtmp --without-libssh \
		--without-libssh2 --without-nghttp2 --without-nghttp3 --without-ngtcp2 --without-zlib --without-zstd
}

# Every file of lib/ is compiled: what is left out is empty then. Paths of this machine do not show.
compile() {
	(cd ../source/lib && find . -name '*.c' -printf '%P\n') | sort >files
	mkdir objects
	xargs -P "$(nproc)" -I FILE sh -c 'gcc -c -O2 -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections \
		-D_FORTIFY_SOURCE=2 -fstack-protector-strong -ffile-prefix-map="$(cd .. && pwd)"=. -DHAVE_CONFIG_H \
		-DBUILDING_LIBCURL -DCURL_HIDDEN_SYMBOLS -Ilib -I../source/lib -I../source/include "../source/lib/$1" \
		-o "objects/$(echo "$1" | tr / _).o"' sh FILE <files
}

link() {
	echo 'CURL_GNUTLS_3 { global: curl_*; local: *; };' >versions
	gcc -shared -s -o "$name" -Wl,-soname,"$name" -Wl,--version-script,versions -Wl,--build-id=none \
		-Wl,-O1,--gc-sections,--as-needed,-z,relro,-z,now,-z,defs objects/*.o -lgnutls -lnettle -pthread
}

step() { # NAME: its output is shown when it fails
	"$1" >"$1.log" 2>&1 || {
		tail -n 30 "$1.log" >&2
		die "$1 failed"
	}
}

mkdir -p "$sources"
exec 9>"$cache/.lock-curl" # two makes may want the same library at the same time
flock 9
[ "$out/.stamp" -nt "$0" ] && exit 0
newest() { ls "$sources"/curl_*.dsc 2>/dev/null | sort -V | tail -n 1; }
[ -n "$(newest)" ] || download ||
	die "its source cannot be downloaded; does the Debian mirror have sources? make LIBCURL=debian goes without"
dsc=$(newest)

echo "  CURL  building ${dsc##*/}"
rm -rf "$out.new"
mkdir -p "$out.new/build"
dpkg-source -q --no-check -x "$dsc" "$out.new/source" >"$out.new/unpack.log" # apt has checked it
(cd "$out.new/build" && step configure && step compile && step link)
rm -rf "$out"
mkdir "$out"
mv "$out.new/build/$name" "$out/"
rm -rf "$out.new"
touch "$out/.stamp"
