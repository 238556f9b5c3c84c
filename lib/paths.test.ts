import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { repoRoot, shownPath, typedPath } from "./paths.ts";

afterEach(() => void vi.unstubAllEnvs());

it("what was typed counts from where it was typed, and from home behind ~/", () => {
  vi.stubEnv("INIT_CWD", "/some/where");
  const typed = ["a.yaml", "../a.yaml", "/a.yaml", "~/a.yaml", "~", "~other/a.yaml"];
  expect(typed.map(typedPath)).toEqual([
    ...["/some/where/a.yaml", "/some/a.yaml", "/a.yaml", join(homedir(), "a.yaml"), homedir()],
    "/some/where/~other/a.yaml",
  ]);
  vi.stubEnv("INIT_CWD", undefined);
  expect(typedPath("a")).toBe(join(process.cwd(), "a"));
});

it("a path is shown from the checkout where it is inside, else whole", () => {
  const inside = join(repoRoot, "bench.yaml");
  expect([inside, join(repoRoot, ".."), "/x", `${repoRoot}-other/y`].map(shownPath)).toEqual([
    ...["bench.yaml", join(repoRoot, ".."), "/x", `${repoRoot}-other/y`],
  ]);
});
