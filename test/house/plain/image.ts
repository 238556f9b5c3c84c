import { join } from "node:path";
import type { ImageSource } from "../../../lab/index.ts";
import { debianLayer } from "../../../lab/layers/debian.ts";
import { ownLayer } from "../../../lab/layers/own.ts";
import type { Progress } from "../../../lib/progress.ts";

const PLACE = "usr/local/bin/plain-server.py";

/** Said by the image of itself, and by whatever shows the server's numbers. */
export const NOTE = "This server computes nothing.";

/** The server's image: the lab's Debian with Python, and one file. Needs to be root. */
export async function plainImage(progress: Progress): Promise<ImageSource> {
  const python = await debianLayer(progress, ["python3"]);
  const files = { [PLACE]: join(import.meta.dirname, "server.py") };
  const own = await ownLayer([python], { name: "plain", files, folders: ["models"] });
  return {
    ...{ name: "lathe/plain", tag: "1", layers: [python, own] },
    config: {
      entrypoint: ["/usr/bin/python3", "-B", `/${PLACE}`],
      exposedPorts: [`8080/tcp`],
      labels: { "org.lathe.note": NOTE },
    },
  };
}
