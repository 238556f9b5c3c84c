import type { Api } from "../../../clients/client.ts";
import { PlainClient } from "./client.ts";

const NAME = "plain";

/** The API of the tests' own server: raw pixels by REST. */
export const plainApi: Api = {
  name: NAME,
  clients: [
    {
      name: "plain-http",
      api: NAME,
      protocol: "rest",
      input: "pixels",
      isDefault: true,
      about: "REST with the pixels as they are, and JSON as the answer",
      create: (address, port, security) => new PlainClient(address, port, security),
    },
  ],
};
