import tables from "../paper/tables.json" with { type: "json" };
import { once } from "../stats/math/memo.ts";
import type { Study } from "../stats/study.ts";
import { contentOverSize } from "./content-over-size.ts";
import { grpcFaster } from "./grpc-faster.ts";
import { modelOverProtocol } from "./model-over-protocol.ts";
import { remoteSlower } from "./remote-slower.ts";
import type { Conclusion, Finding } from "./verdict.ts";

/** The paper's conclusions, in its order. Another one is a file, and a line here. */
export const CONCLUSIONS: readonly Conclusion[] = [modelOverProtocol, grpcFaster, remoteSlower, contentOverSize];

/** A conclusion with the judgement on a run's data and on the paper's own. */
export interface Verdict {
  readonly id: string;
  /** The conclusion in the paper's words. */
  readonly text: string;
  readonly test: string;
  readonly ours: Finding;
  readonly paper: Finding;
}

/** Judges each of the paper's conclusions on a run, the paper's own numbers beside it. */
export const verdicts = once((study: Study): readonly Verdict[] =>
  CONCLUSIONS.map((c) => ({
    id: c.id,
    text: tables.conclusions.find((p) => p.id === c.id)?.text ?? c.test,
    test: c.test,
    ours: c.judge(study),
    paper: c.judgePaper(),
  })),
);
