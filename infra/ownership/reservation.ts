import { UserError } from "../../lib/errors.ts";
import { COMMAND_MS, GRACE_SECONDS } from "../deadlines.ts";
import { mustRunOn, script } from "../hosts/remote.ts";
import { networkName } from "../access/firewall-rules.ts";
import { proxyContainer } from "../access/plan.ts";
import { isOwn, leftovers, occupied, parseSeen } from "./conflicts.ts";
import { named, shortId } from "./docker-list.ts";
import type { RoomSpec } from "../host-programs/specs.ts";

/*
 * A deployment's room on its host: the names of its container, of REST's proxy and of their own network, and two ports. What
 * others have is named before Docker's provider fails for it, what an interrupted `up` left (see attempts.ts) is removed, and
 * on destroy the containers go by this and not by the provider, which can only fail where the host does not answer.
 */

/** Whose a container is: the id of its stack's provider, which no other stack and nobody else's state has. */
export const ID_LABEL = "org.lathe.id";
export const OWNER_LABEL = "org.lathe.owner";
export const ATTEMPT_LABEL = "org.lathe.attempt";

/** Beginning of a file's name in the workspace: what the state knows beside a container. */
export const BESIDE_FILE = ".beside";

const LOOK = `
docker ps -a --no-trunc --format '{{.Names}} {{.ID}} {{.Label "${ID_LABEL}"}} {{.Label "${OWNER_LABEL}"}} {{.Ports}}'
echo @@networks
[ -z "$1" ] || docker network ls --no-trunc --filter "name=^$1$" \\
  --format '{{.Name}} {{.ID}} {{.Label "${ID_LABEL}"}} {{.Label "${OWNER_LABEL}"}}'
echo @@listening
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || true
`;

/** Containers by their ids, one after the other, and then networks that they were on. */
const REMOVE = `
grace=$1 networks=$2; shift 2
for id in "$@"; do
  docker stop -t "$grace" "$id" >/dev/null 2>&1 || true
  docker rm -f -v "$id" >/dev/null
done
[ -z "$networks" ] || docker network rm $networks >/dev/null
`;

/** Gates of before noted nothing beside the container: what stands there before this `up` makes any more, they have seen. */
const NOTE = `
[ -e "$1/${BESIDE_FILE}-$2" ] || printf '%s %s\\n' proxy "$3" network "$4" > "$1/${BESIDE_FILE}-$2"
`;

/** Containers of one deployment, by their names, one after the other. */
const REMOVE_OWN = `
grace=$1 label=$2; shift 2
own=$(docker ps -a --no-trunc --filter "label=$label" --format '{{.ID}} {{.Names}}')
for name in "$@"; do
  there=$(printf '%s\\n' "$own" | sed -n "s/ $name\\$//p")
  [ -n "$there" ] || continue
  docker stop -t "$grace" "$there" >/dev/null 2>&1 || true
  docker rm -f -v "$there" >/dev/null
done
`;

/**
 * Makes room for what is about to be made: removes what an interrupted `up` left.
 *
 * @throws UserError with every name and port that others have
 */
export async function makeRoom(room: RoomSpec): Promise<void> {
  const { target, container, owner, beside } = room;
  const network = beside === undefined ? "" : networkName(owner, container);
  const look = async () =>
    parseSeen(await mustRunOn(target, script(LOOK, network), `make room for container ${container}`));
  let seen = await look();
  const { containers, networks } = leftovers(room, seen);
  if (containers.length > 0 || networks.length > 0) {
    const remove = script(REMOVE, `${GRACE_SECONDS}`, networks.join(" "), ...containers);
    const which = [...containers, ...networks].map(shortId).join(", ");
    await mustRunOn(target, remove, `remove what is left in the room of ${container} (${which})`, {
      timeoutMs: 2 * COMMAND_MS,
    });
    seen = await look();
  }
  const faults = occupied(room, seen);
  if (faults.length > 0) throw new UserError(faults);
  if (beside === undefined) return;
  const known = [named(seen.containers, proxyContainer(container)), seen.networks[0]];
  const ids = known.map((one) => (one !== undefined && isOwn(room, one) ? one.id : ""));
  await mustRunOn(target, script(NOTE, beside.workspace, container, ...ids), `make room for container ${container}`);
}

/** Containers, and then what a deployment's own network (infra/resources/network.ts) leaves when they are gone. */
const CLEAR = `
network=$1; shift
${REMOVE_OWN}
nets=$(docker network ls -q --filter "label=$label" --filter "name=^$network$")
[ -z "$nets" ] || docker network rm $nets >/dev/null
`;

/**
 * Stops and removes all that stands in a deployment's room: its container, REST's proxy before it, and their own network.
 * What is not there, or is somebody else's, is left alone.
 */
export async function clearRoom(room: RoomSpec): Promise<void> {
  const { target, container, id, owner } = room;
  const names = [proxyContainer(container), container];
  const args = [networkName(owner, container), `${GRACE_SECONDS}`, `${ID_LABEL}=${id}`, ...names];
  await mustRunOn(target, script(CLEAR, ...args), `remove container ${container}`, { timeoutMs: 2 * COMMAND_MS });
}
