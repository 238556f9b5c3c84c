import { spawn } from "node:child_process";
import { constants } from "node:os";
import { command } from "../lib/cli/spec.ts";
import { onSignals } from "../lib/signals.ts";

/** Those options of pulumi that people type and that take no value. */
const FLAGS = ["diff", "json", "path", "plaintext", "refresh", "secret", "show-secrets", "skip-preview"];

export const pulumi = command(
  {
    name: "npx lathe pulumi",
    summary: "Runs pulumi with the toolchain of this machine. All arguments are passed to pulumi.",
    operands: "ARGUMENT…",
    options: {},
    passes: {
      stack: { value: "NAME", help: "" },
      cwd: { value: "DIR", help: "" },
      target: { value: "URN", help: "" },
      ...Object.fromEntries(FLAGS.map((name) => [name, { help: "" }])),
    },
    details: [
      "`npx lathe pulumi help` shows pulumi's own help. Missing programs are built first; see `npx lathe toolchain`. If a Pulumi " +
        "of the right version is installed, `pulumi …` does the same.",
    ],
    examples: [
      ["npx lathe pulumi login --local", "keep the state on this machine, once"],
      ["npx lathe pulumi stack init edge", "a stack for a machine"],
      ["npx lathe pulumi config set lathe:host ubuntu@edge.example --stack edge", "the machine's address"],
      ["npx lathe pulumi up --stack edge", "the same as `pulumi up --stack edge`"],
    ],
    exits: { 0: "as pulumi's own", 1: "as pulumi's own", 2: "as pulumi's own, or pulumi never saw an option" },
  },
  (_values, argv) => run(argv[0] === "--" ? argv.slice(1) : argv),
);

/** Runs pulumi to its end. @returns its exit code; if a signal ended it, 128 plus the signal's number, as in a shell */
async function run(argv: readonly string[]): Promise<number> {
  const { ensureToolchain } = await import("./index.ts");
  const { env } = await ensureToolchain();
  const child = spawn("pulumi", argv, { stdio: "inherit", env: { ...process.env, ...env } });
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  // A terminal sends Ctrl-C to pulumi by itself: it must not get it twice.
  const stop = onSignals(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"], (signal) => {
    if (!terminal || !["SIGINT", "SIGQUIT"].includes(signal)) child.kill(signal);
  });
  return new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  }).finally(stop);
}
