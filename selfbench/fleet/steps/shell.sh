# Deploys to many hosts with a shell loop of ssh, docker and curl. Usage: bash shell.sh up|down one-by-one|at-once NAME=ADDRESS…
# Its other inputs are environment variables. $SSH is ssh with its options, split at spaces.
set -eu
verb=$1 order=$2
shift 2

up() {
    $SSH "$1" sh -s <"$FACTS_SCRIPT" >"$DIR/facts.$1"
    threads=$(sed -n 's/^[0-9]*,\([0-9]*,[0-9]*\),.*,Y$/\1/p' "$DIR/facts.$1" | sort -u | wc -l)
    $SSH "$1" "mkdir -p $WORKSPACE/models/$MODEL $WORKSPACE/.incoming $WORKSPACE/.delivered
        cat >$WORKSPACE/models/models.config" <"$MODELS_CONFIG"
    if [ "$($SSH "$1" "cat $WORKSPACE/.delivered/$MODEL 2>/dev/null || true" </dev/null)" != "$SHA256" ]; then
        $SSH "$1" "cat >$WORKSPACE/.incoming/$SHA256.tar" <"$ARCHIVE"
        $SSH "$1" sh -eus "$WORKSPACE" "$MODEL" "$SHA256" <"$INSTALL_SCRIPT"
    fi
    $SSH "$1" sh -eus "$IMAGE" <"$IMAGE_SCRIPT"
    $SSH "$1" sh -eus "$WORKSPACE" "$threads" "$IMAGE" "$2" <"$CONTAINER_SCRIPT"
    for _ in $(seq 180); do
        curl -s "http://$2:8501/v1/models/$MODEL" | grep -q AVAILABLE && break
        sleep 1
    done
    curl -s --data-binary "@$PREDICT" "http://$2:8501/v1/models/$MODEL:predict" | grep -q outputs
}

down() {
    $SSH "$1" "docker stop -t 20 $CONTAINER && docker rm $CONTAINER && docker rmi $IMAGE && rm -rf $WORKSPACE" </dev/null
}

pids=
for host in "$@"; do
    if [ "$order" = at-once ]; then
        "$verb" "${host%%=*}" "${host#*=}" &
        pids="$pids $!"
    else
        "$verb" "${host%%=*}" "${host#*=}"
    fi
done
for pid in $pids; do wait "$pid"; done
