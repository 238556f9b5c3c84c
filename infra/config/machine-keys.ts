import { z } from "zod";
import { NAME, type ConfigKey } from "./key.ts";

/** The config keys about a stack's machine. Part of `CONFIG_KEYS`. */
export const MACHINE_KEYS = {
  role: {
    form: "text",
    schema: z.string().regex(NAME, "a name of letters, digits, - _ ."),
    help: "Role of the machine: client, cloud, edge, or a name of your own. Tables call the machine by its role.",
    otherwise: "the stack's name",
    example: ["role", "edge"],
  },
  host: {
    form: "text",
    schema: z
      .string()
      .regex(/^[^\s-][^\s]*$/, "an SSH destination: USER@HOST, a Host of your ssh config, or ssh://USER@HOST:PORT"),
    help: "The machine, as `ssh` takes it: USER@HOST, a Host of your ssh config, or ssh://USER@HOST:PORT.",
    otherwise: "required (not used in the stack `dev`)",
    example: ["host", "ubuntu@edge.example"],
  },
  bootstrap: {
    form: "text",
    schema: z.preprocess(
      (value) => (typeof value === "boolean" ? `${value}` : value),
      z.enum(["false", "true", "sudo"], { error: "true, sudo or false" }),
    ),
    help:
      "What `up` does if a Debian or Ubuntu machine has no usable Docker engine. true: it installs the distribution's " +
      "docker.io, starts it, and adds the SSH user to the group docker, which gives that user the rights of root. sudo: the " +
      "same, but the user reaches Docker through sudo (a wrapper in /usr/local/bin, removed with the last stack that uses it). " +
      "Both need root, or sudo without a password. Docker stays when the stack goes.",
    otherwise: "false: `up` stops and says what is missing",
    example: ["bootstrap", "true"],
  },
  sshConfig: {
    form: "text",
    schema: z.string().min(1, "a file"),
    help: "An ssh config file to use instead of your own (`ssh -F`).",
    otherwise: "~/.ssh/config",
    example: ["sshConfig", "./ssh_config"],
  },
  address: {
    form: "text",
    schema: z.string().regex(/^[^\s/]+$/, "a host name or an IP address"),
    help: "The host name or IP address at which other machines reach the ports of this machine's servers.",
    otherwise: "the name that `ssh -G` gives for the host",
    example: ["address", "192.0.2.7"],
  },
  workspace: {
    form: "text",
    schema: z
      .string()
      .regex(/^\/?[a-zA-Z0-9._-]+(\/[a-zA-Z0-9._-]+)*$/, "a folder, without spaces")
      .refine(
        (path) => !path.split("/").includes("..") && path.split("/").filter((part) => part !== "").length >= 2,
        "a folder at least two levels deep",
      ),
    help: "Folder on the machine for models, secrets and agents. It is Lathe's alone, and `down` removes it. Relative paths begin at the SSH user's home.",
    otherwise: ".lathe/PROJECT-STACK",
    example: ["workspace", "/srv/lathe/edge"],
  },
  abandon: {
    form: "text",
    schema: z.enum(["true", "false"], { error: "true or false" }),
    help:
      "Set it if the machine is gone for good: `down` then removes what it can reach, forgets the rest, and says what may be " +
      "left there (docs/faults.md). `up` is refused.",
    otherwise: "false: what cannot be removed stays in the stack, and `down` says why",
    example: ["abandon", "true"],
  },
} as const satisfies Record<string, ConfigKey>;
