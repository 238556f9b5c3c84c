/* Which variants stay in memory, frozen: all of it is pure. */

/** A variant in memory. */
export interface Resident {
  readonly arm: string;
  /** Undefined: its machine did not tell. */
  readonly mib: number | undefined;
  /** Number of the visit that was its last; larger is later. */
  readonly lastVisit: number;
}

/** An engine with many containers gets slow, and each has processes that the kernel must count. */
const MOST_RESIDENTS = 24;
/** A model takes more while it loads than afterwards (infra/servers/session.ts: twice as much was measured). */
const WHILE_LOADING = 2;
/** What a variant is taken for before one was measured. */
const UNKNOWN_MIB = 1024;

/**
 * The variants that go before another comes: those that were visited longest ago, and of those first the ones that the open block does
 * not need any more.
 *
 * @param usableMiB what servers may take of the machine's memory
 * @param deployedMiB what the stack's own containers have
 * @param needed arms that the open block visits yet
 */
export function toEvict(
  residents: readonly Resident[],
  usableMiB: number,
  deployedMiB: number,
  needed: readonly string[],
): string[] {
  const largest = Math.max(0, ...residents.flatMap(({ mib }) => mib ?? []));
  const each = largest === 0 ? UNKNOWN_MIB : largest;
  const size = ({ mib }: Resident) => mib ?? each;
  const order = residents.toSorted(
    (a, b) => Number(needed.includes(a.arm)) - Number(needed.includes(b.arm)) || a.lastVisit - b.lastVisit,
  );
  const gone: string[] = [];
  let left = [...order];
  const fits = () =>
    left.length < MOST_RESIDENTS &&
    deployedMiB + left.reduce((sum, one) => sum + size(one), 0) + WHILE_LOADING * each <= usableMiB;
  while (left.length > 0 && !fits()) {
    gone.push((left[0] as Resident).arm);
    left = left.slice(1);
  }
  return gone;
}
