import { MOST_CONTAINERS } from "../hosts/bounds.ts";
import { script } from "../hosts/connection/remote.ts";
import { runOn } from "../hosts/connection/run.ts";
import { OWNER_LABEL } from "../hosts/labels.ts";
import type { SshTarget } from "../hosts/target.ts";

/**
 * For each container that runs: bytes that its control group has (version 2, or 1), and those of them that hold files which the kernel
 * may drop. Nothing where servers of the stack itself run already: they fit.
 */
const ASK = `
own=$(docker ps -q --filter "label=${OWNER_LABEL}=$1")
[ -z "$own" ] || exit 0
docker ps --filter "label=${OWNER_LABEL}" --format "{{.ID}}" | while read -r id; do
  pid=$(docker container inspect --format '{{.State.Pid}}' "$id" 2>/dev/null) || continue
  [ -r "/proc/$pid/cgroup" ] || continue
  while IFS=: read -r _ controllers path; do
    case ,$controllers, in
      ,,) at=/sys/fs/cgroup$path now=memory.current ;;
      *,memory,*) at=/sys/fs/cgroup/memory$path now=memory.usage_in_bytes ;;
      *) continue ;;
    esac
    [ -r "$at/$now" ] || continue
    echo "$(cat "$at/$now") $(sed -n -E 's/^(total_)?inactive_file //p' "$at/memory.stat" | tail -n 1)"
  done < "/proc/$pid/cgroup"
done
`;

/**
 * Memory that servers of other stacks take on a host now, MiB, before a stack of this owner has any there; 0 where it does not tell. Never
 * rejects: what is not known is not counted.
 */
export async function othersMemoryMiB(target: SshTarget | null, owner: string): Promise<number> {
  const { code, stdout } = await runOn(target, script(ASK, owner), { timeoutMs: 20_000 });
  return code === 0 ? sumMiB(stdout) : 0;
}

/** The sum of what `ASK` printed. Pure. */
export function sumMiB(printed: string): number {
  const bytes = printed.split("\n", MOST_CONTAINERS).map((line) => {
    const [, now = 0, files = 0] = /^(\d{1,15})(?: (\d{1,15}))?$/.exec(line.trim()) ?? [];
    return Math.max(0, Number(now) - Number(files));
  });
  return Math.ceil(bytes.reduce((sum, own) => sum + own, 0) / 2 ** 20);
}
