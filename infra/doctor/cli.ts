import { printResult } from "../../lib/cli/result.ts";
import { command, jsonOption } from "../../lib/cli/spec.ts";
import { path } from "../../lib/cli/values.ts";
import { WrongUse } from "../../lib/errors.ts";
import { formatTable } from "../../lib/table.ts";
import type { Check } from "./connection.ts";

const NAME = "npx lathe doctor";
const JSON_OPTION = jsonOption("lathe.doctor/1");

const SPEC = {
  name: NAME,
  summary:
    "Looks at machines before anything is deployed to them, changes nothing there, and says what to do about each fault.",
  operands: "HOST…",
  options: {
    "ssh-config": {
      value: "FILE",
      read: path,
      completes: "files",
      help: "an ssh config file to use instead of your own (`ssh -F`)",
    },
    server: {
      value: "KIND",
      help: "server kind to deploy (default: that of a stack that names none)",
    },
    ports: {
      value: "LIST",
      help: "ports of the server, if not its usual ones: grpc=9500,rest=9501",
    },
    image: {
      value: "NAME",
      help: "image of the server, if not its kind's own; the image's registry is asked for its builds",
    },
    workspace: {
      value: "DIR",
      help: "workspace on the machine (lathe:workspace), if not .lathe/PROJECT-STACK",
    },
    "no-score": { help: "do not measure the machines' scores (some seconds of load)" },
    json: JSON_OPTION,
  },
  details: [
    "HOST is what `ssh` takes and what lathe:host holds: USER@HOST, a Host of your ssh config, or ssh://USER@HOST:PORT (an " +
      "IPv6 address in brackets). Keys, agent, jump hosts and known_hosts are those of your own ssh. doctor asks no questions: an " +
      "unknown host key is a fault.",
    "Each line is ok, a note (`up` works, but measured times or a later step may suffer) or a stop (`up` would fail). A connection " +
      "is tried step by step: name, port, host key, login. The first step that fails is shown with the command that mends it.",
  ],
  examples: [
    ["npx lathe doctor ubuntu@edge.example", "one machine, as a table"],
    ["npx lathe doctor edge cloud --json", "two hosts of your ssh config, for a program"],
    ["npx lathe doctor ssh://root@[2001:db8::7]:2222", "an IPv6 address and a port of its own"],
  ],
  exits: { 0: "nothing would stop `up`", 1: "something would" },
} as const;

export const doctor = command(SPEC, async (values, operands) => {
  const wrong = (what: string) =>
    new WrongUse({ what, expected: "as ssh takes it: USER@HOST", fix: `${NAME} ubuntu@edge.example` });
  if (operands.length === 0) throw wrong("no host given");
  const { isDestination } = await import("../hosts/target.ts");
  const none = operands.find((operand) => !isDestination(operand));
  if (none !== undefined) throw wrong(`HOST: "${none}"`);
  const { readImage, wantedServer } = await import("./wanted.ts");
  const wanted = {
    ...wantedServer(values.server, values.ports, values.workspace),
    score: values["no-score"] !== true,
    ...(values.image === undefined ? {} : { image: readImage(values.image) }),
  };
  const file = values["ssh-config"];
  const config = file === undefined ? {} : { configFile: file };
  const { examine } = await import("./examine.ts");
  const examined = await Promise.all(
    operands.map(async (host) => {
      const checks = await examine({ destination: host, ...config }, wanted);
      return { host, ready: checks.every((c) => c.verdict === "ok" || c.verdict === "note"), checks };
    }),
  );
  const texts = examined.map(({ host, ready, checks }) => `${host}: ${verdict(ready, checks)}\n\n${table(checks)}`);
  printResult(JSON_OPTION, values.json, texts.join("\n\n"), { hosts: examined });
  return examined.every((e) => e.ready) ? 0 : 1;
});

function verdict(ready: boolean, checks: readonly Check[]): string {
  const count = (wanted: Check["verdict"]) => checks.filter((c) => c.verdict === wanted).length;
  if (!ready) return "`up` would stop";
  return count("note") === 0 ? "ready" : "ready, with notes";
}

/** The checks as a table; what to do stands below, where there is room for a command. */
function table(checks: readonly Check[]): string {
  const rows = checks.map(({ check, verdict: word, found }) => [check, word, found]);
  const fixes = checks.filter((c) => c.fix !== undefined && c.verdict !== "ok");
  const below = fixes.map((c) => `${c.check}: ${c.fix ?? ""}`);
  return [
    formatTable(["check", "verdict", "found"], rows),
    ...(below.length === 0 ? [] : ["", "What to do:", ...below.map((l) => `- ${l}`)]),
  ].join("\n");
}
