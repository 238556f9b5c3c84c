import { mustRunOn, script } from "../hosts/remote.ts";
import type { SshTarget } from "../outputs.ts";
import type { AccessConfig } from "../config/access.ts";
import { proxyContainer } from "../access/plan.ts";
import { networkName } from "../access/firewall-rules.ts";
import { type Listed, named, readListed, shortId } from "./docker-list.ts";
import { ATTEMPT_LABEL, BESIDE_FILE, OWNER_LABEL } from "./reservation.ts";

/*
 * An `up` that was killed may have made a container or a network of which the state knows nothing, and then the next one
 * could not make it again. So the gate notes on the host what it has seen: the server's container, REST's proxy and their own
 * network (by then the state knows them). What is of this stack and is not noted, or does not run, is an *attempt*: it is
 * removed when room is made, and its id goes into the next one's labels, so that what the state takes for one that runs is made
 * anew. The same goes for a noted one that is gone.
 */

/** What the next one's label says of an attempt; empty: there is none. */
export interface Attempts {
  readonly container: string;
  readonly proxy: string;
  readonly network: string;
}

export const NO_ATTEMPTS: Attempts = { container: "", proxy: "", network: "" };

const ASK = `
docker ps -a --no-trunc --filter "name=^/$1$" --filter "name=^/$4$" --filter "label=${OWNER_LABEL}=$2" \\
  --format '{{.Names}} {{.ID}} {{.State}} {{.Label "${ATTEMPT_LABEL}"}}' 2>/dev/null || true # a preview may come before the engine
echo @@networks
[ -z "$5" ] || docker network ls --no-trunc --filter "name=^$5$" --filter "label=${OWNER_LABEL}=$2" \\
  --format '{{.Name}} {{.ID}} running {{.Label "${ATTEMPT_LABEL}"}}' 2>/dev/null || true
echo @@noted
cat "$3/.container-$1" 2>/dev/null || true
echo @@beside
cat "$3/${BESIDE_FILE}-$1" 2>/dev/null || true
`;

/** Which server's attempts are asked for. */
export interface Asked {
  readonly container: string;
  /** `PROJECT/STACK` */
  readonly owner: string;
  readonly workspace: string;
  readonly access: Pick<AccessConfig, "allowFrom" | "expose" | "rest">;
}

/** Whether a network is worth asking for; whether there is to be one depends on the host, too. */
function mayHaveNetwork({ allowFrom, expose, rest }: Asked["access"]): boolean {
  return allowFrom.length > 0 || expose === "tunnel" || rest === "token";
}

/** Only looks, so that a preview may ask; in one command, because every `up` does. */
export async function readAttempts(target: SshTarget | null, asked: Asked): Promise<Attempts> {
  const { container, owner, workspace, access } = asked;
  const network = mayHaveNetwork(access) ? networkName(owner, container) : "";
  const command = script(ASK, container, owner, workspace, proxyContainer(container), network);
  return attemptsOf(await mustRunOn(target, command, `look for container ${container}`), asked);
}

interface Found extends Listed {
  readonly alive: boolean;
  /** Its label. */
  readonly attempt: string;
}

/** States of a container that need nobody's help. */
const ALIVE: ReadonlySet<string> = new Set(["running", "restarting", "paused"]);

/** Reads what `ASK` printed. Pure. */
export function attemptsOf(printed: string, { container, access }: Omit<Asked, "owner" | "workspace">): Attempts {
  const [found = "", networks = "", noted = "", beside = ""] = printed.split(/^@@\w+$/m).map((part) => part.trim());
  const all = readFound(found);
  const server = named(all, container);
  // Gates of before noted the container alone: they have seen what stands beside it.
  const seenBefore = beside === "" && noted !== "" && (server === undefined || server.id === noted);
  const notedBeside = (kind: string) =>
    seenBefore ? undefined : (new RegExp(`^${kind} (\\w+)$`, "m").exec(beside)?.[1] ?? "");

  const [own] = readFound(networks);
  const network = mayHaveNetwork(access) ? attemptOf(own, notedBeside("network")) : "";
  // Whatever is on a network must go before it, and be made anew after it.
  const anew = network !== (own?.attempt ?? "");
  const onIt = (one: Found | undefined) => (anew && one !== undefined ? { ...one, alive: false } : one);
  return {
    container: attemptOf(onIt(server), noted),
    proxy: access.rest === "token" ? attemptOf(onIt(named(all, proxyContainer(container))), notedBeside("proxy")) : "",
    network,
  };
}

/** @param noted the id that a gate has seen; empty: it saw none; undefined: it did not say */
function attemptOf(found: Found | undefined, noted: string | undefined): string {
  if (found === undefined) return noted === undefined || noted === "" ? "" : `gone-${shortId(noted)}`;
  const known = noted === undefined || found.id === noted;
  return known && found.alive ? found.attempt : shortId(found.id);
}

function readFound(lines: string): Found[] {
  return readListed(lines, ([state = "", attempt = ""]) => ({ alive: ALIVE.has(state), attempt }));
}
