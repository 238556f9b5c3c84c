import { describe, expect, it } from "vitest";
import { manifestOf } from "./manifest.ts";
import { sampleManifest } from "../testing/sample-run.ts";

describe("a run's manifest", () => {
  it("of another version is refused in words that name both, and the commit that reads it", () => {
    const { servers: _, ...old } = { ...sampleManifest(), schema: "lathe.run/1" };
    const lathe = { ...old.lathe, commit: "0123456789abcdef" };
    expect(() => manifestOf(JSON.stringify({ ...old, lathe }), "runs/A/run.json")).toThrow(
      /^runs\/A\/run\.json: a run of the schema "lathe\.run\/1": [^\n]*\n {2}expected: a run of the schema lathe\.run\/2[^]*git worktree add \S+ 0123456789abcdef/,
    );
    const nobody = { ...old, lathe: { ...old.lathe, commit: null } };
    expect(() => manifestOf(JSON.stringify(nobody), "runs/A/run.json")).toThrow(/the version of Lathe that wrote it$/);
  });

  it("of this version names every field that is not as it should be", () => {
    const wrong = { ...sampleManifest(), seed: "x", clients: 1 };
    expect(() => manifestOf(JSON.stringify(wrong), "runs/A/run.json")).toThrow(
      /^runs\/A\/run\.json: seed: [^]*\nruns\/A\/run\.json: clients: [^]*the version of Lathe that wrote it$/,
    );
  });

  it("that is no JSON is to be put back from a copy", () => {
    expect(() => manifestOf('{"schema":', "runs/A/run.json")).toThrow(/^runs\/A\/run\.json: [^]*from a copy/);
  });
});
