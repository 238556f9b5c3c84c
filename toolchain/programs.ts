import checkout from "../package.json" with { type: "json" };

/** The names of Pulumi's programs that Lathe runs. */
export type ProgramName = "pulumi" | "pulumi-language-nodejs" | "pulumi-resource-docker" | "pulumi-resource-command";

/** How a program is built from Go modules. */
export interface Recipe {
  /** Folder below `toolchain/` that holds the program's own go.mod and go.sum. */
  readonly folder: string;
  /** Go package to build, seen from that folder. */
  readonly goPackage: string;
  readonly tags?: readonly string[];
  /** The Go variable that carries the program's version. */
  readonly versionVariable: string;
  /** The version that it prints. Build metadata (after `+`) names its source if that is not the wanted version. */
  readonly builtVersion: string;
  /** How long the build takes, for the progress line. Measured on two cores with an empty Go cache. */
  readonly expectedSeconds: number;
  /** What a reader of the table must know of this build. */
  readonly note?: string;
}

/** One of Pulumi's programs. */
export interface Program {
  readonly name: ProgramName;
  /** The plugin's name, if it is a resource plugin: each has a folder in Pulumi's plugin cache. The other two share one folder. */
  readonly plugin?: "docker" | "command";
  /** The version that Lathe's npm packages ask for. */
  readonly wanted: string;
  readonly recipe: Recipe;
}

/** The versions of Pulumi's npm packages that package.json pins. The engine asks for plugins of these versions. */
type Pins = Readonly<Record<"pulumi" | "docker" | "command", string>>;

const { "@pulumi/pulumi": pulumi, "@pulumi/docker": docker, "@pulumi/command": command } = checkout.dependencies;

const SDK_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** All four programs, the two that share a folder first. The versions of their sources are in the go.mod files. */
export function programs(pins: Pins = { pulumi, docker, command }): readonly Program[] {
  return [
    {
      name: "pulumi",
      wanted: pins.pulumi,
      recipe: {
        folder: "pulumi",
        goPackage: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        versionVariable: SDK_VERSION,
        builtVersion: `v${pins.pulumi}`,
        expectedSeconds: 240,
      },
    },
    {
      name: "pulumi-language-nodejs",
      wanted: pins.pulumi,
      recipe: {
        folder: "language-nodejs",
        goPackage: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
        versionVariable: SDK_VERSION,
        builtVersion: "v3.66.0",
        expectedSeconds: 30,
        note: "the last SDK that carries it as a Go module",
      },
    },
    {
      name: "pulumi-resource-command",
      plugin: "command",
      wanted: pins.command,
      recipe: {
        folder: "resource-command",
        goPackage: "github.com/pulumi/pulumi-command/provider/cmd/pulumi-resource-command",
        versionVariable: "github.com/pulumi/pulumi-command/provider/pkg/version.Version",
        builtVersion: `${pins.command}+source.2fe00b62`,
        expectedSeconds: 45,
        note: "built from 0.9.2 plus 18 commits: no CopyToRemote, no host keys",
      },
    },
    {
      name: "pulumi-resource-docker",
      plugin: "docker",
      wanted: pins.docker,
      recipe: {
        folder: "resource-docker",
        goPackage: ".",
        // docker compose is no part of @pulumi/docker and is half of the upstream provider's weight.
        tags: ["no_compose"],
        versionVariable: "main.version",
        builtVersion: `${pins.docker}+source.96d331c9`,
        expectedSeconds: 150,
        note: "bridged here from the upstream provider: no docker.Image",
      },
    },
  ];
}
