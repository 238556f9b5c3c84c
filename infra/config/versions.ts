import { isOwnModel } from "../../models/own.ts";
import type { ModelRequest } from "./types.ts";

export { isOwnModel };

/** Version number of a model where the stack asks for none. */
const FIRST_VERSION = 1;

/** One version of a model that is to be served. */
export interface VersionRequest {
  readonly version: number;
  /** A catalogue name, or a folder of the user's own. */
  readonly source: string;
}

/** The versions that a stack asks for, the live one first. */
export function versionsOf({ name, version = FIRST_VERSION, canary, from }: ModelRequest): VersionRequest[] {
  const source = (number: number) => (typeof from === "string" ? from : (from?.[`${number}`] ?? name));
  return [version, ...(canary === undefined ? [] : [canary])].map((v) => ({ version: v, source: source(v) }));
}
