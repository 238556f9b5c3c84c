#!/bin/bash
# Init of a lab host: keeps its services running, and reaps ended processes (bash does that while it waits).
# A service is a line in /etc/lathe-services: NAME COMMAND… After SIGHUP, init starts the lines that were added.
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
started=0
start_new() {
    local line=0
    while read -r -a service; do
        line=$((line + 1))
        [ "$line" -gt "$started" ] || continue
        supervise "${service[@]}" &
        started=$line
    done </etc/lathe-services
}
start_new
trap start_new HUP
trap : TERM INT
while :; do wait; sleep 1; done
