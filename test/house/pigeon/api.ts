import type { Api } from "../../../clients/client.ts";
import { PigeonClient } from "./client.ts";

const NAME = "pigeon";

/** One more API, over a protocol of its own: the tests' plain server understands what a pigeon carries. */
export const pigeonApi: Api = {
  name: NAME,
  clients: [
    {
      name: "carrier",
      api: NAME,
      protocol: "air",
      input: "pixels",
      isDefault: true,
      about: "by air",
      create: (address, port) => new PigeonClient(address, port),
    },
  ],
};
