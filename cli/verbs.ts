import type { Command, Verb } from "../lib/cli/spec.ts";
import type { Verbs } from "./verb-names.ts";

const bench = () => import("../bench/cli.ts");
const fleet = () => import("../fleet/cli.ts");
const selfbench = () => import("../selfbench/cli.ts");

/** Every verb, in the order of a user's journey. */
export const VERBS: Verbs = {
  demo: verb(
    "demo",
    "everything on this machine: three hosts, three stacks, the matrix, the report",
    () => import("../demo/cli.ts"),
  ),
  doctor: verb(
    "doctor",
    "look at machines before anything is deployed to them",
    () => import("../infra/doctor/cli.ts"),
  ),
  toolchain: verb(
    "toolchain",
    "show which Pulumi programs are used, and get what is missing",
    () => import("../toolchain/cli.ts"),
  ),
  models: verb("models", "list the models, and fetch them ahead of time", () => import("../models/cli.ts")),
  pulumi: verb("pulumi", "run pulumi itself: stacks and their config", () => import("../toolchain/exec.ts")),
  up: verb("up", "bring the stacks up", fleet),
  images: verb("images", "show which image each tag stands for, and move tags on", fleet),
  plan: verb("plan", "show what would be measured, and how long it takes", bench),
  bench: verb("bench", "measure the matrix", bench),
  report: verb("report", "write or print the report of a run again", bench),
  capacity: verb("capacity", "find the highest rate at which answers come in time", bench),
  compare: verb("compare", "compare two runs: what got slower or fails more often", bench),
  tune: verb("tune", "find settings that beat the rule on a machine", () => import("../tune/cli.ts")),
  down: verb("down", "take the stacks down", fleet),
  lab: verb("lab", "make hosts on this machine, to try things on", () => import("../lab/cli.ts")),
  completion: {
    about: "print completion for bash, zsh or fish",
    load: async () => (await import("./completion.ts")).completion(VERBS),
  },
  "selfbench clients": verb("clients", "how fast Lathe's own clients are", selfbench),
  "selfbench distance": verb("distance", "how right the floors of calls over links are", selfbench),
  "selfbench fleet": verb("fleet", "how fast `up` and `down` are", selfbench),
  "selfbench links": verb("links", "how exact the lab's links are", selfbench),
  "selfbench load": verb("load", "how late the calls of an open loop begin", selfbench),
  "selfbench records": verb("records", "how fast large runs are reported", selfbench),
  "selfbench truth": verb("truth", "how often Lathe is right about simulated runs", selfbench),
  "selfbench tune": verb("tune", "how well races of settings find the best ones", selfbench),
};

function verb<K extends string>(name: K, about: string, load: () => Promise<Readonly<Record<K, Command>>>): Verb {
  return { about, load: async () => (await load())[name] };
}
