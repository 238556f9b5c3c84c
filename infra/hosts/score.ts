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

/** What a machine runs. A quota on its first process holds for this session too, and servers' containers have none besides (the gate sees to it). */
export const SCORE_SCRIPT = `
command -v openssl >/dev/null || { echo none; exit 0; }
openssl version
cpus=$(nproc); echo "cpus $cpus"
speed() { timeout 4 openssl speed -elapsed -mr -seconds ${SECONDS} -bytes 16384 "$@" -evp chacha20 2>/dev/null | grep '^+F:' | tail -n 1; }
speed
[ "$cpus" = 1 ] || speed -multi "$cpus"
`;

/** Measures a machine's score, in three seconds or less; null: this machine. Never rejects for what the machine says. */
export async function measureScore(target: SshTarget | null): Promise<MachineScore> {
  const { code, stdout, stderr, timedOutMs } = await runOn(target, ["sh", "-s"], {
    input: SCORE_SCRIPT,
    timeoutMs: MOST_MS,
  });
  if (timedOutMs !== undefined) return { unmeasured: `it took longer than ${MOST_MS / 1000} s` };
  // The second measurement is left out where there is one CPU, and `test` then is what the script ends with.
  return stdout === "" && code !== 0 ? { unmeasured: lastLine(stderr) || `exit code ${code}` } : parseScore(stdout);
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
