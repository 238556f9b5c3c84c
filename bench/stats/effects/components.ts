import type { Sample } from "./blocks.ts";

/** A variance that was estimated, with the degrees of freedom of the estimate. */
export interface Component {
  readonly variance: number;
  readonly df: number;
}

/** What visits of one round have in common that share a machine, or whatever else the layer is about. */
export interface Layer extends Component {
  /** The name of what a visit shares with others; undefined: the layer is not about it. */
  nameOf(sample: Sample): string | undefined;
  /** How often the variance of each layer from this one on is in the mean square that this one was estimated from. */
  readonly counts: readonly number[];
  /** The visits' own variance in that mean square. */
  readonly own: number;
  /** How far one round goes together with the next (persistence.ts). */
  readonly persistence: number;
  /** It is of whole rounds, or of a machine's: what may last. */
  readonly wide: boolean;
  /** Whether its rounds surely go together. */
  readonly lasts: boolean;
}

/** What measuring alone does to a visit's figure. */
export interface Noise {
  /** A visit's own noise, all visits alike; undefined if nothing was measured twice. */
  readonly own: Component | undefined;
  /**
   * What visits of one round have in common, the widest first: all of them (not where rounds are swept out), those to a machine,
   * those of a placement, those of one client kind and model there.
   */
  readonly layers: readonly Layer[];
  /** False: the cells that were measured twice do not show what visits of one machine and round have in common. */
  readonly knowsRounds: boolean;
  /** Rounds that it is known from. */
  readonly rounds: number;
  /** How far a visit's own noise goes together with that of the cell's next one. */
  readonly persistence: number;
  /** A visit's own noise by what it is alike; as many names as there are different components. */
  of(alike: readonly string[]): Component & { readonly name: string };
  /** The same of one cell, as its own visits show it; undefined if it was visited once. */
  ofCell(cell: string): Component | undefined;
  /** The stretch of time of a round. */
  stretchOf(round: number): number;
}

/** Fewer degrees of freedom than this, and a group's noise is not known by itself. */
export const KNOWN_DF = 3;
