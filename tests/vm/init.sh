#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Process 1 of the guest. First in the initramfs: load modules, make the host's root file system
# (read-only, with a RAM disk over it) the root. Then, called again there with "main": run the job.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
B=/bin/busybox
[ -x /run/vm/busybox ] && B=/run/vm/busybox

die()
{
	echo "init: $*" >/dev/console
	$B reboot -f
}

share()
{
	$B mount -t 9p -o "trans=virtio,version=9p2000.L,msize=262144,access=any,$3" "$1" "$2" || die "cannot mount $1"
}

boot()
{
	$B mount -t devtmpfs dev /dev || die "no devtmpfs"
	$B mount -t proc proc /proc
	$B mount -t sysfs sys /sys
	. /job/settings
	for module in $($B cat /modules/order.root); do
		$B insmod "/modules/$module.ko" || die "cannot load $module"
	done
	# the rest meanwhile: a processor is idle while the other mounts
	{
		for module in $($B cat /modules/order.network); do
			$B insmod "/modules/$module.ko" || echo "init: cannot load $module" >/dev/console
		done
	} &
	loading=$!
	share root /lower "ro,cache=loose"
	$B mount -t tmpfs -o mode=755 tmpfs /upper
	$B mkdir /upper/data /upper/work
	$B mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /root || die "no overlay"
	$B mount -t tmpfs -o mode=755 tmpfs /root/run
	$B mkdir -p /root/run/vm /root/run/lock /root/run/netns /root/lib/modules/"$RELEASE"
	$B cp /bin/busybox /init /root/run/vm/
	$B cp /job/settings /job/job /root/run/vm/
	for name in dev proc sys; do
		$B mount --move "/$name" "/root/$name"
	done
	$B mkdir -p /root/dev/pts /root/dev/shm
	$B mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /root/dev/pts
	$B mount -t tmpfs -o mode=1777 tmpfs /root/dev/shm
	$B mount --bind "/root$MODULES" "/root/lib/modules/$RELEASE" || die "no module tree"
	[ -z "$OUTPUT" ] || share output "/root$OUTPUT" "cache=mmap"
	wait $loading
	exec $B switch_root /root /run/vm/busybox sh /run/vm/init main
}

main()
{
	. /run/vm/settings
	$B hostname guest
	$B ifconfig lo 127.0.0.1 up
	echo 1 >/proc/sys/kernel/panic_on_oops
	$B mkfifo /run/vm/out
	# The port can be opened once; the job's /dev/stdout may be opened again and again.
	$B cat /run/vm/out >/dev/vport0p1 &
	exec 3>/run/vm/out
	/bin/sh /run/vm/job </dev/null >&3 2>&3 3>&-
	status=$?
	$B sync
	# Behind all of the output, whatever still runs: the mark tells it from the job's own words.
	echo "$MARK $status" >&3
	exec 3>&-
	$B sleep 5
	$B reboot -f
}

case "$1" in
main) main ;;
*) boot ;;
esac
