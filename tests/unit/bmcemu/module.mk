$(call unit_tests,tests/unit/bmcemu,bmcfarm bmcemu json base,libuv nettle jansson)
