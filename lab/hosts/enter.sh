#!/bin/sh
# Starts a host: joins its cgroups, enters its network namespace, and makes all its other namespaces.
# All values are in the environment: see boot.ts.
set -e
case "${1-}" in
"")
    for group in $LATHE_GROUPS; do echo $$ >"$group/cgroup.procs"; done
    # The cgroup namespace begins here: the host sees its own groups as the roots of the hierarchies.
    exec nsenter --net="$LATHE_NETWORK" unshare --cgroup sh "$0" in-cgroup
    ;;
in-cgroup)
    # Version 2: a group that gives its controllers to the groups below may hold no process itself.
    if [ "$LATHE_CGROUP_VERSION" = 2 ]; then
        group=$LATHE_GROUPS
        mkdir -p "$group/init"
        echo $$ >"$group/init/cgroup.procs"
        for controller in $(cat "$group/cgroup.controllers"); do
            echo "+$controller" >"$group/cgroup.subtree_control" || :
        done
        # A program that reads only its own group's quota must see the host's quota there.
        [ ! -e "$group/cpu.max" ] || cat "$group/cpu.max" >"$group/init/cpu.max"
    fi
    exec unshare --mount --propagation private --pid --uts --ipc --fork sh "$(dirname "$0")/boot.sh"
    ;;
esac
