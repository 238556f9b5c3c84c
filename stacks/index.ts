import { stackProgram } from "./program.ts";

/** What `pulumi up` runs: each of these becomes an output of the stack. */
export const { lathe, latheSecrets, servers } = await stackProgram();
