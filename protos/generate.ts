import { writeAtomic } from "../lib/cached.ts";
import { runCommand } from "../lib/cli/run.ts";
import { command } from "../lib/cli/spec.ts";
import { say } from "../lib/output.ts";
import { descriptorText, descriptorPath } from "./source.ts";

/*
 * Writes descriptor.json from the .proto files. Clients load the JSON, because an agent that was bundled into one file
 * has no folder of .proto files beside it. A test holds both to each other.
 */
await runCommand(
  command(
    {
      name: "node protos/generate.ts",
      summary: "Writes protos/descriptor.json from the .proto files.",
      options: {},
      exits: { 0: "written", 1: "failed" },
    },
    async () => {
      await writeAtomic(descriptorPath, await descriptorText());
      say(`wrote ${descriptorPath}`);
    },
  ),
);
