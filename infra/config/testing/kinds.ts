import { z } from "zod";
import { whole } from "../key.ts";
import type { DescribedKind } from "../reference.ts";
import type { ConfigKind } from "../servers.ts";

type MadeUp = ConfigKind & DescribedKind;

/** A kind with two endpoints. */
export const twin: MadeUp = {
  name: "twin",
  about: "A server that is asked in two ways.",
  defaultImage: "registry.example/twin",
  defaultContainer: "twin",
  endpoints: [
    {
      api: "twin",
      protocol: "grpc",
      containerPort: 1,
      defaultPort: 8500,
      protections: ["tls", "mutual-tls"],
      closable: false,
    },
    { api: "twin", protocol: "rest", containerPort: 2, defaultPort: 8501, protections: ["token"], closable: true },
  ],
  settings: z.strictObject({
    threads: whole(1, 1024).optional(),
    pin: z.enum(["none", "cores"], { error: "none or cores" }).optional(),
  }),
  settingsHelp: [
    { key: "threads", help: "How many threads.", otherwise: "one a core" },
    { key: "pin", help: "Where they run: none | cores.", otherwise: "none" },
  ],
};

/** A kind with one endpoint and settings of another form. */
export const letter: MadeUp = {
  name: "letter",
  about: "A server that answers letters.",
  defaultImage: "registry.example/letter",
  defaultContainer: "letter",
  endpoints: [
    { api: "letter", protocol: "rest", containerPort: 80, defaultPort: 8501, protections: [], closable: false },
  ],
  settings: z.strictObject({ workers: whole(1, 64).default(1) }),
  settingsHelp: [{ key: "workers", help: "Processes.", otherwise: "1" }],
};
