import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fit, goPlan } from "./fit.ts";
import { programs, type ProgramName } from "./programs.ts";

const pins = { pulumi: "3.259.0", docker: "5.2.0", command: "1.2.1" };

function fits(name: ProgramName, version: string): boolean {
  const program = programs(pins).find((p) => p.name === name);
  if (program === undefined) throw new Error(name);
  return fit(program, version).fits;
}

describe("which pulumi fits", () => {
  test.each(["3.259.0", "v3.259.0", "3.259.1", "3.300.0"])("%s fits: as new as the npm package or newer", (version) => {
    expect(fits("pulumi", version)).toBe(true);
  });
  test.each(["3.258.9", "3.66.0", "2.300.0", "4.0.0", "3.259.0-alpha.1", "", "command not found"])(
    '"%s" does not fit',
    (version) => {
      expect(fits("pulumi", version)).toBe(false);
    },
  );
  test("a version that does not fit is told with what was wanted", () => {
    const [pulumi] = programs(pins);
    expect(pulumi && fit(pulumi, "3.1.0")).toEqual({ fits: false, why: "is 3.1.0, older than @pulumi/pulumi 3.259.0" });
  });
});

describe("which plugin fits", () => {
  test.each(["5.2.0", "v5.2.0", "5.2.0+source.96d331c9"])(
    "docker %s fits 5.2.0: build metadata does not count",
    (v) => {
      expect(fits("pulumi-resource-docker", v)).toBe(true);
    },
  );
  test.each(["5.2.1", "5.1.9", "4.11.2", "5.2.0-rc.1"])(
    "docker %s does not fit 5.2.0: the engine takes that one version only",
    (v) => {
      expect(fits("pulumi-resource-docker", v)).toBe(false);
    },
  );
  test("what Lathe builds fits what the npm packages ask for, whatever the pins are", () => {
    const version = fc.tuple(fc.nat(99), fc.nat(999), fc.nat(99)).map((n) => n.join("."));
    fc.assert(
      fc.property(version, version, version, (pulumi, docker, command) => {
        for (const program of programs({ pulumi, docker, command }))
          if (program.name !== "pulumi-language-nodejs")
            expect(fit(program, program.recipe.builtVersion)).toEqual({ fits: true });
      }),
    );
  });
});

test("any text is either a version or none, and never an exception", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(fits("pulumi", text)).toBeTypeOf("boolean");
      expect(["local", "fetch", "none"]).toContain(goPlan(text, "1.25.11").use);
    }),
  );
});

describe("which Go builds", () => {
  test("one that is new enough builds as it is", () => {
    expect(goPlan("go1.26.8", "1.25.11")).toEqual({ use: "local" });
    expect(goPlan("go1.25.11", "1.25.11")).toEqual({ use: "local" });
  });
  test("one since 1.21 that is too old fetches the one that is needed", () => {
    expect(goPlan("go1.22.1", "1.25.11")).toEqual({ use: "fetch", toolchain: "go1.25.11" });
  });
  test("one before 1.21, none at all, or one that cannot be read does not build", () => {
    expect(goPlan("go1.19.8", "1.25.11")).toEqual({ use: "none", why: "go is 1.19.8" });
    expect(goPlan(undefined, "1.25.11")).toEqual({ use: "none", why: "there is no go on the PATH" });
    expect(goPlan("devel +abc", "1.25.11").use).toBe("none");
  });
});
