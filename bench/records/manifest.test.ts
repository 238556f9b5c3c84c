import { describe, expect, it } from "vitest";
import { manifestOf } from "./manifest.ts";
import { sampleManifest } from "../testing/sample-run.ts";

describe("a run's manifest", () => {
  it("of another version names what is other, and the commit that reads it", () => {
    const old = { ...sampleManifest(), schema: "lathe.run/0", seed: "x" };
    const lathe = { ...old.lathe, commit: "0123456789abcdef" };
    expect(() => manifestOf(JSON.stringify({ ...old, lathe }), "runs/A/run.json")).toThrow(
      /^runs\/A\/run\.json: schema: [^]*\nruns\/A\/run\.json: seed: [^]*expected: a run of lathe\.run\/1[^]*git worktree add \S+ 0123456789abcdef/,
    );
    const nobody = { ...old, lathe: { ...old.lathe, commit: null } };
    expect(() => manifestOf(JSON.stringify(nobody), "runs/A/run.json")).toThrow(/the version of Lathe that wrote it$/);
  });

  it("that is no JSON is to be put back from a copy", () => {
    expect(() => manifestOf('{"schema":', "runs/A/run.json")).toThrow(/^runs\/A\/run\.json: [^]*from a copy/);
  });
});
