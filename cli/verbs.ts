import type { Verb, Verbs } from "./verb.ts";

/** Every verb, in the order of a user's journey. */
export const VERBS: Verbs = {
  demo: {
    about: "all of it on this machine: three hosts, three stacks, the matrix, the report",
    load: async () => (await import("../demo/cli.ts")).demo,
  },
  doctor: {
    about: "look at machines before anything is deployed to them",
    load: async () => (await import("../infra/doctor/cli.ts")).doctor,
  },
  toolchain: {
    about: "which Pulumi programs are used, and getting what is missing",
    load: async () => (await import("../toolchain/cli.ts")).toolchain,
  },
  models: {
    about: "the models there are, and fetching them ahead of time",
    load: async () => (await import("../models/cli.ts")).models,
  },
  pulumi: {
    about: "pulumi itself: stacks and their config",
    load: async () => (await import("../toolchain/exec.ts")).pulumi,
  },
  up: { about: "bring the stacks up", load: async () => (await import("../fleet/cli.ts")).up },
  plan: {
    about: "what would be measured, and how long it takes",
    load: async () => (await import("../bench/cli.ts")).plan,
  },
  bench: { about: "measure the matrix", load: async () => (await import("../bench/cli.ts")).bench },
  report: {
    about: "write or print a run's report again",
    load: async () => (await import("../bench/cli.ts")).report,
  },
  compare: {
    about: "two runs: what got slower or fails more often",
    load: async () => (await import("../bench/cli.ts")).compare,
  },
  down: { about: "take the stacks down", load: async () => (await import("../fleet/cli.ts")).down },
  lab: {
    about: "hosts on this machine, to try things on",
    load: async () => (await import("../lab/cli.ts")).lab,
  },
  completion: {
    about: "completion for bash, zsh or fish",
    load: async () => (await import("./completion/command.ts")).completion(VERBS),
  },
  "selfbench clients": {
    about: "how fast Lathe's own clients are",
    load: async () => (await import("../selfbench/cli.ts")).clients,
  },
  "selfbench fleet": {
    about: "how fast `up` and `down` are",
    load: async () => (await import("../selfbench/cli.ts")).fleet,
  },
  "selfbench records": {
    about: "how fast large runs are reported",
    load: async () => (await import("../selfbench/cli.ts")).records,
  },
};

/** `bench plan` and the like, as `npm run bench -- plan` has them. */
const OF_BENCH = ["plan", "report", "compare"];

/** The verb that arguments begin with, and what follows it; the verb is undefined where there is none of that name. */
export function verbOf(argv: readonly string[]): { name: string; verb: Verb | undefined; rest: readonly string[] } {
  const [first = "", second = "", ...more] = argv;
  const two = `${first} ${second}`;
  if (Object.hasOwn(VERBS, two)) return { name: two, verb: VERBS[two], rest: more };
  if (first === "bench" && OF_BENCH.includes(second)) return { name: second, verb: VERBS[second], rest: more };
  return { name: first, verb: Object.hasOwn(VERBS, first) ? VERBS[first] : undefined, rest: argv.slice(1) };
}

/** The verbs of a group such as `selfbench`: empty where it is none. */
export function groupOf(name: string): string[] {
  return Object.keys(VERBS).filter((verb) => verb.startsWith(`${name} `));
}
