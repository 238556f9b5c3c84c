import type { GateModel, GateRun } from "./spec.ts";

/** A file in the models folder in which a kind's gate keeps what a server was last seen to serve. */
export interface GateState {
  readonly file: string;
  /** What it says once the gate has passed. */
  text(run: GateRun): string;
  /** Whether the text of such a file is of a server that was seen to serve what it says. */
  isProven(text: string): boolean;
  /** Whether a server with such a file serves this version. */
  serves(text: string, model: string, version: number): boolean;
}

/** How a kind's gate does what is the kind's own. Each throws a `UserError` with the reason where it does not hold. */
export interface KindGate {
  /** Waits until a model answers at all, in the version that was delivered. */
  ready(run: GateRun, model: GateModel, deadline: number): Promise<void>;
  /** Asks a model for one real answer at each open endpoint. */
  smoke(run: GateRun, model: GateModel, deadline: number): Promise<void>;
  /** Brings a running server to serve what the stack wants, new versions beside old; absent: a new container serves them. */
  rollOut?(run: GateRun, deadline: number, check: (models: readonly GateModel[]) => Promise<void>): Promise<void>;
  /** What must hold once all models answer; absent: nothing more. */
  served?(run: GateRun): Promise<void>;
  /** Read before the rollout (`GateRun.state`) and written once all holds; absent: nothing is kept. */
  readonly state?: GateState;
}
