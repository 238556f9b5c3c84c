#!/bin/bash
# Init of a lab host: keeps its services running, and reaps what they leave behind (bash does, as it waits).
# A service is a line in /etc/lathe-services: NAME COMMAND…
mkdir -p /run/sshd /run/lock
supervise() {
    local name=$1
    shift
    while :; do
        "$@" >>"/var/log/$name.log" 2>&1 </dev/null
        echo "$(date -Is) $name ended with $?: started again"
        sleep 1
    done
}
while read -r -a service; do
    supervise "${service[@]}" &
done </etc/lathe-services
trap : TERM INT HUP
while :; do wait; sleep 1; done
