$(call unit_tests,tests/unit/iso,iso image json base,jansson zlib)
