import type { Program } from "./program.ts";

/** The programs of resources, each loaded only where it is run. */
export const programs = {
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
