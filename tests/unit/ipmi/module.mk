$(call unit_tests,tests/unit/ipmi,ipmi json base,libuv nettle)
