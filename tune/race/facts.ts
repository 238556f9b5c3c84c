import { once } from "../../bench/stats/math/memo.ts";
import { type Confirmation, confirmations } from "./confirm.ts";
import { type Contrasts, contrasts } from "./estimate/contrasts.ts";
import { type Out, outs, ruleOf } from "./standing.ts";
import type { RaceState } from "./types.ts";

/** What the whole blocks of a race or grid show. */
export interface Facts {
  readonly rule: string;
  readonly out: ReadonlyMap<string, Out>;
  readonly contrasts: Contrasts;
  readonly confirmations: readonly Confirmation[];
}

/** Evaluates the whole blocks of a race or grid. */
export const factsOf = once((state: RaceState): Facts => {
  const rule = ruleOf(state).id;
  const held = confirmations(state.blocks, rule);
  const fickle = held.filter((c) => c.verdict === "at-times").map((c) => c.candidate);
  const out = outs(state, new Set(fickle));
  return {
    ...{ rule, out, contrasts: contrasts(state.blocks, rule) },
    confirmations: held.map((c) =>
      out.has(c.candidate) && ["open", "better"].includes(c.verdict) ? { ...c, verdict: "out" as const } : c,
    ),
  };
});
