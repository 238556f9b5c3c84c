import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { requirementsFile } from "../../models/python.ts";
import { SERVER_PACKAGES, selectRequirements } from "./requirements.ts";

describe("the stand-in's packages", () => {
  it("are all pinned with hashes in the one requirements file", () => {
    const chosen = selectRequirements(readFileSync(requirementsFile, "utf8"), SERVER_PACKAGES);
    const lines = chosen.trim().split("\n");
    expect(lines.map((line) => line.split("==")[0])).toEqual([...SERVER_PACKAGES]);
    for (const line of lines) expect(line).toMatch(/^[a-z-]+==\S+( +--hash=sha256:[0-9a-f]{64})+$/);
  });

  it("cannot be chosen where one is not pinned", () => {
    expect(() => selectRequirements("# b==1\na==1 \\\n  --hash=sha256:00\n", ["a", "b"])).toThrow("does not pin b");
  });
});
