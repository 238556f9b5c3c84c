import { mustRunOn, script } from "../hosts/connection/remote.ts";
import { BESIDE_FILE } from "../ownership/reservation.ts";
import { LOOK_INSIDE, parseInside, type Inside } from "./inside.ts";
import { readInspected, type Inspected } from "./inspect.ts";
import type { GateRun, GateSpec, GateState } from "./spec.ts";

/*
 * What the gate asks of its host, several things in one command: each command is an ssh here, and a session with a shell
 * there, whose processor may be the server's own.
 */

/** Processes and threads that the proxy's container may have: it takes three. Docker's provider has no input for it. */
const PROXY_PIDS = 64;

const FIRST = `
dir=$1 name=$2 state=$4
printf '%s\\n' "$3" > "$dir/.container-$name"
printf '%s %s\\n' proxy "$5" network "$6" > "$dir/${BESIDE_FILE}-$name"
[ -z "$5" ] || docker update --pids-limit ${PROXY_PIDS} "$5" >/dev/null
shift 6
limited=
if [ $# -gt 0 ] && docker update "$@" "$name" >/dev/null 2>&1; then limited=limited; fi
docker container inspect "$name"
printf '@@state %s@%s\\n' "$limited" "$(date +%s)"
[ -z "$state" ] || cat "$dir/models/$state" 2>/dev/null || true
`;

/**
 * Notes that the state knows the container and what stands beside it (see leftovers.ts), limits the proxy, tries to set limits, as `docker
 * update` takes them, and looks at it.
 *
 * @param file the kind's state file; undefined: it has none
 * @returns with what that file says (empty if there is none), whether the container runs and has the limits, and the time by the host's
 * clock, seconds of the epoch (NaN: it did not tell)
 */
export async function firstLook(
  { target, workspace, container, containerId, beside }: GateSpec,
  file: string | undefined,
  limits: readonly string[],
): Promise<{ found: Inspected; state: string; limited: boolean; hostSeconds: number }> {
  const { proxyId, networkId } = beside ?? { proxyId: "", networkId: "" };
  const command = script(FIRST, workspace, container, containerId, file ?? "", proxyId, networkId, ...limits);
  const printed = await mustRunOn(target, command, `look at container ${container}`);
  const [inspected = "", set = "", state = ""] = printed.split(/^@@state (.*)\n/m);
  const found = readInspected(inspected);
  const [limited = "", seconds = ""] = set.split("@");
  const isLimited = limited === "limited" && found.State.Status === "running";
  return { found, state, limited: isLimited, hostSeconds: /^\d{1,12}$/.test(seconds) ? Number(seconds) : NaN };
}

const LIMIT = `
name=$1; shift
docker update "$@" "$name" >/dev/null
docker container inspect "$name"
`;

/** Sets limits, as `docker update` takes them, and looks at the container that has them. */
export async function limit({ target, container }: GateSpec, limits: readonly string[]): Promise<Inspected> {
  return readInspected(await mustRunOn(target, script(LIMIT, container, ...limits), `limit container ${container}`));
}

/** Writes the file of standard input below the models folder, whole before it is there. */
const WRITE = `
umask 022
cat > "$1/models/$2.partial"
mv "$1/models/$2.partial" "$1/models/$2"
`;

/** Writes down what the server was seen to serve. */
export async function writeState(run: GateRun, state: GateState): Promise<void> {
  const command = script(WRITE, run.workspace, state.file);
  await mustRunOn(run.target, command, `write ${state.file}`, { input: state.text(run) });
}

const LAST = `
docker container inspect "$3"
echo @@image
docker image inspect --format '{{.Size}}' "$5" 2>/dev/null || true
echo @@inside
docker exec "$3" bash -c "$4"
`;

/** The same, and looks at the container from outside and from inside, and at the size of its image. */
export async function lastLook(
  run: GateRun,
  state: GateState | undefined,
): Promise<{ found: Inspected; inside: Inside; imageBytes: number | undefined }> {
  const { target, workspace, container } = run;
  const steps = state === undefined ? LAST : `${WRITE}${LAST}`;
  const command = script(steps, workspace, state?.file ?? "", container, LOOK_INSIDE, run.imageId);
  const options = { timeoutMs: 60_000, input: state?.text(run) ?? "" };
  const printed = await mustRunOn(target, command, `look inside container ${container}`, options);
  const [inspected = "", size = "", inside = ""] = printed.split(/^@@(?:image|inside)\n/m);
  const imageBytes = /^[1-9]\d{0,14}$/.test(size.trim()) ? Number(size) : undefined;
  return { found: readInspected(inspected), inside: parseInside(inside), imageBytes };
}
