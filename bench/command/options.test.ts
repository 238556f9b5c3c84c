import { parseArgs } from "node:util";
import { describe, expect, it } from "vitest";
import type { Values } from "../../lib/cli.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { OPTIONS, benchOptions, noMoreOperands, share } from "./options.ts";
import { READS, noUnreadOptions, verbOf } from "./verbs.ts";

/** Options as the command line has them, with the defaults that the command gives. */
function read(...args: string[]) {
  const options = Object.fromEntries(
    Object.entries(OPTIONS).map(([name, o]) => [
      name,
      { type: o.type, ...("default" in o ? { default: o.default } : {}) },
    ]),
  );
  return benchOptions(parseArgs({ args, options }).values as Values<typeof OPTIONS>);
}

describe("the options of a run", () => {
  it("leave to the experiments what is not given", () => {
    const options = read();
    expect(options.givenLimits).toEqual({});
    expect(options.limits).toEqual(DEFAULT_LIMITS);
    expect([options.clientKinds, options.models, options.images, options.experiments]).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );
    expect(options.places).toEqual(["local", "remote"]);
  });

  it("go before the experiments where they are given", () => {
    const options = read("--requests", "20", "--warmup", "1", "--block", "10", "--budget", "5", "--precision", "5%");
    expect(options.givenLimits).toEqual({ requests: 20, warmupRequests: 1, blockRequests: 10, precision: 0.05 });
    expect(options.limits).toEqual({ ...DEFAULT_LIMITS, ...options.givenLimits, budgetMs: 300_000 });
    expect(read("--precision", "none").limits.precision).toBeNull();
    expect(read("--precision", "0.5 %").limits.precision).toBe(0.005);
    expect(() => read("--precision", "0.02")).toThrow(/--precision 0.02[^]*below 1 with its sign/);
    expect(read("--images", "2, image-7").images).toEqual([2, 7]);
  });

  it("show all their faults at once", () => {
    expect(() => read("--requests", "0", "--client", "curl", "--precision", "200", "--images", "x")).toThrow(
      /--images: "x"[^]*--requests 0[^]*--precision 200[^]*--client: "curl"/,
    );
  });

  it("take a threshold in percent", () => {
    expect([share("5%"), share("2.5"), share("10 %")]).toEqual([0.05, 0.025, 0.1]);
    for (const wrong of ["", "0", "-1", "x", "2000", "0.05"])
      expect(() => share(wrong)).toThrow(/--threshold[^]*above 0 and below 1000/);
  });

  it("come with no operand that nobody reads", () => {
    expect(() => noMoreOperands(["report", "A"], 2)).not.toThrow();
    expect(() => noMoreOperands(["report", "A", "extra", "more"], 2)).toThrow(/operands too many: "extra", "more"/);
  });
  it("are each read by whoever gets them, or refused", () => {
    expect(verbOf("plan", false)).toBe("plan");
    expect([verbOf(undefined, false), verbOf(undefined, true), verbOf("2026", true)]).toEqual([
      ...["a run", "--resume", "--resume"],
    ]);
    expect(() => noUnreadOptions("report", ["json", "runs", "verbose"])).not.toThrow();
    expect(() => noUnreadOptions("report", ["requests", "json", "resume"])).toThrow(
      /^--requests: report does not read it\n--resume: report does not read it\n {2}expected: with report: --runs, --json\n/,
    );
    expect(() => noUnreadOptions("plan", ["threshold"])).toThrow(/--threshold: plan does not read it/);
    expect(() => noUnreadOptions("--resume", ["resume", "seed"])).toThrow(
      /^--seed: a resumed run has what it began with/,
    );
    const read = new Set<string>(Object.values(READS).flat());
    expect(Object.keys(OPTIONS).filter((name) => !read.has(name))).toEqual([]);
    expect([...read].filter((name) => !(name in OPTIONS))).toEqual([]);
  });
});
