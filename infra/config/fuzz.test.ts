import { parse } from "yaml";
import { expect, test, vi } from "vitest";
import { fuzz, nearJson, nearText, refusedInWords } from "../../lib/testing/fuzz.ts";
import { UserError } from "../../lib/errors.ts";
import { readConfig, readRoleDefaults, type ReadConfig } from "./read.ts";
import { resolveConfig } from "./resolve.ts";
import { letter, twin } from "./testing/kinds.ts";

vi.setConfig({ testTimeout: 300_000 });

const resolve = (config: ReadConfig, roleDefaults: ReadConfig | null) =>
  resolveConfig({
    project: "lathe",
    stack: "edge",
    config,
    roleDefaults,
    local: false,
    catalogue: ["null", "ssd-mobilenet"],
    kinds: [twin, letter],
  });

const CONFIG = {
  "lathe:host": "ubuntu@edge.example",
  "lathe:models":
    '[{"name":"ssd-mobilenet","version":2,"canary":3,"from":{"2":"null","3":"./exported/3"}},"null",{"name":"x","from":"null"}]',
  "lathe:settings": '{"threads":4,"pin":"cores"}',
  "lathe:ports": '{"grpc":8500,"rest":8501}',
  "lathe:servers":
    '[{"name":"one","models":["null"],"ports":{"grpc":9000},"settings":{"threads":1}},{"name":"two","server":"letter","memoryMiB":64}]',
  "lathe:memoryMiB": "4096",
  "lathe:workspace": "/srv/lathe/edge",
  "aws:region": "x",
};

const ROLE = `
models: [null, ssd-mobilenet, { name: "null", version: 2 }]
settings: { threads: 2, pin: cores }
ports: { rest: 9501 }
servers: [{ name: one, tls: server }, { name: two, server: letter, models: [null] }]
gateTimeoutSeconds: 60
image: reg:5000/x@sha256:${"a".repeat(64)}
`;

test("a stack's config with any faults is taken, or refused with the key that is wrong", () => {
  let refused = 0;
  const cases = nearJson([CONFIG]).map((value) =>
    // Pulumi hands on a flat map of text: what is no text is what `config set --path` would have made of it.
    Object.fromEntries(
      Object.entries(typeof value === "object" && value !== null ? value : {}).map(([key, v]) => [
        key,
        typeof v === "string" ? v : JSON.stringify(v),
      ]),
    ),
  );
  fuzz(0.5, cases, (all) => {
    const ending = refusedInWords(() => resolve(readConfig(all), null), /^lathe:/);
    if (!ending.taken) refused += 1;
  });
  expect(refused).toBeGreaterThan(0);
});

test("a structured value with any faults in its JSON is taken, or refused with its place", () => {
  const refuses = (key: string) => (text: string) =>
    void refusedInWords(() => resolve(readConfig({ ...CONFIG, [key]: text }), null), /^lathe:/);
  for (const key of ["lathe:models", "lathe:settings", "lathe:servers"] as const)
    fuzz(
      0.15,
      nearJson([JSON.parse(CONFIG[key])]).map((v) => JSON.stringify(v)),
      refuses(key),
    );
  fuzz(0.2, nearText([CONFIG["lathe:models"], CONFIG["lathe:settings"]]), refuses("lathe:models"));
});

test("a role's file with any faults is taken, or refused with the file and the key", () => {
  const config = readConfig({ "lathe:host": "h", "lathe:models": "null" });
  fuzz(0.3, nearText([ROLE]), (text) => {
    let content: unknown;
    try {
      content = parse(text, { logLevel: "error" });
    } catch {
      return; // stacks/config.ts says so
    }
    refusedInWords(
      () => resolve(config, readRoleDefaults(content, "stacks/roles/edge.yaml")),
      /roles\/edge\.yaml|^lathe:/,
    );
  });
});

test("a list that holds itself is refused and not printed without end", () => {
  const content: unknown = parse("models: &a [*a]\nports: &b { grpc: *b }\n");
  const read = readRoleDefaults(content, "f.yaml");
  expect(read.faults.map((fault) => fault.what)).toEqual([
    "f.yaml: models[0]: a value that contains itself",
    "f.yaml: ports.grpc: a value that contains itself",
  ]);
  expect(() => resolve(readConfig({ "lathe:host": "h" }), read)).toThrow(UserError);
});
