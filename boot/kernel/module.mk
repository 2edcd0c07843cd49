# Debian's signed kernel and its modules, unpacked and not installed: build/cache/linux/.stamp. KERNEL names a suite
# of Debian, such as trixie or bookworm-backports, whose kernel the agent is to have instead of the machine's own.
KERNEL ?=
linux := build/cache/linux
agent_linux := $(linux)$(if $(KERNEL),-$(KERNEL))

$(sort $(linux)/.stamp $(agent_linux)/.stamp): boot/kernel/fetch.sh boot/archive/lists.sh
	@boot/kernel/fetch.sh build/cache $(if $(filter $(linux)/.stamp,$@),,$(KERNEL))
