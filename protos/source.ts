import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import protobuf from "protobufjs";

const folder = dirname(fileURLToPath(import.meta.url));

/** Where the generated descriptor lies. */
export const descriptorPath = join(folder, "descriptor.json");

/** The services' .proto files, relative to this folder; everything else is reached from them by `import`. */
const SERVICES = ["prediction_service", "model_service"].map((name) => `tensorflow_serving/apis/${name}.proto`);

/** The text of descriptor.json, made from the .proto files. Needs the development dependencies (prettier). */
export async function descriptorText(): Promise<string> {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => (target.startsWith("google/protobuf/") ? target : join(folder, target));
  root.loadSync(SERVICES, { keepCase: true });
  const json = JSON.stringify(root.resolveAll().toJSON({ keepComments: false }));
  return format(json, { ...(await resolveConfig(descriptorPath)), filepath: descriptorPath });
}
