import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fit } from "./fit.ts";
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
    }),
  );
});
