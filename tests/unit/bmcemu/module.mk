$(call unit_tests,tests/unit/bmcemu,bmcemu base,libuv nettle jansson)
