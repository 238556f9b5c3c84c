"""TensorFlow's CombinedNonMaxSuppression, which OpenVINO's converter does not know, by OpenVINO's MulticlassNms.

For one image, with boxes of its own for each class: that is how MulticlassNms takes boxes of one image.
"""

import numpy as np
from openvino import opset13 as ops
from openvino.frontend.tensorflow import ConversionExtension


def extension(operation):
    """What converts the operation of this name."""
    return ConversionExtension(operation, convert)


def convert(node):
    """The four outputs of the operation: boxes [1,K,4], scores [1,K], classes [1,K], count [1]; K as `max_total_size` says.

    Its inputs: boxes [1,N,C,4], scores [1,N,C], then four constants. Its attribute `clip_boxes` is true where it is not written.
    """
    boxes, scores = node.get_input(0), node.get_input(1)
    sets, classes = boxes.get_partial_shape()[2], scores.get_partial_shape()[2]
    if sets != classes:
        raise ValueError(f"boxes for {sets} classes, scores of {classes}: boxes that classes share are not converted")
    per_class, total, iou, score = (_constant(node.get_input(i)) for i in range(2, 6))
    if per_class < total:
        raise ValueError(f"at most {per_class} of a class, {total} in all: MulticlassNms has no limit for each class")
    total = int(total)
    found = ops.multiclass_nms(
        ops.transpose(ops.squeeze(boxes, _whole([0])), _whole([1, 0, 2])),
        ops.transpose(ops.squeeze(scores, _whole([0])), _whole([1, 0])),
        _boxes_of_image(scores),
        sort_result_type="score",
        output_type="i64",
        # Suppression looks at all boxes, as TensorFlow's does.
        nms_top_k=-1,
        keep_top_k=total,
        iou_threshold=iou,
        score_threshold=score,
        background_class=-1,
        nms_eta=1.0,
        normalized=True,
    )
    rows, count = found.output(0), found.output(2)
    # TensorFlow fills up with zeros.
    missing = ops.concat([ops.subtract(_whole([total]), count), _whole([0])], 0)
    filled = ops.pad(rows, _whole([0, 0]), missing, "constant", ops.constant(np.float32(0)))
    filled = ops.reshape(filled, _whole([1, total, 6]), False)

    def columns(start, stop):
        return ops.slice(filled, _whole([start]), _whole([stop]), _whole([1]), _whole([2]))

    # A row is class, score, box.
    return [
        ops.clamp(columns(2, 6), 0.0, 1.0).output(0),
        ops.squeeze(columns(1, 2), _whole([2])).output(0),
        ops.squeeze(columns(0, 1), _whole([2])).output(0),
        ops.convert(count, "i32").output(0),
    ]


def _boxes_of_image(scores):
    size = ops.slice(ops.shape_of(scores, "i64"), _whole([1]), _whole([2]), _whole([1]))
    return ops.reshape(size, _whole([1]), False)


def _whole(values):
    return ops.constant(np.array(values, np.int64))


def _constant(output):
    """The value of a scalar input: a constant, behind nodes that pass it on."""
    node = output.get_node()
    while node.get_type_name() != "Constant":
        node = node.input(0).get_source_output().get_node()
    return float(np.asarray(node.data).reshape(-1)[0])
