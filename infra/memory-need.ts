import { UserError } from "../lib/errors.ts";
import { and } from "../lib/words.ts";
import type { ModelArtifact } from "./models/spec.ts";
import type { ServerKind, SizedModel } from "./servers/kind.ts";

/** What a server needs of its machine's memory. */
export interface MemoryNeed {
  /** The server's name. */
  readonly name: string;
  readonly mib: number;
}

/** What a server needs by its kind's estimate, and no more than its limit in the config. Undefined: it is not known. Pure. */
export function memoryNeed(
  kind: Pick<ServerKind, "memoryNeedMiB">,
  models: readonly ModelArtifact[],
  settings: unknown,
  limitMiB: number | undefined,
): number | undefined {
  const estimate = kind.memoryNeedMiB?.(models.flatMap(sized), settings);
  return estimate === undefined ? undefined : Math.min(estimate, limitMiB ?? Infinity);
}

/** Each version of a model, as large as its archive. */
function sized({ deployed, versions }: ModelArtifact): SizedModel[] {
  return versions.map(({ version, bytes = 0 }) => ({ name: deployed.name, version, bytes }));
}

/**
 * Refuses servers that do not fit into a machine's memory together, before any of their images is pulled: there the kernel would
 * end one of them while it loads its models. Pure.
 *
 * @param usableMiB what servers may take of the machine's memory
 * @param othersMiB what servers of other stacks take of it now
 * @throws UserError with what each needs, and which of them fit
 */
export function checkMemory(needs: readonly MemoryNeed[], usableMiB: number, othersMiB = 0): void {
  const total = sum(needs);
  const machineMiB = Math.max(0, usableMiB - othersMiB);
  if (total <= machineMiB) return;
  // As many as possible: the smallest first.
  let left = machineMiB;
  const small = needs.toSorted((a, b) => a.mib - b.mib).filter(({ mib }) => (left -= mib) >= 0);
  const fitting = needs.filter((need) => small.includes(need));
  const besides = othersMiB === 0 ? "" : `, because servers of other stacks take ${othersMiB} MiB there`;
  const each = needs.map(({ name, mib }) => `${name} ${mib} MiB`).join(", ");
  const fits =
    fitting.length === 0
      ? "none of them fits"
      : `${and(fitting.map(({ name }) => name))} ${fitting.length === 1 ? "fits" : "fit"} (${sum(fitting)} MiB)`;
  throw new UserError({
    what: `the servers need ${total} MiB of memory at the least (${each}), and the machine has ${machineMiB} MiB for them${besides}: ${fits}`,
    expected: `servers that need ${machineMiB} MiB or less together`,
    fix: "deploy fewer servers or models there; or set a server's lathe:memoryMiB: it then counts as needing no more than that",
  });
}

const sum = (needs: readonly MemoryNeed[]): number => needs.reduce((all, { mib }) => all + mib, 0);
