import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { repoRoot } from "../../lib/paths.ts";
import { parse } from "../../lib/cli/parse.ts";
import { type Command, type Values } from "../../lib/cli/spec.ts";
import { WrongUse } from "../../lib/errors.ts";
import { bench, capacity, compare, plan, report } from "../cli.ts";
import { DEFAULT_LIMITS } from "../matrix/limits.ts";
import { benchOptions, refuseUnread, twoRuns } from "./choices.ts";
import type { BENCH } from "./options.ts";

/** Options as the command line has them, with the defaults that the command gives. */
function read(...args: string[]) {
  return benchOptions(parse(bench.spec, args).values as unknown as Values<typeof BENCH>);
}

/** A command line, up to where a body would begin. */
const parsed = (command: Command, ...args: string[]) => parse(command.spec, args);

describe("the options of a run", () => {
  it("leave to the experiments what is not given", () => {
    const options = read();
    expect(options.givenLimits).toEqual({});
    expect(options.limits).toEqual(DEFAULT_LIMITS);
    expect([options.clientKinds, options.models, options.images, options.experiments]).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );
    expect(options.placements).toEqual(["local", "remote"]);
    expect([options.seed, options.repeat, options.photographs]).toEqual([
      1,
      1,
      join(repoRoot, "models/photographs.yaml"),
    ]);
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

  it("show all their faults at once, as wrong use, and the word that was meant", () => {
    const wrong = () =>
      read(...["--requests", "0", "--client", "prob,curl", "--precision", "200", "--images", "x", "--stack", "a,,b"]);
    expect(wrong).toThrow(WrongUse);
    for (const fault of [/--images: "x"/, /--requests 0/, /--precision 200/, /no "prob"[^]*did you mean probe\?/])
      expect(wrong).toThrow(fault);
    expect(wrong).toThrow(/--stack "a,,b"[^]*no "curl"\n {2}expected: one of probe, /);
  });

  it("take a threshold in percent", () => {
    const share = (...args: string[]) => parsed(compare, "A", "B", ...args).values as { threshold?: unknown };
    expect(share().threshold).toBe(0.05);
    for (const [text, value] of [
      ["5%", 0.05],
      ["2.5", 0.025],
      ["10 %", 0.1],
    ] as const)
      expect(share("--threshold", text).threshold).toBe(value);
    for (const wrong of ["", "0", "-1", "x", "2000", "0.05"])
      expect(() => share(`--threshold=${wrong}`)).toThrow(/--threshold[^]*above 0 and below 1000/);
  });
});

describe("options and operands that nobody would read", () => {
  it("are refused, whichever verb gets them", () => {
    expect(parsed(report, "--json", "--runs", "x", "--verbose").given).toEqual(new Set(["json", "runs", "verbose"]));
    expect(() => parsed(report, "--requests", "1")).toThrow(/unknown option "--requests"/);
    expect(() => parsed(plan, "--threshold", "5%")).toThrow(/unknown option "--threshold"/);
    expect(() => parsed(compare, "A", "B", "C")).toThrow(/an operand too many: "C"\n {2}expected: RUN RUN/);
    expect(() => parsed(plan, "A")).toThrow(/an operand too many/);
    expect(() => parsed(report, "A", "extra", "more")).toThrow(/operands too many: "extra", "more"/);
  });

  it("are refused where a run goes on, which keeps its own", () => {
    const check = (...args: string[]) => {
      const { values, operands, given } = parsed(bench, ...args);
      refuseUnread((values as unknown as Values<typeof BENCH>).resume === true, operands[0], given);
    };
    expect(() => check("--resume", "A", "--accept-changes", "--outputs", "x", "--json", "--verbose")).not.toThrow();
    expect(() => check("--seed", "3", "--resume", "--stack", "edge")).toThrow(
      /^--seed: a resumed run keeps the options that it began with\n--stack: a resumed run keeps/,
    );
    const searches = (...args: string[]) => {
      const { values, operands, given } = parsed(capacity, ...args);
      refuseUnread((values as unknown as Values<typeof BENCH>).resume === true, operands[0], given, "capacity");
    };
    expect(() => searches("--resume", "A", "--accept-changes", "--full", "--runs", "x")).not.toThrow();
    expect(() => searches("--resume", "--slo", "p99 < 1 s")).toThrow(
      /^--slo: a resumed run keeps[^]*lathe capacity --help/,
    );
    expect(() => searches("2026-11-22T18-00-00Z")).toThrow(/lathe capacity --resume 2026-11-22T18-00-00Z/);
    expect(() => check("--accept-changes")).toThrow(/--accept-changes without --resume/);
    expect(() => check("2026-11-22T18-00-00Z")).toThrow(/--resume 2026-11-22T18-00-00Z/);
  });

  it("are two runs to compare, no less", () => {
    expect(twoRuns(["A", "B"])).toEqual({ earlier: "A", later: "B" });
    expect(() => twoRuns([])).toThrow(/compare: no run/);
    expect(() => twoRuns(["A"])).toThrow(/compare: one run\n {2}expected: two/);
  });
});
