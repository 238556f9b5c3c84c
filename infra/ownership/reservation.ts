import { UserError } from "../../lib/errors.ts";
import { COMMAND_MS, GRACE_SECONDS } from "../deadlines.ts";
import { networkName } from "../access/firewall-rules.ts";
import { proxyContainer } from "../access/plan.ts";
import { mustRunOn, script } from "../hosts/connection/remote.ts";
import { ID_LABEL, OWNER_LABEL, SERVER_LABEL, TUNE_LABEL } from "../hosts/labels.ts";
import { conflicts, parseSeen, shortId, toRemove } from "./conflicts.ts";
import type { ReservationSpec } from "./spec.ts";

/*
 * A server's reservation on its host: the names of its container, of the proxy before it and of their own network, and its
 * ports. What others have is named before Docker's provider fails for it, what an interrupted `up` left (see leftovers.ts) is
 * removed, and on destroy the containers go by this and not by the provider, which can only fail where the host does not answer.
 */

/** Beginning of a file's name in the workspace: what the state knows beside a container. */
export const BESIDE_FILE = ".beside";

const LOOK = `
docker ps -a --no-trunc --format '{{.Names}} {{.ID}} {{.Label "${ID_LABEL}"}} {{.Label "${OWNER_LABEL}"}} {{.Label "${SERVER_LABEL}"}} {{.Ports}}'
echo @@networks
[ -z "$1" ] || docker network ls --no-trunc --filter "name=^$1$" \\
  --format '{{.Name}} {{.ID}} {{.Label "${ID_LABEL}"}} {{.Label "${OWNER_LABEL}"}} {{.Label "${SERVER_LABEL}"}}'
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

/** Containers of one server, by their names, one after the other; then what its own network (infra/resources/network.ts) leaves. */
const RELEASE = `
network=$1 grace=$2 id=$3 server=$4; shift 4
own=$(docker ps -a --no-trunc --filter "label=$id" --filter "label=$server" --format '{{.ID}} {{.Names}}')
for name in "$@"; do
  there=$(printf '%s\\n' "$own" | sed -n "s/ $name\\$//p")
  [ -n "$there" ] || continue
  docker stop -t "$grace" "$there" >/dev/null 2>&1 || true
  docker rm -f -v "$there" >/dev/null
done
# What a tuning that was killed has left of it.
left=$(docker ps -aq --filter "label=$id" --filter "label=$server" --filter "label=${TUNE_LABEL}")
[ -z "$left" ] || docker rm -f -v $left >/dev/null
nets=$(docker network ls -q --filter "label=$id" --filter "label=$server" --filter "name=^$network$")
[ -z "$nets" ] || docker network rm $nets >/dev/null
`;

/**
 * Reserves names and ports for what is about to be made: removes what an interrupted `up` left, and what stands in the way
 * of another server of the same deployment.
 *
 * @throws UserError with every name and port that others have
 */
export async function reserve(spec: ReservationSpec): Promise<void> {
  const { target, container, owner, beside } = spec;
  const network = beside === undefined ? "" : networkName(owner, container);
  const doing = `reserve names and ports for container ${container}`;
  const look = async () => parseSeen(await mustRunOn(target, script(LOOK, network), doing));
  let seen = await look();
  const { containers, networks } = toRemove(spec, seen);
  if (containers.length > 0 || networks.length > 0) {
    const remove = script(REMOVE, `${GRACE_SECONDS}`, networks.join(" "), ...containers);
    const which = [...containers, ...networks].map(shortId).join(", ");
    await mustRunOn(target, remove, `remove what is in the way of container ${container} (${which})`, {
      timeoutMs: 2 * COMMAND_MS,
    });
    seen = await look();
  }
  const faults = conflicts(spec, seen);
  if (faults.length > 0) throw new UserError(faults);
}

/**
 * Stops and removes all that a server's reservation is for: its container, the proxy before it, and their own network.
 * What is not there, or is somebody else's, is left alone.
 */
export async function release({ target, container, id, owner, server }: ReservationSpec): Promise<void> {
  const names = [proxyContainer(container), container];
  const labels = [`${ID_LABEL}=${id}`, `${SERVER_LABEL}=${server}`];
  const command = script(RELEASE, networkName(owner, container), `${GRACE_SECONDS}`, ...labels, ...names);
  await mustRunOn(target, command, `remove container ${container}`, { timeoutMs: 2 * COMMAND_MS });
}
