import { expect, test } from "vitest";
import { noteOn, precisionNote } from "./precision.ts";

const AVX512 = "avx avx2 avx512f avx512dq avx512bw avx512vl";
const said = (asked: string | undefined, flags: string) => precisionNote(asked, `flags\t\t: fpu ${flags}\n`);

test.each([
  ["bf16", "avx avx2"],
  ["f16", "avx avx2"],
  ["f16", AVX512],
  // A part of AVX-512 is not enough.
  ["bf16", "avx2 avx512f avx512_bf16"],
])("a reader is told that %s has no effect on a processor with %s alone", (asked, flags) => {
  expect(said(asked, flags)).toBe(
    `INFERENCE_PRECISION_HINT ${asked} has no effect: this processor cannot compute in ${asked}, so OpenVINO computes in f32.`,
  );
});

test.each([
  ["f32", "avx2"],
  [undefined, "avx2"],
  ["bf16", AVX512],
  ["bf16", "avx2 avx_vnni avx_ne_convert"],
  ["f16", `${AVX512} avx512_fp16`],
  ["f16", "avx2 avx_vnni avx_ne_convert"],
])("nothing is told of %s on a processor with %s", (asked, flags) => {
  expect(said(asked, flags)).toBeUndefined();
});

test("nothing is told where a machine does not tell its processor's flags", () => {
  for (const silent of ["", "Features : bf16\n", "grep: /proc/cpuinfo: No such file or directory\n"])
    expect(precisionNote("bf16", silent)).toBeUndefined();
});

test("a machine is asked only where a precision is set that it may lack", async () => {
  const nowhere = { destination: "nobody@host.invalid" };
  expect(await noteOn({ target: nowhere, env: { INFERENCE_PRECISION_HINT: "f32" } })).toBeUndefined();
  expect(await noteOn({ target: nowhere, env: {} })).toBeUndefined();
});
