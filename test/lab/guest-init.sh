# Init of a guest (guests.ts): mounts, modules, network, sshd. Its root is a folder of the machine that nobody may write to.
. /mnt/settings
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs tmp /tmp
mkdir -p /dev/pts /run/sshd
mount -t devpts -o newinstance,ptmxmode=666 devpts /dev/pts
for module in $modules; do insmod "$(find /usr/lib/uml/modules -name "$module.ko")"; done
hostname "$name"
ip link set lo up
ip address add "$address" dev vec0
ip link set vec0 up
# sshd takes keys only from a file in a folder that root owns.
install -m 600 /mnt/authorized_keys /run/authorized_keys
exec /usr/sbin/sshd -D -e -f /mnt/sshd_config
