#!/bin/bash
# As the Intel image's: the variables become flags, arguments are passed on.
exec tensorflow_model_server --port=8500 --rest_api_port=8501 \
  --model_name="${MODEL_NAME}" --model_base_path="${MODEL_BASE_PATH}/${MODEL_NAME}" \
  --tensorflow_intra_op_parallelism="${TENSORFLOW_INTRA_OP_PARALLELISM:-0}" \
  --tensorflow_inter_op_parallelism="${TENSORFLOW_INTER_OP_PARALLELISM:-0}" \
  "$@"
