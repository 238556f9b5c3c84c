import { z } from "zod";
import { lastLine, nameOf } from "./bounds.ts";
import { runOn } from "./connection/run.ts";
import type { SshTarget } from "./target.ts";

/** How fast a machine is, as one program measured it there; or why it was not measured. */
export const MachineScore = z.union([
  z.object({
    /** Megabytes a second on one core, and on all CPUs that may be used at once. */
    single: z.number().positive(),
    multi: z.number().positive(),
    /** CPUs that `multi` is of. */
    cpus: z.number().int().positive(),
    /** Which program, and its version. */
    program: z.string(),
    /** When, in UTC; absent in runs before it was kept. */
    at: z.iso.datetime().optional(),
  }),
  z.object({ unmeasured: z.string() }),
]);
export type MachineScore = z.infer<typeof MachineScore>;

/**
 * What is measured, for readers: ChaCha20 needs no instruction of its own on any processor. It is vector arithmetic in registers, so it goes with the
 * clock, the width of the vector units and the number of cores, as the arithmetic of a detector does; memory does not matter to it.
 */
export const SCORE_WORKLOAD =
  "OpenSSL's own `openssl speed`, ChaCha20 in blocks of 16 KiB for a second, by the wall clock: first one process, then one for each CPU that may be used, under the machine's own quota";

const SECONDS = 1;
/** A machine gives up after this long, all in all. */
const MOST_MS = 9000;
/** No machine encrypts as much in a second, or has as many CPUs. */
const MOST_MB = 1e8;
const MOST_CPUS = 8192;

/**
 * What a machine runs. A quota on its first process holds for this session too, and servers' containers have none besides (the gate sees to it). It
 * ends before it measures if the machine is in the state of its first argument: a hash of the boot, the number of CPUs and OpenSSL's version.
 */
const SCORE_SCRIPT = `
command -v openssl >/dev/null || { echo none; exit 0; }
version=$(openssl version); echo "$version"
cpus=$(nproc); echo "cpus $cpus"
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
if [ -n "$boot" ]; then
  state=$(echo "$boot $cpus $version" | sha256sum | cut -c 1-64); echo "state $state"
  [ "$state" = "$1" ] && exit 0
fi
speed() { timeout 4 openssl speed -elapsed -mr -seconds ${SECONDS} -bytes 16384 "$@" -evp chacha20 2>/dev/null | grep '^+F:' | tail -n 1; }
speed
[ "$cpus" = 1 ] || speed -multi "$cpus"
`;

/** What a machine said when it was asked for its score. */
export interface ScoreReading {
  /** The state that the machine is in; undefined if it does not say. */
  readonly state: string | undefined;
  /** Undefined: it is in the state that was known, and has measured nothing. */
  readonly score: MachineScore | undefined;
}

/**
 * Measures a machine's score, in three seconds or less; null: this machine. Never rejects for what the machine says.
 *
 * @param known a state of which the score is known already
 */
export async function measureScore(target: SshTarget | null, known = ""): Promise<ScoreReading> {
  const command = ["sh", "-s", known];
  const { code, stdout, stderr, timedOutMs } = await runOn(target, command, {
    input: SCORE_SCRIPT,
    timeoutMs: MOST_MS,
  });
  const state = /^state ([0-9a-f]{64})$/m.exec(stdout.slice(0, 10_000))?.[1];
  if (timedOutMs !== undefined) return { state, score: { unmeasured: `it took longer than ${MOST_MS / 1000} s` } };
  if (state !== undefined && state === known) return { state, score: undefined };
  // The second measurement is left out where there is one CPU, and `test` then is what the script ends with.
  if (stdout === "" && code !== 0) return { state, score: { unmeasured: lastLine(stderr) || `exit code ${code}` } };
  const score = parseScore(stdout);
  return { state, score: "unmeasured" in score ? score : { ...score, at: new Date().toISOString() } };
}

/** What the script printed. A machine is not trusted: what none can mean is no score. Pure. */
export function parseScore(text: string): MachineScore {
  const lines = text.split("\n", 100);
  if (lines[0] === "none") return { unmeasured: "there is no program openssl: sudo apt-get install openssl" };
  const program = lines.find((line) => line.startsWith("OpenSSL "));
  const cpus = Number(/^cpus (\d{1,5})$/m.exec(text.slice(0, 10_000))?.[1]);
  const speeds = lines.flatMap((line) => {
    const bytes = /^\+F:\d{1,4}:[\w-]{1,40}:(\d{1,18}(?:\.\d{1,6})?)$/.exec(line)?.[1];
    return bytes === undefined ? [] : [Number((Number(bytes) / 1e6).toPrecision(4))];
  });
  const [single, multi = single] = speeds;
  const isRight = (n: number | undefined, most: number): n is number => n !== undefined && n > 0 && n <= most;
  const whole = speeds.length === (cpus > 1 ? 2 : 1);
  if (
    program === undefined ||
    !whole ||
    !isRight(cpus, MOST_CPUS) ||
    !isRight(single, MOST_MB) ||
    !isRight(multi, MOST_MB)
  )
    return { unmeasured: "`openssl speed` said nothing that is a speed" };
  return { single, multi, cpus, program: nameOf(program.split(" ", 2).join(" ")) };
}
