#!/bin/sh
# First process of a host, in namespaces of its own but still on the machine's root. Mounts the host's root over its base,
# moves into it, and becomes its init. All values are in the environment: see boot.ts.
set -e
root=$LATHE_HOST/root
mkdir -p "$root"
mount -t overlay "$LATHE_NAME" -o "lowerdir=$LATHE_BASE,upperdir=$LATHE_HOST/upper,workdir=$LATHE_HOST/work" "$root"

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=755 dev "$root/dev"
for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
    set -- $node
    mknod -m 666 "$root/dev/$1" c "$2" "$3"
done
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/mqueue"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t mqueue mqueue "$root/dev/mqueue"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

if [ "$LATHE_CGROUP_VERSION" = 2 ]; then
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
    mount -t tmpfs -o mode=755 cgroup "$root/sys/fs/cgroup"
    for hierarchy in $LATHE_HIERARCHIES; do # NAME:OPTIONS
        name=${hierarchy%%:*}
        mkdir "$root/sys/fs/cgroup/$name"
        mount -t cgroup -o "${hierarchy#*:}" cgroup "$root/sys/fs/cgroup/$name"
        # Controllers that share a hierarchy can be found by their single names, too.
        for controller in $(echo "$name" | tr , ' '); do
            [ -e "$root/sys/fs/cgroup/$controller" ] || ln -s "$name" "$root/sys/fs/cgroup/$controller"
        done
    done
fi

for bind in $LATHE_BINDS; do # FOLDER:PLACE or FOLDER:PLACE:ro
    rest=${bind#*:}
    place=$root${rest%%:*}
    mkdir -p "$place"
    mount --bind "${bind%%:*}" "$place"
    case $rest in *:ro) mount -o remount,bind,ro "$place" ;; esac
done

hostname "$LATHE_NAME"
# Unmounts the machine's root, so that the host keeps none of the machine's mounts.
cd "$root"
pivot_root . .
umount -l .
cd /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    SSL_CERT_DIR=/etc/ssl/certs /usr/local/sbin/lathe-init </dev/null >>/var/log/lathe-init.log 2>&1
