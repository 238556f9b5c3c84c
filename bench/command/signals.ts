import { basename } from "node:path";

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * While a run is measured: a signal ends this process at once and says how to go on. Every record is on disk by then, the
 * agents end with their connections, and the run's lock is taken over from a process that is gone.
 *
 * @returns what takes the signals' meaning back
 */
export function sayHowToGoOn(dir: string): () => void {
  const handlers = Object.entries(SIGNALS).map(([signal, exitCode]) => {
    const handler = () => {
      process.stderr.write(`\nInterrupted. What was measured is kept: npx lathe bench --resume ${basename(dir)}\n`);
      process.exit(exitCode);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => handlers.forEach((off) => off());
}
