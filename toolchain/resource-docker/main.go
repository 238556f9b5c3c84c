// pulumi-resource-docker: the Docker provider of @pulumi/docker, bridged from the upstream Terraform provider.
//
// It exists because the published plugin is a download that not every machine can make. Tokens and property names are
// those of @pulumi/docker, so a program cannot tell the two apart, with one exception: docker.Image and
// docker.BuildxBuilder (builds on the spot) need the plugin as published; this one offers the bridged resources only.
package main

import (
	"encoding/json"
	"log"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// version is set by the linker; the engine compares it with the version that the npm package asks for.
var version = "0.0.0-dev"

func main() {
	// The schema is used by code generators only, which have the one in @pulumi/docker; the bridge wants a valid one.
	schema, err := json.Marshal(map[string]any{"name": packageName, "version": version})
	if err != nil {
		log.Fatal(err)
	}
	tfbridge.Main(packageName, version, providerInfo(version), schema)
}
