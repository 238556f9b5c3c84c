import { progress } from "../../lib/progress.ts";
import { endLab, freshLab } from "./fresh.ts";

/** The lab of the tests: beside a user's own, with a subnet of its own. */
export const TEST_LAB = process.env["LATHE_TEST_LAB"] ?? "lathe-test";

/**
 * Brings the tests' lab up before the first test of a lab or of the engine, and takes it down after the last.
 * `LATHE_TEST_KEEP=1` leaves it up: the next run with it starts at once, and what a test left can be looked at.
 * `LATHE_TEST_LAB` gives it another name.
 */
export default async function setup(): Promise<() => Promise<void>> {
  await freshLab({ name: TEST_LAB }, progress());
  return () => endLab(TEST_LAB, progress());
}
