import { glob, mkdir, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { run } from "../../lib/run.ts";
import { UserError } from "../../lib/errors.ts";
import { packages } from "../packages.ts";
import { IMAGE_SHAPE, MODEL } from "./payload.ts";
import type { Turn } from "./stats.ts";

const requirements = join(repoRoot, "selfbench", "clients", "tritonclient.txt");

/** NVIDIA's own clients of KServe's protocol, installed from PyPI once. */
export interface TritonClient {
  /** An interpreter that has `tritonclient`. */
  readonly python: string;
  readonly perfAnalyzer: string;
  /** What perf_analyzer needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** @throws UserError where pip cannot install them */
export async function tritonClient(progress: Progress): Promise<TritonClient> {
  const { dir, python } = await packages("tritonclient", requirements, progress);
  // Under the names that perf_analyzer asks for; Triton's wheel has them under names of their own.
  const libraries = await cached("python", `${basename(dir)}-libraries`, async (partial) => {
    await mkdir(partial, { recursive: true });
    for (const [name, pattern] of [
      ["libb64.so.0d", "libb64-*"],
      ["libcudart.so.12", "libcudart-*"],
    ] as const)
      for await (const path of glob(`lib/python3.*/site-packages/nvidia_pytriton.libs/${pattern}`, { cwd: dir }))
        await symlink(join(dir, path), join(partial, name));
  });
  return { python, perfAnalyzer: join(dir, "bin", "perf_analyzer"), env: { LD_LIBRARY_PATH: libraries } };
}

/** A turn takes about two seconds. Seldom perf_analyzer waits for ever for threads of its own that have ended: then it runs once more. */
const LONGEST_MS = 60_000;

/**
 * perf_analyzer's figures of a server of fixed answers. Its latencies are those of whole calls, the server's and the kernel's share
 * included. All its calls count, the first ones too: nothing in it is compiled as it runs.
 */
export async function perfAnalyzerTurn(
  { perfAnalyzer, env }: TritonClient,
  form: "grpc" | "http",
  port: number,
  calls: number,
): Promise<Turn> {
  const args = [
    ...["-m", MODEL, "-u", `127.0.0.1:${port}`, "-i", form, "--shape", `inputs:${IMAGE_SHAPE.join(",")}`],
    ...["--request-count", String(calls)],
  ];
  const options = { what: "perf_analyzer", env: { ...process.env, ...env }, timeoutMs: LONGEST_MS };
  const once = () => run([perfAnalyzer, ...args], options);
  const said = await once().catch(once);
  const figure = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(said)?.[1] ?? NaN);
  const turn = {
    calls: figure("Request count"),
    p50Ms: figure("p50 latency") / 1000,
    p90Ms: figure("p90 latency") / 1000,
    p99Ms: figure("p99 latency") / 1000,
  };
  if (turn.calls !== calls || Object.values(turn).some(Number.isNaN))
    throw new UserError({ what: `perf_analyzer: ${turn.calls} of ${calls} calls: ${said.slice(-500)}` });
  return turn;
}
