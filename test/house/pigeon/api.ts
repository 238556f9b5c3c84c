import type { Api } from "../../../clients/client.ts";
import { PlainClient } from "../plain/client.ts";

const NAME = "pigeon";

/** One more API, over a protocol of its own: what a pigeon carries, the tests' plain server understands. */
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
      create: (address, port, security) => new PlainClient(address, port, security),
    },
  ],
};
