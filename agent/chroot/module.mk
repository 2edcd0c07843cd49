$(eval $(call library,agentchroot,agent/chroot))
