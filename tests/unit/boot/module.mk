$(call unit_tests,tests/unit/boot,boot http base,libuv)
