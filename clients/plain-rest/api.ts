import type { Api } from "../client.ts";
import { plainRestClient } from "./client.ts";
import { HTTP_TRANSPORT } from "../transport/settings.ts";

const NAME = "plain-rest";
const REST = { api: NAME, protocol: "rest", create: plainRestClient, transport: HTTP_TRANSPORT } as const;

/** Plain REST, as people write it around a model: POST /predict/MODEL with JSON, and JSON as the answer. */
export const plainRestApi: Api = {
  name: NAME,
  clients: [
    {
      name: "plain-json",
      ...REST,
      input: "pixels",
      isDefault: true,
      about: "plain REST with the pixels as nested JSON lists",
    },
    {
      name: "plain-b64",
      ...REST,
      input: "file",
      isDefault: false,
      about: "plain REST with the image file as base64",
    },
  ],
};
