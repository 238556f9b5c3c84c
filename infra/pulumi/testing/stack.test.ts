import { expect, test } from "vitest";
import { changesOf } from "./stack.ts";

test("what a run changed is read from its last lines", () => {
  const output = [
    "     Type",
    "Resources:",
    "    + 2 created",
    "    ~ 1 updated",
    "    +-1 replaced",
    "    4 changes. 8 unchanged",
  ];
  expect(changesOf(`\n${output.join("\n")}`)).toEqual({ create: 2, update: 1, replace: 1, same: 8 });
  expect(changesOf("\nResources:\n    11 unchanged\n\nDuration: 2s")).toEqual({ same: 11 });
});
