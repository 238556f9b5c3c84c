# Pulls an image if it is not there, and prints it. $1: its reference by digest.
docker image inspect "$1" >/dev/null 2>&1 || docker pull -q "$1"
