import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import protobuf from "protobufjs";

const folder = dirname(fileURLToPath(import.meta.url));

/** Where the generated descriptor lies. */
export const descriptorPath = join(folder, "descriptor.json");

/** The services' .proto files, relative to this folder; everything else is reached from them by `import`. */
export const entryFiles: readonly string[] = [
  "tensorflow_serving/apis/prediction_service.proto",
  "tensorflow_serving/apis/model_service.proto",
];

/** Parses the .proto files, field names kept as they are written. Throws where one is missing or malformed. */
export function parseProtos(): protobuf.Root {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith("google/protobuf/") ? target : join(folder, target));
  root.loadSync([...entryFiles], { keepCase: true });
  root.resolveAll();
  return root;
}

/** The text of descriptor.json as the .proto files make it. Needs the development dependencies (prettier). */
export async function descriptorText(): Promise<string> {
  const json = JSON.stringify(parseProtos().toJSON({ keepComments: false }));
  return format(json, { ...(await resolveConfig(descriptorPath)), filepath: descriptorPath });
}
