import { spawn } from "node:child_process";
import { constants } from "node:os";
import { runCommand } from "../lib/cli.ts";
import { ensureToolchain } from "./index.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

await runCommand(
  {
    name: "npm run pulumi --",
    summary: "Runs pulumi with the toolchain of this machine; everything after `--` is pulumi's.",
    operands: "ARGUMENT...",
    options: {},
    details: [
      "`npm run pulumi -- help` shows pulumi's own help. What is missing is built first; see `npm run toolchain`.",
    ],
    examples: [["npm run pulumi -- up --stack edge", "the same as `pulumi up --stack edge`"]],
  },
  () => pulumi(process.argv.slice(2)),
  // Only a lone --help is this command's own: all other words go to pulumi as they are.
  process.argv.length === 3 && ["--help", "-h"].includes(process.argv[2] ?? "") ? ["--help"] : [],
);

/** Runs pulumi to its end and gives its exit code; a death by signal becomes 128 + its number, as shells have it. */
async function pulumi(argv: readonly string[]): Promise<number> {
  const { env } = await ensureToolchain();
  const child = spawn("pulumi", argv, { stdio: "inherit", env: { ...process.env, ...env } });
  const stop = passSignals((signal) => child.kill(signal));
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    stop();
  }
}

/**
 * Keeps this process alive through signals until pulumi has ended. Ctrl-C in a terminal goes to the whole foreground
 * group, so pulumi has it already and a second one would mean "stop at once"; a signal sent to this process alone
 * (`kill`, a supervisor, npm) is passed on.
 */
function passSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  const handlers = SIGNALS.map((signal) => {
    const fromTerminal = terminal && (signal === "SIGINT" || signal === "SIGQUIT");
    const handler = () => {
      if (!fromTerminal) send(signal);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return () => handlers.forEach(([signal, handler]) => process.off(signal, handler));
}
