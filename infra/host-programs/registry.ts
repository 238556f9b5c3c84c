import type { Program, Surroundings } from "./program.ts";

/** The programs of resources, each loaded only where it is run. */
const programs = {
  sudo: () => import("./sudo.ts"),
  workspace: () => import("./workspace.ts"),
  image: () => import("./image.ts"),
  deliver: () => import("./deliver.ts"),
  secrets: () => import("./secrets.ts"),
  firewall: () => import("./firewall.ts"),
  reservation: () => import("./reservation.ts"),
  gate: () => import("./gate.ts"),
} as const satisfies Record<string, () => Promise<{ readonly program: Program }>>;

export type ProgramName = keyof typeof programs;

/**
 * Runs a resource's program.
 *
 * @param action `create` or `delete`
 * @param spec JSON
 * @returns its exit code; faults go to `around.err`
 */
export async function runProgram(name: string, action: string, spec: string, around: Surroundings): Promise<number> {
  if (!Object.hasOwn(programs, name)) {
    around.err(`there is no program ${JSON.stringify(name)}, only ${Object.keys(programs).join(", ")}\n`);
    return 1;
  }
  const { program } = await programs[name as ProgramName]();
  return program.run(action, spec, around);
}
