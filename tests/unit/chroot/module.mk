$(call unit_tests,tests/unit/chroot,agentchroot image base,libcurl gnutls zlib)
