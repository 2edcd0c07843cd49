# ingot.conf as its manual page, in mdoc(7): each key with its default and the comment above it.
function text(s) {
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	gsub(/[.] +/, ".\n", s) # a sentence begins a line
	return (s ~ /^[.']/ ? "\\&" : "") s
}
BEGIN {
	print ".\\\" Made from conductor/ingot.conf.\n.Dd $Mdocdate$\n.Dt INGOT.CONF 5\n.Os Ingot"
	print ".Sh NAME\n.Nm ingot.conf\n.Nd configuration of the Ingot conductor\n.Sh DESCRIPTION"
	print "The file that\n.Xr ingotd 8\nreads with\n.Fl \\-config .\nSections stand in brackets; a line is"
	print ".Ql key = value ;\na comment begins with\n.Ql \\&; .\nAn unknown key or a value that cannot be is an error"
	print "that names its line:\n.Ql ingotd \\-\\-config FILE \\-\\-check\ntells."
}
function close_list() { if (open) print ".El"; open = 0 }
/^\[/ {
	close_list()
	print ".Ss " $0 "\n.Bl -tag -width Ds"
	open = 1; comment = ""
	next
}
/^; / { if (open) comment = comment text(substr($0, 3)) "\n"; next }
/^;[a-z_]+ =/ {
	key = substr($1, 2); value = $0; sub(/^[^=]*= */, "", value)
	print ".It Cm " key " = Ar \\&" text(value)
	printf "%s", comment
	if (comment == "") print "As the one above."
	comment = ""
	next
}
/^$/ { comment = "" }
END {
	close_list()
	print ".Sh FILES\n.Pa /etc/ingot/ingot.conf\n.Sh SEE ALSO\n.Xr ingot 1 ,\n.Xr ingotd 8"
}
