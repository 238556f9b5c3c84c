import * as pulumi from "@pulumi/pulumi";
import { runProgram } from "../infra/program.ts";
import { summary } from "../infra/summary.ts";
import { devStack } from "./dev.ts";
import { roleStack } from "./role.ts";

/** `dev` is every role on this machine's own Docker engine; a stack of any other name is one machine. */
const program = pulumi.getStack() === "dev" ? devStack : roleStack;

/** What the bench reads: `infra/outputs.ts`. */
export const lathe = await runProgram(program);

/** What a person wants to know: a line for each server. */
export const servers = lathe.apply(summary);
