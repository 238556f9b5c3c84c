import { networkName } from "../access/firewall-rules.ts";
import { proxyContainer } from "../access/plan.ts";
import type { AccessConfig } from "../access/config.ts";
import { mustRunOn, script } from "../hosts/connection/remote.ts";
import type { SshTarget } from "../hosts/target.ts";
import { frozenMark } from "../hosts/frozen.ts";
import { type Listed, named, readListed, shortId } from "./conflicts.ts";
import { LEFTOVER_LABEL, OWNER_LABEL } from "../hosts/labels.ts";
import { BESIDE_FILE } from "./reservation.ts";
import { LOOKS, LOOKS_FOLDER } from "./spec.ts";

/*
 * An `up` that was killed may have made a container or a network of which the state knows nothing, and then the next one
 * could not make it again. So the gate notes on the host what it has seen: the server's container, the proxy before it and their own
 * network (by then the state knows them). What is of this stack and is not noted, or does not run, is a *leftover*: the
 * reservation removes it, and its id goes into the next one's labels, so that what the state takes for one that runs is made
 * anew. The same goes for a noted one that is gone, is paused, fails its health test, or has loaded models whose files were changed since.
 */

/** What the next one's label says of a leftover; empty: there is none. */
export type Leftovers = Readonly<Record<"container" | "proxy" | "network", string>>;

export const NO_LEFTOVERS: Leftovers = { container: "", proxy: "", network: "" };

/** The line that says that a server was thawed. */
const THAWED = "@@thawed";

const ASK = `
${LOOKS}
if [ -n "$6" ] && [ -e "$6" ]; then
  docker unpause "$1" >/dev/null 2>&1 || true
  rm -f "$6"
  echo ${THAWED}
fi
docker ps -a --no-trunc --filter "name=^/$1$" --filter "name=^/$4$" --filter "label=${OWNER_LABEL}=$2" \\
  --format '{{.Names}} {{.ID}} {{.State}}{{if ne (len (split .Status "(unhealthy)")) 1}}-unhealthy{{end}} {{.Label "${LEFTOVER_LABEL}"}}' 2>/dev/null |
  while read -r name id state label; do # a preview may come before the engine
    case $state in *-unhealthy)
      # Docker calls a container unhealthy from when it is unpaused until its next health test, though none has failed.
      failed=$(docker container inspect --format '{{with .State.Health}}{{.FailingStreak}}{{end}}' "$id" 2>/dev/null) || failed=
      [ "$failed" != 0 ] || state=\${state%-unhealthy} ;;
    esac
    echo "$name $id $state $label"
  done
echo @@networks
[ -z "$5" ] || docker network ls --no-trunc --filter "name=^$5$" --filter "label=${OWNER_LABEL}=$2" \\
  --format '{{.Name}} {{.ID}} running {{.Label "${LEFTOVER_LABEL}"}}' 2>/dev/null || true
echo @@noted
cat "$3/.container-$1" 2>/dev/null || true
echo @@beside
cat "$3/${BESIDE_FILE}-$1" 2>/dev/null || true
echo @@changed
cd "$3/${LOOKS_FOLDER}" 2>/dev/null || exit 0
for one in */*; do
  [ -f "$one" ] || continue
  read -r looked path < "$one" || true
  [ "$looked" = "$(looks "$3/models/$path")" ] || echo "$one"
done
`;

/** Which server's leftovers are asked for. */
export interface Asked {
  readonly container: string;
  /** `PROJECT/STACK` */
  readonly owner: string;
  readonly workspace: string;
  readonly access: Pick<AccessConfig, "allowFrom" | "expose">;
  /** Whether a proxy asks for the token before it. */
  readonly proxy: boolean;
}

/** Whether a network is worth asking for; whether there is to be one depends on the host, too. */
function mayHaveNetwork({ access: { allowFrom, expose }, proxy }: Pick<Asked, "access" | "proxy">): boolean {
  return allowFrom.length > 0 || expose === "tunnel" || proxy;
}

/**
 * Looks for leftovers, in one command, because every `up` does.
 *
 * @param onThawed told where a bench that was killed had left the server frozen, which is thawed then; undefined: it stays so, because
 * a preview only looks
 */
export async function readLeftovers(
  target: SshTarget | null,
  asked: Asked,
  onThawed?: (container: string) => void,
): Promise<Leftovers> {
  const { container, owner, workspace } = asked;
  const network = mayHaveNetwork(asked) ? networkName(owner, container) : "";
  const mark = onThawed === undefined ? "" : frozenMark(workspace, container);
  const command = script(ASK, container, owner, workspace, proxyContainer(container), network, mark);
  const printed = await mustRunOn(target, command, `look for container ${container}`);
  if (printed.startsWith(`${THAWED}\n`)) onThawed?.(container);
  return leftoversOf(printed.replace(`${THAWED}\n`, ""), asked);
}

interface Found extends Listed {
  readonly alive: boolean;
  /** Its label. */
  readonly leftover: string;
}

/** Reads what `ASK` printed. Pure. */
export function leftoversOf(printed: string, asked: Omit<Asked, "owner" | "workspace">): Leftovers {
  const { container, proxy } = asked;
  const [found = "", networks = "", noted = "", beside = "", changed = ""] = printed
    .split(/^@@\w+$/m)
    .map((part) => part.trim());
  const all = readFound(found);
  const server = changed === "" ? named(all, container) : dead(named(all, container));
  const notedBeside = (kind: string) => new RegExp(`^${kind} (\\w+)$`, "m").exec(beside)?.[1] ?? "";

  const [own] = readFound(networks);
  const network = mayHaveNetwork(asked) ? leftoverOf(own, notedBeside("network")) : "";
  // Whatever is on a network must go before it, and be made anew after it.
  const anew = network !== (own?.leftover ?? "");
  const onIt = (one: Found | undefined) => (anew ? dead(one) : one);
  return {
    container: leftoverOf(onIt(server), noted),
    proxy: proxy ? leftoverOf(onIt(named(all, proxyContainer(container))), notedBeside("proxy")) : "",
    network,
  };
}

const dead = (one: Found | undefined) => one && { ...one, alive: false };

/** @param noted the id that a gate has seen; empty: it saw none */
function leftoverOf(found: Found | undefined, noted: string): string {
  if (found === undefined) return noted === "" ? "" : `gone-${shortId(noted)}`;
  return found.id === noted && found.alive ? found.leftover : shortId(found.id);
}

function readFound(lines: string): Found[] {
  return readListed(lines, ([state = "", leftover = ""]) => ({
    alive: /^(running|restarting)$/.test(state),
    // Another text than Lathe writes there is none of it.
    leftover: /^(gone-)?\w{1,12}$/.test(leftover) ? leftover : "",
  }));
}
