import { mustRunOn, script } from "../hosts/remote.ts";
import { LOOK_INSIDE, parseInside, type Inside } from "./inside.ts";
import { readInspected, type Inspected } from "./inspect.ts";
import { BESIDE_FILE } from "../ownership/reservation.ts";
import { WRITE_CONFIG, provenText } from "../servers/tf-serving/rollout.ts";
import { CONFIG_FILE, readConfigText, type Held } from "../servers/tf-serving/models-config.ts";
import type { GateSpec } from "../host-programs/specs.ts";

/*
 * What the gate asks of its host, several things in one command: each command is an ssh here, and a session with a shell
 * there, whose processor may be the server's own.
 */

const FIRST = `
dir=$1 name=$2 config=$4
printf '%s\\n' "$3" > "$dir/.container-$name"
printf '%s %s\\n' proxy "$5" network "$6" > "$dir/${BESIDE_FILE}-$name"
shift 6
limited=
if [ $# -gt 0 ] && docker update "$@" "$name" >/dev/null 2>&1; then limited=limited; fi
docker container inspect "$name"
printf '@@held %s\\n' "$limited"
cat "$dir/models/$config" 2>/dev/null || true
`;

/**
 * Notes that the state knows the container and what stands beside it (see attempts.ts), tries to set limits, as `docker
 * update` takes them, and looks at it.
 *
 * @returns with what the config file on the host says (undefined where there is none of Lathe's form), and whether it runs
 *   and has the limits
 */
export async function firstLook(
  { target, workspace, container, containerId, beside }: GateSpec,
  limits: readonly string[],
): Promise<{ found: Inspected; held: Held | undefined; limited: boolean }> {
  const { proxyId, networkId } = beside ?? { proxyId: "", networkId: "" };
  const command = script(FIRST, workspace, container, containerId, CONFIG_FILE, proxyId, networkId, ...limits);
  const printed = await mustRunOn(target, command, `look at container ${container}`);
  const [inspected = "", set = "", config = ""] = printed.split(/^@@held (.*)\n/m);
  const found = readInspected(inspected);
  return { found, held: readConfigText(config), limited: set === "limited" && found.State.Status === "running" };
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

const LAST = `
docker container inspect "$3"
echo @@inside
docker exec "$3" bash -c "$4"
`;

/** Writes down what the server was seen to serve, and looks at the container from outside and from inside. */
export async function lastLook({
  target,
  workspace,
  container,
  serving,
}: GateSpec): Promise<{ found: Inspected; inside: Inside }> {
  const steps = serving === null ? LAST : `${WRITE_CONFIG}${LAST}`;
  const input = serving === null ? "" : provenText(serving);
  const command = script(steps, workspace, CONFIG_FILE, container, LOOK_INSIDE);
  const printed = await mustRunOn(target, command, `look inside container ${container}`, { timeoutMs: 60_000, input });
  const [inspected = "", inside = ""] = printed.split(/^@@inside\n/m);
  return { found: readInspected(inspected), inside: parseInside(inside) };
}
