#!/bin/busybox sh
# What udhcpc calls: brings the NIC up, and gives it the address it got.
case $1 in
deconfig)
	busybox ifconfig "$interface" 0.0.0.0 up
	;;
bound | renew)
	busybox ifconfig "$interface" "$ip" netmask "${subnet:-255.255.255.0}" up
	for gateway in $router; do
		busybox route add default gw "$gateway" dev "$interface"
		break
	done
	: >/etc/resolv.conf
	for server in $dns; do
		echo "nameserver $server" >>/etc/resolv.conf
	done
	echo "INGOT-SYSTEM $interface has address $ip" >/dev/console
	;;
esac
