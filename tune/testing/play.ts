import { begin, next, observe } from "../race/race.ts";
import type { RaceState } from "../race/types.ts";
import type { World } from "./worlds.ts";

/** A race in a world, to its end. @param rounds makes it a grid */
export function play(world: World, visits: number, seed: number, rounds?: number): RaceState {
  let state = begin(world.arms, world.objective, seed, { seconds: visits }, rounds);
  let time = 0;
  for (;;) {
    const due = next(state);
    if (due.kind === "done") return state;
    for (const arm of due.arms) state = observe(state, world.visit(arm, time++));
  }
}

/** How much worse an arm is than the best of its world, as a share: 0.03 is three per cent. */
export function regret(world: World, arm: string): number {
  const best = Math.max(...world.truth.values());
  return 1 - Math.exp((world.truth.get(arm) as number) - best);
}
