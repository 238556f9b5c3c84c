/* Which variants stay in memory, frozen. All functions here are pure. */

/** A variant in memory. */
export interface Resident {
  readonly arm: string;
  /** How many it has: one, and one more for each further replica. */
  readonly containers: number;
  /** Undefined: not known. */
  readonly mib: number | undefined;
  /** Number of its last visit; larger is later. */
  readonly lastVisit: number;
}

/** The most containers that stay. Many of them make the engine slow, and the kernel counts processes of each. */
const MOST_RESIDENTS = 24;
/** A model takes so many times as much memory while it loads as afterwards (measured: infra/servers/session.ts). */
const WHILE_LOADING = 2;
/** The assumed memory of a container before one was measured. */
const UNKNOWN_MIB = 1024;

/**
 * The variants that are removed before another is started, if memory is short: first those that the open block does not need any more, and
 * among them those that were visited longest ago.
 *
 * @param usableMiB memory of the machine that servers may use
 * @param deployedMiB memory of the deployed containers
 * @param needed arms that the open block has still to visit
 * @param starting containers of the variant that is started
 */
export function toEvict(
  residents: readonly Resident[],
  usableMiB: number,
  deployedMiB: number,
  needed: readonly string[],
  starting = 1,
): string[] {
  const largest = Math.max(0, ...residents.flatMap(({ mib, containers }) => (mib ?? 0) / containers));
  const each = largest === 0 ? UNKNOWN_MIB : largest;
  const size = ({ mib, containers }: Resident) => mib ?? containers * each;
  const order = residents.toSorted(
    (a, b) => Number(needed.includes(a.arm)) - Number(needed.includes(b.arm)) || a.lastVisit - b.lastVisit,
  );
  const gone: string[] = [];
  let left = [...order];
  const fits = () =>
    left.reduce((sum, one) => sum + one.containers, 0) < MOST_RESIDENTS &&
    deployedMiB + left.reduce((sum, one) => sum + size(one), 0) + starting * WHILE_LOADING * each <= usableMiB;
  while (left.length > 0 && !fits()) {
    gone.push((left[0] as Resident).arm);
    left = left.slice(1);
  }
  return gone;
}
