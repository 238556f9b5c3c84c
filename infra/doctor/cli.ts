import { resolve } from "node:path";
import { runCommand } from "../../lib/cli.ts";
import { UserError } from "../../lib/errors.ts";
import { formatTable } from "../../lib/table.ts";
import type { Check } from "./connection.ts";
import { examine } from "./examine.ts";
import { wantedServer } from "./wanted.ts";

const SPEC = {
  name: "npm run doctor --",
  summary:
    "Looks at machines before anything is deployed to them, changes nothing there, and says what to do about each fault.",
  operands: "HOST…",
  options: {
    "ssh-config": { type: "string", value: "FILE", help: "an ssh config file to use instead of your own (`ssh -F`)" },
    server: {
      type: "string",
      value: "KIND",
      help: "kind of server that is to be deployed (default: that of a stack that names none)",
    },
    ports: {
      type: "string",
      value: "LIST",
      help: "ports that it will have there, where not its usual ones: grpc=9500,rest=9501",
    },
    json: { type: "boolean", help: "print JSON on stdout instead of the table" },
  },
  details: [
    "HOST is what `ssh` takes and what lathe:host holds: USER@HOST, a Host of your ssh config, or ssh://USER@HOST:PORT (an IPv6 address in brackets there). Keys, agent, jump hosts and known_hosts are those of your own ssh; nothing is asked, and an unknown host key is a fault.",
    "Each line is ok, a note (up works; measured times or a later step may suffer) or a stop (`pulumi up` would fail). A connection is taken step by step, name, port, host key, login, and the first that fails is named with the command that mends it.",
    "Exit code: 0 where nothing would stop `up`, 1 otherwise.",
  ],
  examples: [
    ["npm run doctor -- ubuntu@edge.example", "one machine, as a table"],
    ["npm run doctor -- edge cloud --json", "two hosts of your ssh config, for a program"],
    ["npm run doctor -- ssh://root@[2001:db8::7]:2222", "an IPv6 address and a port of its own"],
  ],
} as const;

await runCommand(SPEC, async (values, operands) => {
  if (operands.length === 0) {
    throw new UserError({
      what: "no host given",
      expected: "as ssh takes it: USER@HOST",
      fix: "npm run doctor -- --help",
    });
  }
  const option = operands.find((o) => /^-|\s/.test(o));
  if (option !== undefined) throw new UserError({ what: `HOST: "${option}"`, expected: "as ssh takes it: USER@HOST" });
  const wanted = wantedServer(values.server, values.ports);
  const file = values["ssh-config"];
  const config = file === undefined ? {} : { configFile: resolve(file) };
  const examined = await Promise.all(
    operands.map(async (host) => {
      const checks = await examine({ destination: host, ...config }, wanted);
      return { host, ready: checks.every((c) => c.verdict === "ok" || c.verdict === "note"), checks };
    }),
  );
  const text =
    values.json === true
      ? JSON.stringify({ schema: "lathe.doctor/1", hosts: examined }, null, 2)
      : examined
          .map(({ host, ready, checks }) => `${host}: ${verdict(ready, checks)}\n\n${table(checks)}`)
          .join("\n\n");
  process.stdout.write(`${text}\n`);
  return examined.every((e) => e.ready) ? 0 : 1;
});

function verdict(ready: boolean, checks: readonly Check[]): string {
  const count = (wanted: Check["verdict"]) => checks.filter((c) => c.verdict === wanted).length;
  if (!ready) return "`pulumi up` would stop";
  return count("note") === 0 ? "ready" : "ready, with notes";
}

/** The checks as a table; what to do stands below, where there is room for a command. */
function table(checks: readonly Check[]): string {
  const rows = checks.map(({ check, verdict: word, found }) => [check, word, found]);
  const fixes = checks.filter((c) => c.fix !== undefined && c.verdict !== "ok");
  const below = fixes.map((c) => `${c.check}: ${c.fix ?? ""}`);
  const columns = ["check", "verdict", "found"].map((title) => ({ title }));
  return [
    formatTable(columns, rows),
    ...(below.length === 0 ? [] : ["", "What to do:", ...below.map((l) => `- ${l}`)]),
  ].join("\n");
}
