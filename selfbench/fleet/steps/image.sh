# Pulls an image that is not there: $1 its reference by digest. Says what it pulled.
docker image inspect "$1" >/dev/null 2>&1 || docker pull -q "$1"
