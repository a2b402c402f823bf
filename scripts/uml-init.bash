# The fixed part of the User-mode Linux guest's first program; scripts/in-uml writes its head (project, state,
# timeout, command, the environment) and boots it.
# shellcheck shell=bash disable=SC2154

power_off() {
    sync
    echo o >/proc/sysrq-trigger
    sleep 60
}

# Whatever cannot be set up ends the guest: a test that ran on half a machine would prove nothing.
must() {
    "$@" || {
        echo "uml-init: failed: $*"
        power_off
    }
}

must mount -t proc proc /proc
# The events of a test that hangs have to reach the host's files while it hangs.
echo 100 >/proc/sys/vm/dirty_writeback_centisecs
echo 100 >/proc/sys/vm/dirty_expire_centisecs
echo uml >/proc/sys/kernel/hostname

must mount -t sysfs sysfs /sys
must mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
mountpoint -q /dev || must mount -t devtmpfs devtmpfs /dev
must mkdir -p /dev/pts /dev/shm
must mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
must mount -t tmpfs -o mode=1777 tmpfs /dev/shm

# The host's files are read-only from here on, all but .build. The project is carried over the empty directories,
# because it may lie below one of them.
must mount -t tmpfs -o mode=755 tmpfs /mnt
must mkdir /mnt/project
must mount --bind "$project" /mnt/project
must mount --bind "$state/.." /mnt/project/.build
must mount -o remount,bind,ro /mnt/project
must mount -o remount,bind,ro /
must mount -t tmpfs -o mode=755 tmpfs /run
must mount -t tmpfs -o mode=1777 tmpfs /var/tmp
must mount -t tmpfs -o mode=1777 tmpfs /tmp
must mkdir "$HOME"
[ -d "$project" ] || must mkdir -p "$project"
must mount --rbind /mnt/project "$project"
must umount -R /mnt

must ip link set lo up
cd "$project" || power_off

timeout --kill-after=10 "$timeout" "${command[@]}" </dev/null >"$state/output.log" 2>&1
echo $? >"$state/status"
power_off
