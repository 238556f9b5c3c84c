import type { Arm, ArmStatus, Block, Budget, Next, Objective, Outcome, RaceState } from "./types.ts";

/**
 * A race that has measured nothing.
 *
 * @param seed decides the order of arms in blocks
 * @throws UserError if not exactly one arm is the rule, or two arms have one id or the same settings
 */
export declare function begin(arms: readonly Arm[], objective: Objective, seed: number, budget: Budget): RaceState;

/** What to measure next. The same state gives the same answer; within a block, the arms that are not measured yet. */
export declare function next(state: RaceState): Next;

/** The state with one more visit. @throws UserError if `next` did not ask for this arm now */
export declare function observe(state: RaceState, block: Block): RaceState;

/** Without the block that was begun and not ended: a pause between the arms of one block would not be shared by both. */
export declare function resume(state: RaceState): RaceState;

/** How every arm stands, in the order of `state.arms`. */
export declare function statuses(state: RaceState): ArmStatus[];

/** What the race has found so far; final once `next` says `done`. */
export declare function outcome(state: RaceState): Outcome;
