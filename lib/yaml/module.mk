$(eval $(call library,yaml,lib/yaml,yaml-0.1 jansson))
