import type { Command, Verb } from "../lib/cli/spec.ts";
import type { Verbs } from "./verb-names.ts";

const bench = () => import("../bench/cli.ts");
const fleet = () => import("../fleet/cli.ts");
const selfbench = () => import("../selfbench/cli.ts");

/** Every verb, in the order of a user's journey. */
export const VERBS: Verbs = {
  demo: verb(
    "demo",
    "all of it on this machine: three hosts, three stacks, the matrix, the report",
    () => import("../demo/cli.ts"),
  ),
  doctor: verb(
    "doctor",
    "look at machines before anything is deployed to them",
    () => import("../infra/doctor/cli.ts"),
  ),
  toolchain: verb(
    "toolchain",
    "which Pulumi programs are used, and getting what is missing",
    () => import("../toolchain/cli.ts"),
  ),
  models: verb("models", "the models there are, and fetching them ahead of time", () => import("../models/cli.ts")),
  pulumi: verb("pulumi", "pulumi itself: stacks and their config", () => import("../toolchain/exec.ts")),
  up: verb("up", "bring the stacks up", fleet),
  images: verb("images", "which images tags stand for, and moving them on", fleet),
  plan: verb("plan", "what would be measured, and how long it takes", bench),
  bench: verb("bench", "measure the matrix", bench),
  report: verb("report", "write or print a run's report again", bench),
  compare: verb("compare", "two runs: what got slower or fails more often", bench),
  down: verb("down", "take the stacks down", fleet),
  lab: verb("lab", "hosts on this machine, to try things on", () => import("../lab/cli.ts")),
  completion: {
    about: "completion for bash, zsh or fish",
    load: async () => (await import("./completion.ts")).completion(VERBS),
  },
  "selfbench clients": verb("clients", "how fast Lathe's own clients are", selfbench),
  "selfbench fleet": verb("fleet", "how fast `up` and `down` are", selfbench),
  "selfbench records": verb("records", "how fast large runs are reported", selfbench),
  "selfbench truth": verb("truth", "how often what Lathe says of simulated runs is so", selfbench),
};

function verb<K extends string>(name: K, about: string, load: () => Promise<Readonly<Record<K, Command>>>): Verb {
  return { about, load: async () => (await load())[name] };
}
