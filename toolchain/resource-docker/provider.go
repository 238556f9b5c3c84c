package main

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

const packageName = "docker"

// Names that autonaming makes are at most this long.
const maxNameLength = 255

// providerInfo maps the upstream provider to the tokens and property names of @pulumi/docker.
func providerInfo(version string) tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:       shimv2.NewProvider(shim.NewProvider(version)),
		Name:    packageName,
		Version: version,
		Config: map[string]*tfbridge.SchemaInfo{
			"host": {
				Default: &tfbridge.DefaultInfo{
					Value:   "unix:///var/run/docker.sock",
					EnvVars: []string{"DOCKER_HOST"},
				},
			},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_container": {
				Tok: resource("Container"),
				// Two containers cannot share a name or a published port, so the old one goes first.
				DeleteBeforeReplace: true,
				// Lists that @pulumi/docker does not name in the plural.
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			// An image's name is what to pull: it is never made up.
			"docker_image":          {Tok: resource("RemoteImage"), Fields: map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}}},
			"docker_registry_image": {Tok: resource("RegistryImage")},
			"docker_tag":            {Tok: resource("Tag")},
			"docker_network":        {Tok: resource("Network")},
			"docker_volume":         {Tok: resource("Volume")},
			"docker_config":         {Tok: resource("ServiceConfig")},
			"docker_secret":         {Tok: resource("Secret")},
			"docker_service":        {Tok: resource("Service")},
			"docker_plugin":         {Tok: resource("Plugin")},
			"docker_buildx_builder": {Tok: resource("BuildxBuilder")},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":                    {Tok: function("getRemoteImage")},
			"docker_registry_image":           {Tok: function("getRegistryImage")},
			"docker_registry_image_manifests": {Tok: function("getRegistryImageManifests")},
			"docker_network":                  {Tok: function("getNetwork")},
			"docker_plugin":                   {Tok: function("getPlugin")},
			"docker_logs":                     {Tok: function("getLogs")},
		},
	}
	info.SetAutonaming(maxNameLength, "-")
	return info
}

// resource is a type token of @pulumi/docker: Container is docker:index/container:Container.
func resource(name string) tokens.Type {
	return tokens.Type(packageName + ":index/" + strings.ToLower(name[:1]) + name[1:] + ":" + name)
}

// function is an invoke token of @pulumi/docker: getLogs is docker:index/getLogs:getLogs.
func function(name string) tokens.ModuleMember {
	return tokens.ModuleMember(packageName + ":index/" + name + ":" + name)
}
