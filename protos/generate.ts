import { writeAtomic } from "../lib/cache/cached.ts";
import { say } from "../lib/output.ts";
import { descriptorPath, descriptorText } from "./source.ts";

// Clients load the JSON, because an agent that was bundled into one file has no folder of .proto files beside it. A test holds
// both to each other.
await writeAtomic(descriptorPath, await descriptorText());
say(`wrote ${descriptorPath}`);
