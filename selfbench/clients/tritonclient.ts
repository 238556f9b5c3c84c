import { glob, mkdir, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { cached } from "../../lib/cache/cached.ts";
import { repoRoot } from "../../lib/paths.ts";
import type { Progress } from "../../lib/progress.ts";
import { packages } from "../packages.ts";

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
