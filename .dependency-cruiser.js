/*
 * The layers of the code, checked by `npm test` (stage lint). Nothing imports in a circle, types included, and nothing imports
 * from a layer above its own. Tests may import anything.
 */

const TESTS = "(\\.test\\.ts$|/testing/|^test/)";

/** Which rooms each room may import, besides itself. The rooms that are not named here stand above all of these. */
const MAY_IMPORT = {
  lib: [],
  protos: ["lib/"],
  clients: ["lib/", "protos/"],
  models: ["lib/"],
  toolchain: ["lib/"],
  lab: ["lib/", "models/"],
  infra: ["lib/", "clients/", "models/", "toolchain/"],
  stacks: ["lib/", "models/", "infra/"],
  fleet: ["lib/", "models/", "toolchain/", "infra/", "stacks/"],
  bench: [
    ...["lib/", "clients/", "models/", "toolchain/"],
    // Of infra: outputs and the engine that gives them, how hosts are reached, deadlines, and how a container's state is read.
    ...["infra/(?:outputs|deadlines|gate/inspect)\\.ts$", "infra/hosts/", "infra/pulumi/"],
    // Of the lab: links between its hosts.
    "lab/links\\.ts$",
  ],
  tune: ["lib/", "clients/", "models/", "toolchain/", "infra/", "stacks/", "bench/"],
};

/** The layers of a room from below; the entries of one layer do not import each other. Paths below the room. */
const FLOORS = {
  clients: [
    ["(?!registry\\.ts)[^/]+\\.ts$"],
    ["json/", "transport/"],
    ["(?!json/|transport/|testing/)[^/]+/"],
    ["registry\\.ts$"],
  ],
  infra: [
    ["deadlines\\.ts$"],
    ["hosts/"],
    ["images/"],
    ["tuned\\.ts$"],
    ["outputs\\.ts$"],
    ["access/config\\.ts$"],
    ["config/(?!reference\\.ts|resolve\\.ts|servers\\.ts)"],
    ["access/(?!config\\.ts)"],
    // What host programs get as input.
    ["[^/]+/specs?\\.ts$"],
    ["ownership/(?!spec\\.ts)"],
    // What the gates of all kinds use.
    ["gate/(?:batched-commands|inside|inspect|why-no-answer)\\.ts$"],
    ["servers/kind\\.ts$"],
    // What kinds share.
    ["servers/knobs\\.ts$"],
    ["servers/session\\.ts$"],
    ["servers/web/"],
    ["servers/(?!web/)[^/]+/", "servers/endpoints\\.ts$"],
    ["servers/registry\\.ts$"],
    // Server kinds say what a stack's servers are.
    ["config/(?:reference|resolve|servers)\\.ts$"],
    ["models/(?!spec\\.ts)"],
    ["gate/(?!spec\\.ts|batched-commands|inside|inspect|why-no-answer)"],
    ["host-programs/"],
    ["resources/"],
    ["deploy\\.ts$"],
    ["pulumi/", "doctor/"],
  ],
  bench: [
    ["paper/", "stats/math/"],
    ["loads/"],
    ["format/", "deadlines\\.ts$"],
    ["matrix/"],
    // The messages between the bench and its agents: records keep some of them.
    ["run/agent/(?:protocol|tcp/facts)\\.ts$"],
    ["records/"],
    // What is decided while a run goes on.
    ["schedule/", "stats/(?:backlog|disturbance)\\.ts$"],
    ["targets/"],
    ["plan/", "links/"],
    ["run/(?!agent/(?:protocol|tcp/facts)\\.ts)"],
    ["stats/(?!math/|backlog\\.ts|disturbance\\.ts)"],
    ["compare/", "verdicts/", "capacity/"],
    // Against an earlier run, by what compares two.
    ["thresholds/"],
    ["report/"],
    ["command/"],
    ["cli\\.ts$"],
  ],
  // The race is arithmetic: it acts on nothing.
  tune: [["race/"], ["(?!race/|testing/).+\\.ts$"]],
};

const anyOf = (paths) => `(?:${paths.join("|")})`;

/** Every room imports what it may, and nothing else of the checkout. */
const rooms = Object.entries(MAY_IMPORT).map(([room, may]) => ({
  name: `${room}-stands-on`,
  comment: `${room}/ may import ${may.map((path) => path.replaceAll("\\", "")).join(", ") || "nothing of the checkout"}`,
  severity: "error",
  from: { path: `^${room}/`, pathNot: TESTS },
  to: {
    path: "^[^./][^/]*/",
    pathNot: `^${anyOf([`${room}/`, ...may, "node_modules/"])}`,
    couldNotResolve: false,
    dependencyTypesNot: ["core"],
  },
}));

/** Whoever may import a room that is made for commands. */
const onlyFrom = (room, ...importers) => ({
  name: `${room}-is-imported-by`,
  severity: "error",
  from: { path: "^[^/]+/", pathNot: `(^${anyOf([room, ...importers].map((r) => `${r}/`))}|${TESTS})` },
  to: { path: `^${room}/` },
});

/** Inside a room: nothing above, and nothing beside. */
const floors = Object.entries(FLOORS).flatMap(([room, levels]) =>
  levels.flatMap((level, i) => {
    const above = levels.slice(i + 1).flat();
    // The part of a path that an entry matched: what it may import of its own layer.
    const from = { path: `^(${room}/${anyOf(level)})`, pathNot: TESTS };
    const rule = (kind, to) => ({ name: `${room}-${kind}`, severity: "error", from, to });
    return [
      ...(above.length === 0 ? [] : [rule("imports-upward", { path: `^${room}/${anyOf(above)}` })]),
      // Single modules of one layer may import each other.
      ...(level.some((entry) => !entry.endsWith("$"))
        ? [rule("imports-sideways", { path: `^${room}/${anyOf(level)}`, pathNot: "^$1" })]
        : []),
    ];
  }),
);

export default {
  forbidden: [
    { name: "no-circles", severity: "error", from: {}, to: { circular: true } },
    ...rooms,
    ...floors,
    onlyFrom("bench", "tune", "selfbench", "demo", "cli", "docs"),
    onlyFrom("fleet", "selfbench", "demo", "cli"),
    onlyFrom("tune", "selfbench", "demo", "cli"),
    {
      name: "only-tests-import-tests",
      severity: "error",
      from: { pathNot: TESTS },
      to: { path: "(\\.test\\.ts$|^test/)" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(node_modules|runs|coverage)/" },
  },
};
