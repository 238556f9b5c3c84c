import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { requirementsFile } from "../../models/python.ts";
import { selectRequirements } from "./requirements.ts";
import { SERVER_PACKAGES } from "../tf-serving/image.ts";
import { RUNTIME_PACKAGES } from "../tensorflow/layers.ts";

describe("the packages of the lab's own servers", () => {
  it.each([RUNTIME_PACKAGES, SERVER_PACKAGES])(
    "are all pinned with hashes in the one requirements file",
    (...names) => {
      const chosen = selectRequirements(readFileSync(requirementsFile, "utf8"), names);
      const lines = chosen.trim().split("\n");
      expect(lines.map((line) => line.split("==")[0])).toEqual(names);
      for (const line of lines) expect(line).toMatch(/^[a-z-]+==\S+( +--hash=sha256:[0-9a-f]{64})+$/);
    },
  );

  it("cannot be chosen where one is not pinned", () => {
    expect(() => selectRequirements("# b==1\na==1 \\\n  --hash=sha256:00\n", ["a", "b"])).toThrow("does not pin b");
  });
});
