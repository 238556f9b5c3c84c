#!/bin/bash
# As TorchServe's own image starts: what its command says is a line of shell; `serve` would be its own default.
set -e
if [[ "$1" = "serve" ]]; then
  torchserve --start --ts-config /home/model-server/config.properties
else
  eval "$@"
fi
tail -f /dev/null
