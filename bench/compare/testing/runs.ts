import type { Cell } from "../../matrix/cell.ts";
import type { Random } from "../../stats/math/random.ts";
import type { Study } from "../../stats/study.ts";
import { manifestOf, studyOf } from "../../testing/studies.ts";
import { verdictOf } from "../exit-code.ts";

const base = manifestOf({
  placements: [
    ["client", "client"],
    ["client", "edge"],
  ],
  images: Array.from({ length: 4 }, (_, i) => ({ name: `image-${i + 1}`, fileBytes: 1 })),
});

/** The exit code of a comparison. */
export const exitCodeOf = (...of: Parameters<typeof verdictOf>) => verdictOf(...of).exitCode;

/** A run's provenance, with one setting read back. */
export function manifest(id: string, omp = "4"): Study["manifest"] {
  const { edge } = base.readBack;
  return {
    ...base,
    id,
    timedRegion: "t",
    readBack: { ...base.readBack, edge: { ...edge, env: { OMP_NUM_THREADS: omp } } as never },
  };
}

/** A run of calls of about 20 ms, times a factor by cell. @param noise standard deviation of the logarithm of a call */
export function run(
  id: string,
  stream: Random,
  factor: (c: Cell) => number = () => 1,
  rounds = 4,
  noise = 0.01,
): Study {
  return studyOf(manifest(id), rounds, (c) =>
    Array.from({ length: 3 }, () => ({ totalMs: 20 * factor(c) * Math.exp(noise * stream.normal()) })),
  );
}

/** What the tests compare with. */
export const options = { threshold: 0.05 };
