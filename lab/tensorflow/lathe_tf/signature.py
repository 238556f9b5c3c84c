"""A request held against a model's signature."""

from .errors import invalid

DEFAULT_SIGNATURE = "serving_default"


def check_inputs(definition, feeds):
    """Fault where the inputs are not those of the signature."""
    want, have = set(definition.inputs), set(feeds)
    if len(have) != len(want):
        listed = [",".join(sorted(names)) for names in (have, want, have - want, want - have)]
        raise invalid(
            f"input size does not match signature: {len(have)}!={len(want)} len({{{listed[0]}}}) != "
            f"len({{{listed[1]}}}). Sent extra: {{{listed[2]}}}. Missing but required: {{{listed[3]}}}."
        )
    for name in feeds:
        if name not in want:
            expected = ",".join(sorted(want))
            raise invalid(
                f"input tensor alias not found in signature: {name}. "
                f"Inputs expected to be in the set {{{expected}}}."
            )


def outputs_of(definition, output_filter):
    """The outputs that are asked for, in order; all of them where the filter is empty."""
    seen = []
    for name in output_filter:
        if name not in definition.outputs:
            expected = ",".join(sorted(definition.outputs))
            raise invalid(
                f"output tensor alias not found in signature: {name} "
                f"Outputs expected to be in the set {{{expected}}}."
            )
        if name in seen:
            raise invalid(f"duplicate output tensor alias: {name}")
        seen.append(name)
    return seen or sorted(definition.outputs)
