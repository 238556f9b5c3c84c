import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { UserError } from "../../lib/errors.ts";
import { run } from "../run.ts";
import { type Shape, forwarderProgram, shapeArgs } from "./program.ts";

/** One end of a link: a device in a network namespace, on the same wire as the other end's. */
export interface PairEnd {
  /** The file by which the namespace is entered. */
  readonly network: string;
  readonly device: string;
  /** IPv4. */
  readonly address: string;
  /** The device's hardware address. */
  readonly card: string;
}

/** What became of the packets of one way. `late`: how much later than their time they were handed on, milliseconds. */
export interface WayReport {
  readonly sent: number;
  readonly lost: number;
  /** What found the link's buffer full, or was refused by the device. */
  readonly dropped: number;
  readonly late: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** A link between two ends that is there until it is closed, or this process ends, however it ends. */
export interface Pair {
  /** Whether the link is still there. */
  up(): boolean;
  /** Undoes it. @returns what became of the packets, from the first end to the second and back; undefined where the program had failed */
  close(): Promise<readonly [WayReport, WayReport] | undefined>;
}

/** A namespace behind one of the ends, such as a container's, and the address that it reaches the other end by. */
export interface Behind {
  readonly network: string;
  readonly other: string;
}

/**
 * How new connections over a link control congestion: what most Linux machines have, and the paper's had. It is a property of the
 * routes: a namespace may not choose what its machine does not allow to everyone, routes may.
 */
const CONTROL = "cubic";

/**
 * Joins control groups, lets packets come by another device than that which leads back (`loose`: NETWORK=DEVICE), gives namespaces
 * behind the ends a route with the congestion control (`behind`: NETWORK=ADDRESS), runs the program that follows with this standard
 * input, and undoes all that.
 */
const AROUND = `
groups=$1 loose=$2 behind=$3; shift 3
for group in $groups; do echo $$ > "$group/cgroup.procs"; done
in_network() { network=$1; shift; nsenter --net="$network" "$@" 2>/dev/null || :; }
filter() { echo "/proc/sys/net/ipv4/conf/\${1#*=}/rp_filter"; }
was=
for one in $loose; do
  was="$was $one=$(in_network "\${one%=*}" cat "$(filter "$one")")"
  in_network "\${one%=*}" sh -c 'echo 2 > "$1"' lathe "$(filter "$one")"
done
for one in $behind; do
  way=$(in_network "\${one%=*}" ip -o -4 route get "\${one#*=}" | grep -oE '(via [0-9.]+ )?dev [^ ]+' | head -n 1)
  [ -z "$way" ] || in_network "\${one%=*}" ip route replace "\${one#*=}/32" $way congctl ${CONTROL}
done
code=0
"$@" || code=$?
for one in $behind; do in_network "\${one%=*}" ip route delete "\${one#*=}/32"; done
for one in $was; do
  in_network "\${one%%=*}" sh -c 'echo "$2" > "$1"' lathe "$(filter "\${one%=*}")" "\${one##*=}"
done
exit $code
`;

/**
 * Lays a link between two ends: what one sends to the other's address goes through the forwarder, everything else goes as before.
 * Nothing of it outlives the forwarder: its devices and the routes to them end with it, and it ends with its standard input.
 *
 * @param behind namespaces behind the ends, whose connections go over the link, too
 * @param groups folders of control groups that the forwarder joins
 * @throws UserError with what the forwarder or `ip` said
 */
export async function joinPair(
  ends: readonly [PairEnd, PairEnd],
  shape: Shape,
  { behind = [], groups = [] }: { behind?: readonly Behind[]; groups?: readonly string[] } = {},
): Promise<Pair> {
  const program = await forwarderProgram();
  const places = ends.flatMap(({ network, device, card }) => [network, device, card]);
  const around = [
    groups.join(" "),
    ends.map(({ network, device }) => `${network}=${device}`).join(" "),
    behind.map(({ network, other }) => `${network}=${other}`).join(" "),
  ];
  const argv = ["-euc", AROUND, "lathe", ...around, program, "pair", ...places];
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn("sh", [...argv, ...shapeArgs(shape)], {
    // A group of its own: Ctrl-C ends it through its input alone, so that it can undo what it did.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    cwd: "/",
  });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let [said, faults, over] = ["", "", false];
  child.stdin.on("error", () => {}); // its end says why
  child.stderr.setEncoding("utf8").on("data", (text: string) => (faults = (faults + text).slice(-2000)));
  const ready = new Promise<string[]>((resolve, reject) => {
    const failed = (why: string) => reject(new UserError({ what: `a link could not be laid: ${why}` }));
    child.on("error", (error) => failed(error.message));
    child.on("close", () => ((over = true), failed(faults.trim() || "the forwarder ended")));
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      const devices = /^ready (\S+) (\S+)\n/.exec(said);
      if (devices !== null) resolve(devices.slice(1));
    });
  });
  const close = async () => {
    child.stdin.end();
    await closed;
    const ways = [...said.matchAll(/^way (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/gm)].map((m) =>
      wayOf(m.slice(1).map(Number)),
    );
    return ways.length === 2 ? ([ways[0], ways[1]] as [WayReport, WayReport]) : undefined;
  };
  try {
    const devices = await ready;
    const [first, second] = ends;
    await routeInto(first, second, devices[0] ?? "");
    await routeInto(second, first, devices[1] ?? "");
  } catch (error) {
    await close();
    throw error;
  }
  return { up: () => !over, close };
}

function wayOf([sent = 0, lost = 0, dropped = 0, p50 = 0, p99 = 0, max = 0]: number[]): WayReport {
  return { sent, lost, dropped, late: { p50: p50 / 1000, p99: p99 / 1000, max: max / 1000 } };
}

/** Makes one end send through its TUN device what is for the other. */
async function routeInto(end: PairEnd, other: PairEnd, tun: string): Promise<void> {
  const there = (...argv: string[]) => run(["nsenter", `--net=${end.network}`, ...argv]);
  // Room for what TCP sends at once, so that the link's own buffer is the one that drops.
  await there("ip", "link", "set", tun, "txqueuelen", "10000", "up");
  const route = [`${other.address}/32`, "dev", tun, "src", end.address, "congctl", CONTROL];
  await there("ip", "route", "add", ...route);
}
